//! The C interface of `shim/shim.cpp`, which says what callers owe it.

use std::ffi::c_char;

/// A world with its log of contacts.
#[repr(C)]
pub(crate) struct World {
    opaque: [u8; 0],
}

/// Box2D's `b2Body`.
#[repr(C)]
pub(crate) struct Body {
    opaque: [u8; 0],
}

/// What a call came to.
pub(crate) type Status = i32;
pub(crate) const DONE: Status = 0;
pub(crate) const NO_MEMORY: Status = 1;

/// Two bodies, by their tags, that began (1) or ended (0) touching.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Contact {
    pub(crate) body_a: u32,
    pub(crate) body_b: u32,
    pub(crate) begins: u32,
}

#[repr(C)]
pub(crate) struct BodyDef {
    pub(crate) dynamic: i32,
    pub(crate) position: [f32; 2],
    pub(crate) angle: f32,
    pub(crate) tag: u32,
}

#[repr(C)]
pub(crate) struct Surface {
    pub(crate) density: f32,
    pub(crate) friction: f32,
    pub(crate) restitution: f32,
    pub(crate) category: u16,
    pub(crate) mask: u16,
}

#[repr(C)]
pub(crate) struct RevoluteDef {
    pub(crate) anchor_a: [f32; 2],
    pub(crate) anchor_b: [f32; 2],
    pub(crate) reference_angle: f32,
    pub(crate) lower_angle: f32,
    pub(crate) upper_angle: f32,
    pub(crate) motor_speed: f32,
    pub(crate) max_motor_torque: f32,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct State {
    pub(crate) position: [f32; 2],
    pub(crate) angle: f32,
    pub(crate) velocity: [f32; 2],
    pub(crate) angular_velocity: f32,
    pub(crate) awake: i32,
}

/// Where a call writes the condition that failed: a string constant, or untouched.
pub(crate) type Broken = *mut *const c_char;

unsafe extern "C" {
    pub(crate) fn deepq_b2_warm_up(broken: Broken) -> Status;
    pub(crate) fn deepq_b2_world_new(x: f32, y: f32, world: *mut *mut World, broken: Broken) -> Status;
    pub(crate) fn deepq_b2_world_free(world: *mut World);
    pub(crate) fn deepq_b2_world_step(
        world: *mut World,
        seconds: f32,
        velocity_iterations: i32,
        position_iterations: i32,
        broken: Broken,
    ) -> Status;
    pub(crate) fn deepq_b2_world_contacts(world: *const World, length: *mut usize) -> *const Contact;
    pub(crate) fn deepq_b2_body_new(
        world: *mut World,
        def: *const BodyDef,
        body: *mut *mut Body,
        broken: Broken,
    ) -> Status;
    pub(crate) fn deepq_b2_body_add_edge(
        body: *mut Body,
        points: *const f32,
        surface: *const Surface,
        broken: Broken,
    ) -> Status;
    pub(crate) fn deepq_b2_body_add_polygon(
        body: *mut Body,
        vertices: *const f32,
        count: i32,
        surface: *const Surface,
        broken: Broken,
    ) -> Status;
    pub(crate) fn deepq_b2_body_add_box(
        body: *mut Body,
        half_width: f32,
        half_height: f32,
        surface: *const Surface,
        broken: Broken,
    ) -> Status;
    pub(crate) fn deepq_b2_revolute_new(
        world: *mut World,
        body_a: *mut Body,
        body_b: *mut Body,
        def: *const RevoluteDef,
        broken: Broken,
    ) -> Status;
    pub(crate) fn deepq_b2_body_state(body: *const Body, state: *mut State);
    pub(crate) fn deepq_b2_body_apply_force(body: *mut Body, x: f32, y: f32);
    pub(crate) fn deepq_b2_body_apply_torque(body: *mut Body, torque: f32);
    pub(crate) fn deepq_b2_body_apply_impulse(body: *mut Body, x: f32, y: f32, at_x: f32, at_y: f32);
}
