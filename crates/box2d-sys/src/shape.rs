//! The shapes of bodies and what they are made of.

use crate::Error;

/// The shape of one fixture, in metres, in the body's own coordinates.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line from one point to another. It has no mass: for the ground.
    Edge([[f32; 2]; 2]),
    /// A rectangle around the body's origin.
    Box {
        /// Half its extent in x; positive.
        half_width: f32,
        /// Half its extent in y; positive.
        half_height: f32,
    },
    /// A strictly convex polygon: 3 to 8 vertices, counter-clockwise, each two at least 0.0501 m apart (Box2D welds
    /// nearer ones).
    Polygon(Vec<[f32; 2]>),
}

/// What a shape is made of and what it collides with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixture {
    /// Mass for each square metre, in kg; not negative.
    pub density: f32,
    /// Coulomb friction; not negative, usually 0 to 1.
    pub friction: f32,
    /// Elasticity; not negative, usually 0 to 1.
    pub restitution: f32,
    /// The categories that the shape is of, as bits.
    pub category: u16,
    /// The categories that it collides with, as bits.
    pub mask: u16,
}

impl Default for Fixture {
    /// Box2D's `b2FixtureDef`: no mass, friction 0.2, first category, collides with everything.
    fn default() -> Self {
        Self { density: 0.0, friction: 0.2, restitution: 0.0, category: 0x0001, mask: 0xffff }
    }
}

impl Fixture {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let allowed = |x: f32| x.is_finite() && x >= 0.0;
        if allowed(self.density) && allowed(self.friction) && allowed(self.restitution) {
            Ok(())
        } else {
            Err(Error::Invalid {
                what: "this fixture",
                reason: "density, friction and restitution are finite and not negative",
            })
        }
    }
}

impl Shape {
    /// Box2D's `b2_maxPolygonVertices`.
    const MAX_VERTICES: usize = 8;
    /// Nearer than the square root of this, Box2D takes two vertices for one (half of `b2_linearSlop`).
    const WELDED: f64 = 0.0025;
    /// Coordinates beyond this make products overflow in single precision.
    const FARTHEST: f32 = 1e6;

    pub(crate) fn check(&self) -> Result<(), Error> {
        let reasonable = |[x, y]: [f32; 2]| x.abs() <= Self::FARTHEST && y.abs() <= Self::FARTHEST;
        match self {
            Self::Edge([from, to]) => {
                let apart = reasonable(*from) && reasonable(*to) && distance_squared(*from, *to) > Self::WELDED;
                apart.then_some(()).ok_or(Error::Invalid {
                    what: "this edge",
                    reason: "its ends are more than 0.05 m apart and within a million metres",
                })
            }
            &Self::Box { half_width, half_height } => {
                let extends = |x: f32| x > 0.0 && x <= Self::FARTHEST;
                // Box2D asserts that the area is more than the machine epsilon.
                let solid = extends(half_width) && extends(half_height) && half_width * half_height > f32::EPSILON;
                solid.then_some(()).ok_or(Error::Invalid {
                    what: "this box",
                    reason: "its half extents are positive and at most a million metres",
                })
            }
            Self::Polygon(vertices) => {
                let n = vertices.len();
                let sound = (3..=Self::MAX_VERTICES).contains(&n)
                    && vertices.iter().all(|&vertex| reasonable(vertex))
                    && is_convex(vertices)
                    && (0..n)
                        .all(|i| (0..i).all(|j| distance_squared(vertices[i], vertices[j]) > 1.002 * Self::WELDED));
                sound.then_some(()).ok_or(Error::Invalid {
                    what: "this polygon",
                    reason: "it is strictly convex and counter-clockwise, of 3 to 8 vertices more than 0.05 m apart \
                             and within a million metres",
                })
            }
        }
    }
}

/// Whether the vertices turn left everywhere, and around once.
fn is_convex(vertices: &[[f32; 2]]) -> bool {
    let n = vertices.len();
    let left = |a: [f32; 2], b: [f32; 2], c: [f32; 2]| {
        let [ax, ay, bx, by, cx, cy] = [a[0], a[1], b[0], b[1], c[0], c[1]].map(f64::from);
        (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0.0
    };
    // Each edge has every other vertex on its left: that also excludes polygons that go around twice.
    (0..n).all(|i| (2..n).all(|k| left(vertices[i], vertices[(i + 1) % n], vertices[(i + k) % n])))
}

fn distance_squared(a: [f32; 2], b: [f32; 2]) -> f64 {
    let [dx, dy] = [f64::from(a[0]) - f64::from(b[0]), f64::from(a[1]) - f64::from(b[1])];
    dx * dx + dy * dy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(vertices: &[[f32; 2]]) -> Result<(), Error> {
        Shape::Polygon(vertices.to_vec()).check()
    }

    #[test]
    fn polygons_are_strictly_convex_and_counter_clockwise() {
        assert!(polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]).is_ok());
        assert!(polygon(&[[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]).is_err(), "clockwise");
        assert!(polygon(&[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]).is_err(), "three in a line");
        assert!(polygon(&[[0.0, 0.0], [1.0, 0.0]]).is_err(), "two vertices");
        assert!(polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, f32::NAN]]).is_err(), "not a number");
        assert!(polygon(&[[0.0, 0.0], [0.01, 0.0], [0.0, 1.0]]).is_err(), "welded");
        let star: Vec<_> = (0..5).map(|i| (i as f32 * 4.0 * std::f32::consts::PI / 5.0).sin_cos().into()).collect();
        assert!(polygon(&star).is_err(), "a pentagram turns left everywhere, twice around");
    }

    #[test]
    fn degenerate_shapes_and_materials_are_errors() {
        assert!(Shape::Edge([[1.0, 1.0], [1.0, 1.0]]).check().is_err());
        assert!(Shape::Edge([[0.0, 0.0], [f32::INFINITY, 1.0]]).check().is_err());
        assert!(Shape::Box { half_width: 0.0, half_height: 1.0 }.check().is_err());
        assert!(Shape::Box { half_width: 1e-5, half_height: 1e-5 }.check().is_err());
        assert!(Fixture { density: -1.0, ..Fixture::default() }.check().is_err());
        assert!(Fixture { friction: f32::NAN, ..Fixture::default() }.check().is_err());
    }
}
