//! Worlds of rigid bodies.

use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Fixture, Shape, ffi};

/// A physical world. It owns everything that is put into it.
///
/// A world can be moved to another thread; any number of worlds run side by side, each as exactly as alone.
#[derive(Debug)]
pub struct World {
    raw: NonNull<ffi::World>,
    bodies: Vec<NonNull<ffi::Body>>,
    /// Tells this world's bodies from those of others.
    id: u64,
    /// After an error inside Box2D: the world is neither used nor freed any more, since its lists may not hold
    /// together.
    broken: Option<Error>,
}

// SAFETY: a world and its bodies refer only to memory of their own, Box2D keeps no state of a thread's (its counters
// are thread-local and never read), and its shared tables are constant from the warm-up in `World::new` on.
unsafe impl Send for World {}

/// A body of a [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Body {
    world: u64,
    index: u32,
}

/// How a body starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BodyDef {
    /// Whether forces move it. If not, it stays where it is.
    pub dynamic: bool,
    /// Its origin, in metres.
    pub position: [f32; 2],
    /// Its angle, in radians, counter-clockwise.
    pub angle: f32,
}

impl BodyDef {
    /// A body that never moves.
    pub fn fixed(position: [f32; 2]) -> Self {
        Self { dynamic: false, position, angle: 0.0 }
    }

    /// A body that forces move.
    pub fn dynamic(position: [f32; 2]) -> Self {
        Self { dynamic: true, position, angle: 0.0 }
    }
}

/// Where a body is and how it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BodyState {
    /// Its origin, in metres.
    pub position: [f32; 2],
    /// Its angle, in radians, counter-clockwise; full turns count on.
    pub angle: f32,
    /// The velocity of its centre of mass, in m/s.
    pub velocity: [f32; 2],
    /// In rad/s.
    pub angular_velocity: f32,
    /// Whether Box2D still simulates it: a body at rest for half a second falls asleep.
    pub awake: bool,
}

/// A hinge between two bodies, with limits and a motor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RevoluteJoint {
    /// The first body.
    pub body_a: Body,
    /// The second body, another one.
    pub body_b: Body,
    /// The hinge in the first body's coordinates, in metres.
    pub anchor_a: [f32; 2],
    /// The hinge in the second body's coordinates, in metres.
    pub anchor_b: [f32; 2],
    /// The second body's angle less the first's where the joint's own angle is 0, in radians.
    pub reference_angle: f32,
    /// The least and the greatest angle of the joint, in radians.
    pub limits: [f32; 2],
    /// The speed that the motor strives for, in rad/s.
    pub motor_speed: f32,
    /// The most torque that the motor uses for it, in N m; not negative.
    pub max_motor_torque: f32,
}

/// Two bodies that began or ended touching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The bodies, in Box2D's order.
    pub bodies: [Body; 2],
    /// Whether they began, or else ended.
    pub begins: bool,
}

impl World {
    /// An empty world.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if gravity, in m/s², is not finite.
    pub fn new(gravity: [f32; 2]) -> Result<Self, Error> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        finite(&gravity, "this gravity")?;
        warm_up()?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is valid for a write, and the global tables are filled.
        call(|broken| unsafe { ffi::deepq_b2_world_new(gravity[0], gravity[1], &raw mut raw, broken) })?;
        let raw = NonNull::new(raw).ok_or(Error::OutOfMemory)?;
        Ok(Self { raw, bodies: Vec::new(), id: NEXT_ID.fetch_add(1, Ordering::Relaxed), broken: None })
    }

    /// Adds a body without a shape.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if its place is not finite.
    pub fn add_body(&mut self, def: &BodyDef) -> Result<Body, Error> {
        finite(&[def.position[0], def.position[1], def.angle], "this place of a body")?;
        let index = u32::try_from(self.bodies.len())
            .map_err(|_| Error::Invalid { what: "another body", reason: "a world holds 2^32" })?;
        let def = ffi::BodyDef { dynamic: def.dynamic.into(), position: def.position, angle: def.angle, tag: index };
        let mut body = ptr::null_mut();
        // SAFETY: the world is whole (`guarded`), `def` is valid and finite, and `body` is valid for a write.
        self.guarded(|world, broken| unsafe { ffi::deepq_b2_body_new(world, &raw const def, &raw mut body, broken) })?;
        self.bodies.push(NonNull::new(body).ok_or(Error::OutOfMemory)?);
        Ok(Body { world: self.id, index })
    }

    /// Gives a body a shape; a body can have several.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a degenerate shape or an impossible material, [`Error::ForeignBody`].
    pub fn add_fixture(&mut self, body: Body, shape: &Shape, fixture: &Fixture) -> Result<(), Error> {
        shape.check()?;
        fixture.check()?;
        let body = self.body(body)?.as_ptr();
        let &Fixture { density, friction, restitution, category, mask } = fixture;
        let surface = ffi::Surface { density, friction, restitution, category, mask };
        let surface = &raw const surface;
        match shape {
            // SAFETY: the body is of this world, which is whole; four floats and the surface are valid for reads.
            Shape::Edge(ends) => self.guarded(|_, broken| unsafe {
                ffi::deepq_b2_body_add_edge(body, ends.as_flattened().as_ptr(), surface, broken)
            }),
            // SAFETY: the body is of this world, which is whole; the surface is valid for reads.
            &Shape::Box { half_width, half_height } => self.guarded(|_, broken| unsafe {
                ffi::deepq_b2_body_add_box(body, half_width, half_height, surface, broken)
            }),
            // SAFETY: the body is of this world, which is whole; `check` allows 3 to 8 vertices, of two floats each,
            // and they and the surface are valid for reads.
            Shape::Polygon(vertices) => self.guarded(|_, broken| unsafe {
                let points = vertices.as_flattened().as_ptr();
                ffi::deepq_b2_body_add_polygon(body, points, vertices.len() as i32, surface, broken)
            }),
        }
    }

    /// Joins two bodies.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a number is not finite, the limits are the wrong way around or the bodies are the same;
    /// [`Error::ForeignBody`].
    pub fn add_revolute_joint(&mut self, joint: &RevoluteJoint) -> Result<(), Error> {
        let &RevoluteJoint { anchor_a, anchor_b, reference_angle, limits, motor_speed, max_motor_torque, .. } = joint;
        finite(&anchor_a, "this anchor")?;
        finite(&anchor_b, "this anchor")?;
        finite(&[reference_angle, limits[0], limits[1], motor_speed, max_motor_torque], "this joint")?;
        let [body_a, body_b] = [self.body(joint.body_a)?.as_ptr(), self.body(joint.body_b)?.as_ptr()];
        if joint.body_a == joint.body_b || limits[0] > limits[1] || max_motor_torque < 0.0 {
            return Err(Error::Invalid {
                what: "this joint",
                reason: "it joins two bodies, its lower limit is not above its upper one, and its torque is not \
                         negative",
            });
        }
        let def = ffi::RevoluteDef {
            anchor_a,
            anchor_b,
            reference_angle,
            lower_angle: limits[0],
            upper_angle: limits[1],
            motor_speed,
            max_motor_torque,
        };
        // SAFETY: both bodies are of this world, which is whole; `def` is valid for reads.
        self.guarded(|world, broken| unsafe {
            ffi::deepq_b2_revolute_new(world, body_a, body_b, &raw const def, broken)
        })
    }

    /// Lets time pass, and forgets the forces applied before.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless `seconds` is finite and positive and both numbers of iterations are at most 10,000.
    pub fn step(&mut self, seconds: f32, velocity_iterations: u32, position_iterations: u32) -> Result<(), Error> {
        const MOST: u32 = 10_000;
        let allowed =
            seconds.is_finite() && seconds > 0.0 && velocity_iterations <= MOST && position_iterations <= MOST;
        if !allowed {
            return Err(Error::Invalid {
                what: "this step",
                reason: "its time is positive and its iterations are at most 10,000",
            });
        }
        let [velocity, position] = [velocity_iterations as i32, position_iterations as i32];
        // SAFETY: the world is whole (`guarded`).
        self.guarded(|world, broken| unsafe { ffi::deepq_b2_world_step(world, seconds, velocity, position, broken) })
    }

    /// Who began or ended touching in the last step, in the order in which it happened.
    pub fn contacts(&self) -> impl Iterator<Item = Contact> + '_ {
        let mut length = 0;
        let contacts = if self.broken.is_some() {
            &[]
        } else {
            // SAFETY: the world is whole and `length` valid for a write; what it gives is valid until the next step,
            // which needs the world mutably. An empty log may be a null pointer.
            unsafe {
                let first = ffi::deepq_b2_world_contacts(self.raw.as_ptr(), &raw mut length);
                if length == 0 { &[] } else { std::slice::from_raw_parts(first, length) }
            }
        };
        let body = |index| Body { world: self.id, index };
        contacts.iter().map(move |contact: &ffi::Contact| Contact {
            bodies: [body(contact.body_a), body(contact.body_b)],
            begins: contact.begins != 0,
        })
    }

    /// Where a body is and how it moves.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignBody`].
    pub fn state(&self, body: Body) -> Result<BodyState, Error> {
        let body = self.body(body)?;
        let mut state = ffi::State::default();
        // SAFETY: the body is of this world, which is whole; `state` is valid for a write.
        unsafe { ffi::deepq_b2_body_state(body.as_ptr(), &raw mut state) };
        let ffi::State { position, angle, velocity, angular_velocity, awake } = state;
        Ok(BodyState { position, angle, velocity, angular_velocity, awake: awake != 0 })
    }

    /// Applies a force, in N, to a body's centre of mass for the next step, and wakes it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the force is not finite, [`Error::ForeignBody`].
    pub fn apply_force(&mut self, body: Body, force: [f32; 2]) -> Result<(), Error> {
        finite(&force, "this force")?;
        let body = self.body(body)?;
        // SAFETY: the body is of this world, which is whole and borrowed mutably.
        unsafe { ffi::deepq_b2_body_apply_force(body.as_ptr(), force[0], force[1]) };
        Ok(())
    }

    /// Applies a torque, in N m, counter-clockwise, to a body for the next step, and wakes it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the torque is not finite, [`Error::ForeignBody`].
    pub fn apply_torque(&mut self, body: Body, torque: f32) -> Result<(), Error> {
        finite(&[torque], "this torque")?;
        let body = self.body(body)?;
        // SAFETY: the body is of this world, which is whole and borrowed mutably.
        unsafe { ffi::deepq_b2_body_apply_torque(body.as_ptr(), torque) };
        Ok(())
    }

    /// Applies an impulse, in N s, to a point of a body given in the world's coordinates, and wakes the body.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a number is not finite, [`Error::ForeignBody`].
    pub fn apply_impulse(&mut self, body: Body, impulse: [f32; 2], point: [f32; 2]) -> Result<(), Error> {
        finite(&[impulse[0], impulse[1], point[0], point[1]], "this impulse")?;
        let body = self.body(body)?;
        // SAFETY: the body is of this world, which is whole and borrowed mutably.
        unsafe { ffi::deepq_b2_body_apply_impulse(body.as_ptr(), impulse[0], impulse[1], point[0], point[1]) };
        Ok(())
    }

    /// The pointer behind a body of this world, if the world is whole.
    fn body(&self, body: Body) -> Result<NonNull<ffi::Body>, Error> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let pointer = self.bodies.get(body.index as usize).filter(|_| body.world == self.id);
        pointer.copied().ok_or(Error::ForeignBody)
    }

    /// Runs a call that can fail inside Box2D, if none has before.
    fn guarded(&mut self, work: impl FnOnce(*mut ffi::World, ffi::Broken) -> ffi::Status) -> Result<(), Error> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let done = call(|broken| work(self.raw.as_ptr(), broken));
        self.broken = done.clone().err();
        done
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.broken.is_none() {
            // SAFETY: the world came from `deepq_b2_world_new`, is whole, and is freed here alone.
            unsafe { ffi::deepq_b2_world_free(self.raw.as_ptr()) };
        }
    }
}

/// Fills the tables that all worlds share, once.
fn warm_up() -> Result<(), Error> {
    static WARM: OnceLock<Result<(), Error>> = OnceLock::new();
    // SAFETY: the lock lets one thread in, before any world exists.
    WARM.get_or_init(|| call(|broken| unsafe { ffi::deepq_b2_warm_up(broken) })).clone()
}

/// Makes a call and turns its status into a result.
fn call(work: impl FnOnce(ffi::Broken) -> ffi::Status) -> Result<(), Error> {
    let mut condition: *const c_char = ptr::null();
    match work(&raw mut condition) {
        ffi::DONE => Ok(()),
        ffi::NO_MEMORY => Err(Error::OutOfMemory),
        _ if condition.is_null() => Err(Error::Broken("unknown".to_owned())),
        // SAFETY: the shim writes nothing but string constants there.
        _ => Err(Error::Broken(unsafe { CStr::from_ptr(condition) }.to_string_lossy().into_owned())),
    }
}

fn finite(values: &[f32], what: &'static str) -> Result<(), Error> {
    if values.iter().all(|x| x.is_finite()) {
        Ok(())
    } else {
        Err(Error::Invalid { what, reason: "its numbers are finite" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the checks of this crate keep from Box2D is given to it here.
    #[test]
    fn a_failed_assertion_of_box2d_is_an_error_and_the_world_is_left_alone() {
        let mut world = World::new([0.0, -10.0]).unwrap();
        let body = world.add_body(&BodyDef::dynamic([0.0, 0.0])).unwrap();
        let pointer = world.body(body).unwrap().as_ptr();
        let surface = ffi::Surface { density: 1.0, friction: 0.2, restitution: 0.0, category: 1, mask: 1 };
        let line = [0.0_f32; 4];
        let failed = world.guarded(|_, broken| {
            // SAFETY: the body is of this world, and two vertices are valid for reads; that they are no polygon is
            // what the shim must notice.
            unsafe { ffi::deepq_b2_body_add_polygon(pointer, line.as_ptr(), 2, &raw const surface, broken) }
        });
        let error = Error::Broken("3 <= count && count <= b2_maxPolygonVertices".to_owned());
        assert_eq!(failed, Err(error.clone()));
        assert_eq!(world.step(0.02, 1, 1), Err(error.clone()));
        assert_eq!(world.state(body), Err(error.clone()));
        assert_eq!(world.apply_torque(body, 1.0), Err(error));
        assert_eq!(world.contacts().count(), 0);
        drop(world);
        assert!(World::new([0.0, 0.0]).is_ok(), "other worlds go on");
    }
}
