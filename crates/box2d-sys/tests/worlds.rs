//! Worlds are exact side by side, and nothing that they are given breaks them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Barrier;
use std::sync::mpsc::channel;

use deepq_box2d_sys::{Body, BodyDef, Error, Fixture, RevoluteJoint, Shape, World};

/// Two jointed boxes and a triangle over uneven ground, different for each `kind`.
fn scene(kind: u32) -> (World, Vec<Body>) {
    let mut world = World::new([0.0, -10.0]).unwrap();
    let ground = world.add_body(&BodyDef::fixed([0.0, 0.0])).unwrap();
    for i in -5_i16..5 {
        let height = |i: i16| f32::from(i.rem_euclid(3)) * 0.3;
        let edge = Shape::Edge([[f32::from(i), height(i)], [f32::from(i) + 1.0, height(i + 1)]]);
        world.add_fixture(ground, &edge, &Fixture::default()).unwrap();
    }
    let heavy = Fixture { density: 1.0, ..Fixture::default() };
    let start = kind as f32 * 0.01;
    let shapes = [
        Shape::Box { half_width: 0.4, half_height: 0.2 },
        Shape::Box { half_width: 0.1, half_height: 0.5 },
        Shape::Polygon(vec![[-0.5, 0.0], [0.5, 0.0], [0.0, 0.7]]),
    ];
    let mut bodies = Vec::new();
    for (i, shape) in shapes.iter().enumerate() {
        let def = BodyDef { angle: start, ..BodyDef::dynamic([i as f32 * 0.8 - 1.0 + start, 2.0]) };
        let body = world.add_body(&def).unwrap();
        world.add_fixture(body, shape, &heavy).unwrap();
        bodies.push(body);
    }
    let joint = RevoluteJoint {
        body_a: bodies[0],
        body_b: bodies[1],
        anchor_a: [0.4, 0.0],
        anchor_b: [-0.4, 0.0],
        reference_angle: 0.0,
        limits: [-0.5, 0.5],
        motor_speed: 0.3,
        max_motor_torque: 5.0,
    };
    world.add_revolute_joint(&joint).unwrap();
    world.apply_impulse(bodies[2], [1.0, -20.0], [0.0, 2.0]).unwrap();
    (world, bodies)
}

/// All that comes out of a world, as bits.
fn run(world: &mut World, bodies: &[Body], steps: usize) -> Vec<u32> {
    let mut bits = Vec::new();
    for _ in 0..steps {
        world.step(0.02, 30, 10).unwrap();
        for &body in bodies {
            let state = world.state(body).unwrap();
            let numbers = [state.position, state.velocity, [state.angle, state.angular_velocity]];
            bits.extend(numbers.as_flattened().iter().map(|x| x.to_bits()));
            bits.push(state.awake.into());
        }
        bits.extend(world.contacts().map(|contact| u32::from(contact.begins)));
    }
    bits
}

/// 10,000 worlds on 16 threads, every second one dropped on another thread than it was made on. The threads start
/// together, and in a process of their own (`cargo nextest`, or this test alone) they are the first to use Box2D.
#[test]
fn ten_thousand_worlds_on_many_threads_are_as_exact_as_alone() {
    const THREADS: usize = 16;
    const WORLDS: u32 = 625;
    const KINDS: u32 = 5;
    const STEPS: usize = 30;
    let barrier = Barrier::new(THREADS);
    let (to_be_dropped, worlds) = channel::<World>();
    let all: Vec<Vec<Vec<u32>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (barrier, to_be_dropped) = (&barrier, to_be_dropped.clone());
                scope.spawn(move || {
                    barrier.wait();
                    let mut first = Vec::new();
                    for i in 0..WORLDS {
                        let (mut world, bodies) = scene(i % KINDS);
                        let bits = run(&mut world, &bodies, STEPS);
                        if i < KINDS {
                            first.push(bits);
                        } else {
                            assert!(first[(i % KINDS) as usize] == bits);
                        }
                        if i % 2 == 0 {
                            to_be_dropped.send(world).unwrap();
                        }
                    }
                    first
                })
            })
            .collect();
        drop(to_be_dropped);
        assert_eq!(worlds.into_iter().count(), THREADS * WORLDS.div_ceil(2) as usize);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let alone: Vec<Vec<u32>> = (0..KINDS)
        .map(|kind| {
            let (mut world, bodies) = scene(kind);
            run(&mut world, &bodies, STEPS)
        })
        .collect();
    assert!(all.iter().all(|first| *first == alone));
    assert!(alone.windows(2).all(|pair| pair[0] != pair[1]), "the scenes differ");
}

#[test]
fn a_world_goes_on_from_another_thread() {
    let (mut alone, bodies) = scene(3);
    let expected = run(&mut alone, &bodies, 50);
    let (mut moved, bodies) = scene(3);
    let mut bits = run(&mut moved, &bodies, 20);
    bits.extend(std::thread::spawn(move || run(&mut moved, &bodies, 30)).join().unwrap());
    assert!(bits == expected);
}

#[test]
fn contacts_are_told_in_order() {
    let (mut world, bodies) = scene(0);
    let mut touching = std::collections::BTreeMap::new();
    let mut begun = 0;
    for _ in 0..200 {
        world.step(0.02, 30, 10).unwrap();
        for contact in world.contacts() {
            assert!(contact.bodies.iter().any(|body| bodies.contains(body)));
            let count = touching.entry(format!("{:?}", contact.bodies)).or_insert(0_i32);
            *count += if contact.begins { 1 } else { -1 };
            begun += i32::from(contact.begins);
            assert!(*count >= 0, "nothing ends before it begins");
        }
    }
    assert!(begun > 2);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let (mut world, bodies) = scene(1);
    let (mut untouched, same_bodies) = scene(1);
    let (mut other, _) = scene(2);
    let nan = f32::NAN;
    assert!(matches!(World::new([nan, 0.0]), Err(Error::Invalid { .. })));
    assert!(world.add_body(&BodyDef::fixed([f32::INFINITY, 0.0])).is_err());
    assert!(world.add_fixture(bodies[0], &Shape::Polygon(vec![[0.0; 2]; 8]), &Fixture::default()).is_err());
    assert!(world.apply_force(bodies[0], [nan, 0.0]).is_err());
    assert!(world.apply_torque(bodies[0], nan).is_err());
    assert!(world.apply_impulse(bodies[0], [0.0; 2], [nan, 0.0]).is_err());
    assert!(world.step(0.0, 30, 10).is_err());
    assert!(world.step(nan, 30, 10).is_err());
    assert!(world.step(0.02, u32::MAX, 10).is_err());
    assert_eq!(other.state(bodies[0]), Err(Error::ForeignBody));
    assert_eq!(other.apply_force(bodies[0], [1.0, 0.0]), Err(Error::ForeignBody));
    let joint = RevoluteJoint {
        body_a: bodies[0],
        body_b: bodies[0],
        anchor_a: [0.0; 2],
        anchor_b: [0.0; 2],
        reference_angle: 0.0,
        limits: [0.0, 0.0],
        motor_speed: 0.0,
        max_motor_torque: 0.0,
    };
    assert!(world.add_revolute_joint(&joint).is_err(), "joined to itself");
    assert!(world.add_revolute_joint(&RevoluteJoint { body_b: bodies[1], limits: [1.0, -1.0], ..joint }).is_err());
    assert!(run(&mut world, &bodies, 50) == run(&mut untouched, &same_bodies, 50));
}

/// Forces beyond all measure give nonsense, or an error, but neither an abort nor a hang.
#[test]
fn nonsense_does_not_end_the_process() {
    for force in [1e10, 1e30, f32::MAX] {
        let (mut world, bodies) = scene(0);
        for _ in 0..100 {
            let stepped = world
                .apply_force(bodies[0], [force, -force])
                .and_then(|()| world.apply_torque(bodies[1], force))
                .and_then(|()| world.apply_impulse(bodies[2], [force, force], [-force, force]))
                .and_then(|()| world.step(0.02, 180, 60));
            if let Err(error) = stepped {
                assert!(matches!(error, Error::Broken(_)), "{error}");
                assert_eq!(world.state(bodies[0]), Err(error), "it stays broken");
                break;
            }
        }
    }
}
