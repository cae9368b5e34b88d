//! One episode: a fresh physics world with the moon and the lander in it.
//!
//! All arithmetic is in double precision, in the order of Gymnasium's; values become single where they enter Box2D and
//! in the observation. That order is what makes the episode equal to the bit: change nothing that looks redundant.

use deepq_box2d_sys::{Body, BodyDef, BodyState, Error, Fixture, RevoluteJoint, Shape, World};

use super::exhaust::Exhaust;
use super::terrain::Terrain;
use super::wind::Wind;
use super::{FPS, HEIGHT, LunarLanderOptions, SCALE, WIDTH};
use crate::NumpyRng;

const MAIN_ENGINE_POWER: f64 = 13.0;
const SIDE_ENGINE_POWER: f64 = 0.6;
/// The most of the push at the start, in N, in x and in y.
const INITIAL_RANDOM: f64 = 1000.0;

// Places on the lander, in pixels.
const LANDER_POLY: [(f64, f64); 6] =
    [(-14.0, 17.0), (-17.0, 0.0), (-17.0, -10.0), (17.0, -10.0), (17.0, 0.0), (14.0, 17.0)];
const LEG_AWAY: f64 = 20.0;
const LEG_DOWN: f64 = 18.0;
const LEG_W: f64 = 2.0;
const LEG_H: f64 = 8.0;
const MAIN_ENGINE_Y_LOCATION: f64 = 4.0;
const SIDE_ENGINE_HEIGHT: f64 = 14.0;
const SIDE_ENGINE_AWAY: f64 = 12.0;
/// Gymnasium's own constant for the side engines' place along the axis, beside `SIDE_ENGINE_HEIGHT`: the difference
/// makes the place, and so the torque, depend on the lander's angle.
const SIDE_ENGINE_ODDITY: f64 = 17.0;

const LEG_SPRING_TORQUE: f32 = 40.0;
const VELOCITY_ITERATIONS: u32 = 6 * 30;
const POSITION_ITERATIONS: u32 = 2 * 30;

const GROUND: u16 = 0x0001;
const LANDER: u16 = 0x0010;
const LEGS: u16 = 0x0020;

/// The episode's state beyond its generator, which the environment keeps.
#[derive(Debug)]
pub(super) struct Episode {
    world: World,
    gravity: f64,
    terrain: Terrain,
    lander: Body,
    legs: [Body; 2],
    /// The lander's state after the last step.
    state: BodyState,
    /// Whether each leg touches the ground. A flag as in Gymnasium, not a count: a leg that stands on two pieces of
    /// terrain and leaves one of them counts as off the ground.
    leg_contacts: [bool; 2],
    crashed: bool,
    wind: Option<Wind>,
    previous_shaping: Option<f64>,
    exhaust: Exhaust,
}

/// What a step led to.
pub(super) struct Outcome {
    pub(super) observation: [f32; 8],
    pub(super) reward: f64,
    pub(super) terminated: bool,
}

/// Where a body stands, for the picture: metres, radians.
#[derive(Clone, Copy)]
pub(super) struct Pose {
    pub(super) position: (f64, f64),
    pub(super) angle: f64,
}

impl Episode {
    /// The lander's outline in its own coordinates, in pixels.
    pub(super) const LANDER_OUTLINE: [(f64, f64); 6] = LANDER_POLY;
    /// A leg's.
    pub(super) const LEG_OUTLINE: [(f64, f64); 4] =
        [(-LEG_W, -LEG_H), (LEG_W, -LEG_H), (LEG_W, LEG_H), (-LEG_W, LEG_H)];

    /// Builds the world, and takes a step without an engine for the first observation.
    pub(super) fn start(options: &LunarLanderOptions, rng: &mut NumpyRng) -> Result<(Self, [f32; 8]), Error> {
        let mut world = World::new([0.0, options.gravity as f32])?;
        let terrain = Terrain::draw(rng);
        add_moon(&mut world, &terrain)?;
        let lander = add_lander(&mut world)?;
        let push = [(); 2].map(|()| rng.uniform(-INITIAL_RANDOM, INITIAL_RANDOM) as f32);
        world.apply_force(lander, push)?;
        let wind = options.enable_wind.then(|| Wind::draw(options, rng));
        let legs = [add_leg(&mut world, lander, -1.0)?, add_leg(&mut world, lander, 1.0)?];
        let mut episode = Self {
            state: world.state(lander)?,
            world,
            gravity: options.gravity,
            terrain,
            lander,
            legs,
            leg_contacts: [false; 2],
            crashed: false,
            wind,
            previous_shaping: None,
            exhaust: Exhaust::default(),
        };
        let first = episode.step(0, rng)?.observation;
        Ok((episode, first))
    }

    /// 0 nothing, 1 the left engine, 2 the main engine, 3 the right engine.
    pub(super) fn step(&mut self, action: usize, rng: &mut NumpyRng) -> Result<Outcome, Error> {
        if let Some(wind) = self.wind.as_mut().filter(|_| self.leg_contacts == [false; 2]) {
            let (force, torque) = wind.blow();
            self.world.apply_force(self.lander, [force as f32, 0.0])?;
            self.world.apply_torque(self.lander, torque as f32)?;
        }
        self.exhaust.next_step();
        let dispersion = [(); 2].map(|()| rng.uniform(-1.0, 1.0) / SCALE);
        let mut fuel = 0.0;
        match action {
            2 => {
                self.fire_main_engine(dispersion)?;
                fuel = 0.30;
            }
            1 | 3 => {
                self.fire_side_engine(if action == 1 { -1.0 } else { 1.0 }, dispersion)?;
                fuel = 0.03;
            }
            _ => {}
        }
        self.world.step((1.0 / FPS) as f32, VELOCITY_ITERATIONS, POSITION_ITERATIONS)?;
        self.note_contacts();
        self.state = self.world.state(self.lander)?;
        Ok(self.outcome(fuel))
    }

    fn fire_main_engine(&mut self, dispersion: [f64; 2]) -> Result<(), Error> {
        let Pose { position: (x, y), angle } = Pose::of(&self.state);
        let tip = (angle.sin(), angle.cos());
        let side = (-tip.1, tip.0);
        let along = MAIN_ENGINE_Y_LOCATION / SCALE + 2.0 * dispersion[0];
        let ox = tip.0 * along + side.0 * dispersion[1];
        let oy = -tip.1 * along - side.1 * dispersion[1];
        self.fire([ox, oy], [x + ox, y + oy], MAIN_ENGINE_POWER, 3.5)
    }

    fn fire_side_engine(&mut self, direction: f64, dispersion: [f64; 2]) -> Result<(), Error> {
        let Pose { position: (x, y), angle } = Pose::of(&self.state);
        let tip = (angle.sin(), angle.cos());
        let side = (-tip.1, tip.0);
        let away = 3.0 * dispersion[1] + direction * SIDE_ENGINE_AWAY / SCALE;
        let ox = tip.0 * dispersion[0] + side.0 * away;
        let oy = -tip.1 * dispersion[0] - side.1 * away;
        let point = [x + ox - tip.0 * SIDE_ENGINE_ODDITY / SCALE, y + oy + tip.1 * SIDE_ENGINE_HEIGHT / SCALE];
        self.fire([ox, oy], point, SIDE_ENGINE_POWER, 0.7)
    }

    /// Pushes the lander one way and a puff of exhaust the other way.
    fn fire(&mut self, [ox, oy]: [f64; 2], point: [f64; 2], power: f64, density: f64) -> Result<(), Error> {
        self.exhaust.add(point, [ox * power, oy * power], density);
        let impulse = [(-ox * power) as f32, (-oy * power) as f32];
        self.world.apply_impulse(self.lander, impulse, point.map(|x| x as f32))
    }

    fn note_contacts(&mut self) {
        for contact in self.world.contacts() {
            self.crashed |= contact.begins && contact.bodies.contains(&self.lander);
            for (touches, leg) in self.leg_contacts.iter_mut().zip(&self.legs) {
                if contact.bodies.contains(leg) {
                    *touches = contact.begins;
                }
            }
        }
    }

    fn outcome(&mut self, fuel: f64) -> Outcome {
        let Pose { position: (x, y), angle } = Pose::of(&self.state);
        let [vx, vy] = self.state.velocity.map(f64::from);
        let state = [
            (x - WIDTH / 2.0) / (WIDTH / 2.0),
            (y - (Terrain::HELIPAD_Y + LEG_DOWN / SCALE)) / (HEIGHT / 2.0),
            vx * (WIDTH / 2.0) / FPS,
            vy * (HEIGHT / 2.0) / FPS,
            angle,
            20.0 * f64::from(self.state.angular_velocity) / FPS,
            f64::from(u8::from(self.leg_contacts[0])),
            f64::from(u8::from(self.leg_contacts[1])),
        ];
        let shaping = -100.0 * (state[0] * state[0] + state[1] * state[1]).sqrt()
            - 100.0 * (state[2] * state[2] + state[3] * state[3]).sqrt()
            - 100.0 * state[4].abs()
            + 10.0 * state[6]
            + 10.0 * state[7];
        let gain = self.previous_shaping.map_or(0.0, |previous| shaping - previous);
        self.previous_shaping = Some(shaping);
        let failed = self.crashed || state[0].abs() >= 1.0;
        let (reward, terminated) = match (self.state.awake, failed) {
            (false, _) => (100.0, true),
            (true, true) => (-100.0, true),
            (true, false) => (gain - fuel, false),
        };
        Outcome { observation: state.map(|x| x as f32), reward, terminated }
    }

    pub(super) fn gravity(&self) -> f64 {
        self.gravity
    }

    pub(super) fn terrain(&self) -> &Terrain {
        &self.terrain
    }

    pub(super) fn exhaust(&self) -> &Exhaust {
        &self.exhaust
    }

    pub(super) fn lander(&self) -> Pose {
        Pose::of(&self.state)
    }

    pub(super) fn legs(&self) -> Result<[Pose; 2], Error> {
        let [left, right] = self.legs;
        Ok([Pose::of(&self.world.state(left)?), Pose::of(&self.world.state(right)?)])
    }
}

impl Pose {
    fn of(state: &BodyState) -> Self {
        let [x, y] = state.position.map(f64::from);
        Self { position: (x, y), angle: f64::from(state.angle) }
    }
}

/// A base line, and above it the surface.
fn add_moon(world: &mut World, terrain: &Terrain) -> Result<(), Error> {
    let moon = world.add_body(&BodyDef::fixed([0.0, 0.0]))?;
    world.add_fixture(moon, &Shape::Edge([[0.0, 0.0], [WIDTH as f32, 0.0]]), &Fixture::default())?;
    let surface = Fixture { friction: 0.1, ..Fixture::default() };
    for piece in terrain.pieces() {
        world.add_fixture(moon, &Shape::Edge(piece.map(|(x, y)| [x as f32, y as f32])), &surface)?;
    }
    Ok(())
}

fn add_lander(world: &mut World) -> Result<Body, Error> {
    let lander = world.add_body(&BodyDef::dynamic([(WIDTH / 2.0) as f32, HEIGHT as f32]))?;
    let outline = LANDER_POLY.iter().map(|(x, y)| [(x / SCALE) as f32, (y / SCALE) as f32]).collect();
    let hull = Fixture { density: 5.0, friction: 0.1, restitution: 0.0, category: LANDER, mask: GROUND };
    world.add_fixture(lander, &Shape::Polygon(outline), &hull)?;
    Ok(lander)
}

/// A leg, -1.0 or 1.0, on a hinge with a spring: a motor too weak to lift the lander.
fn add_leg(world: &mut World, lander: Body, which: f64) -> Result<Body, Error> {
    let position = [(WIDTH / 2.0 - which * LEG_AWAY / SCALE) as f32, HEIGHT as f32];
    let angle = (which * 0.05) as f32;
    let leg = world.add_body(&BodyDef { angle, ..BodyDef::dynamic(position) })?;
    let shape = Shape::Box { half_width: (LEG_W / SCALE) as f32, half_height: (LEG_H / SCALE) as f32 };
    let strut = Fixture { density: 1.0, restitution: 0.0, category: LEGS, mask: GROUND, ..Fixture::default() };
    world.add_fixture(leg, &shape, &strut)?;
    let limits = if which < 0.0 { [0.9 - 0.5, 0.9] } else { [-0.9, -0.9 + 0.5] };
    world.add_revolute_joint(&RevoluteJoint {
        body_a: lander,
        body_b: leg,
        anchor_a: [0.0, 0.0],
        anchor_b: [(which * LEG_AWAY / SCALE) as f32, (LEG_DOWN / SCALE) as f32],
        // pybox2d fills this in by itself: the second body's angle less the first's, which is 0.
        reference_angle: angle,
        limits: limits.map(|x: f64| x as f32),
        motor_speed: (0.3 * which) as f32,
        max_motor_torque: LEG_SPRING_TORQUE,
    })?;
    Ok(leg)
}
