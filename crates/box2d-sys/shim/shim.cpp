// The C interface of `src/ffi.rs` over Box2D 2.3.
//
// Rules of this border:
// - No C++ exception leaves a function: `guarded` turns each into a status. A failed allocation or a failed invariant of
//   Box2D inside a world leaves that world half changed; the caller must use it no more, not even free it.
// - Callers own the checks of what they pass (`src/world.rs` makes them): pointers are valid and of the world they are
//   used with, numbers are finite, sizes in range. The structs are those of `src/ffi.rs`, field by field.
// - A world and everything in it is used by one thread at a time. Different worlds need no lock once `deepq_b2_warm_up`
//   has returned.

#include "box2d.h"

#include <exception>
#include <stdint.h>
#include <vector>

extern "C" {

enum : int32_t {
    STATUS_DONE = 0,
    STATUS_NO_MEMORY = 1,
    STATUS_BROKEN = 2,
};

struct deepq_b2_contact {
    uint32_t body_a;
    uint32_t body_b;
    uint32_t begins;
};

struct deepq_b2_body_def {
    int32_t dynamic;
    float x, y, angle;
    uint32_t tag;
};

struct deepq_b2_surface {
    float density, friction, restitution;
    uint16_t category, mask;
};

struct deepq_b2_revolute_def {
    float anchor_a[2], anchor_b[2];
    float reference_angle, lower_angle, upper_angle;
    float motor_speed, max_motor_torque;
};

struct deepq_b2_state {
    float x, y, angle;
    float velocity_x, velocity_y, angular_velocity;
    int32_t awake;
};

} // extern "C"

namespace {

// Writes down which bodies began or ended touching, in the order in which Box2D tells.
class ContactLog : public b2ContactListener {
  public:
    std::vector<deepq_b2_contact> contacts;

    void BeginContact(b2Contact *contact) override { add(contact, 1); }
    void EndContact(b2Contact *contact) override { add(contact, 0); }

  private:
    static uint32_t tag(b2Fixture *fixture) {
        return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(fixture->GetBody()->GetUserData()));
    }

    void add(b2Contact *contact, uint32_t begins) {
        contacts.push_back({tag(contact->GetFixtureA()), tag(contact->GetFixtureB()), begins});
    }
};

template <typename Work> int32_t guarded(const char **broken, Work work) noexcept {
    try {
        work();
        return STATUS_DONE;
    } catch (const BrokenInvariant &invariant) {
        *broken = invariant.condition;
        return STATUS_BROKEN;
    } catch (const std::bad_alloc &) {
        return STATUS_NO_MEMORY;
    } catch (...) {
        *broken = "an unknown exception";
        return STATUS_BROKEN;
    }
}

void add_fixture(b2Body *body, const b2Shape &shape, const deepq_b2_surface &surface) {
    b2FixtureDef def;
    def.shape = &shape;
    def.density = surface.density;
    def.friction = surface.friction;
    def.restitution = surface.restitution;
    def.filter.categoryBits = surface.category;
    def.filter.maskBits = surface.mask;
    b2Fixture *fixture = body->CreateFixture(&def);
    b2Assert(fixture != nullptr);
}

} // namespace

extern "C" {

struct deepq_b2_world {
    ContactLog log;
    b2World world;

    explicit deepq_b2_world(const b2Vec2 &gravity) : world(gravity) { world.SetContactListener(&log); }
};

// Fills the two tables that Box2D fills when it first needs them, without a lock: sizes of memory blocks (first world)
// and kinds of contacts (first contact). To be called once, before worlds are used on several threads.
int32_t deepq_b2_warm_up(const char **broken) {
    return guarded(broken, [] {
        b2World world(b2Vec2(0.0f, -10.0f));
        b2PolygonShape box;
        box.SetAsBox(1.0f, 1.0f);
        b2BodyDef def;
        world.CreateBody(&def)->CreateFixture(&box, 0.0f);
        def.type = b2_dynamicBody;
        world.CreateBody(&def)->CreateFixture(&box, 1.0f);
        world.Step(0.02f, 1, 1);
        b2Assert(world.GetContactCount() == 1);
    });
}

int32_t deepq_b2_world_new(float gravity_x, float gravity_y, deepq_b2_world **world, const char **broken) {
    return guarded(broken, [=] { *world = new deepq_b2_world(b2Vec2(gravity_x, gravity_y)); });
}

// Only for a world of which every call was done: see the rules above.
void deepq_b2_world_free(deepq_b2_world *world) { delete world; }

int32_t deepq_b2_world_step(deepq_b2_world *world, float seconds, int32_t velocity_iterations,
                            int32_t position_iterations, const char **broken) {
    return guarded(broken, [=] {
        world->log.contacts.clear();
        world->world.Step(seconds, velocity_iterations, position_iterations);
    });
}

// What the last step logged: `*length` contacts, there until the next step.
const deepq_b2_contact *deepq_b2_world_contacts(const deepq_b2_world *world, size_t *length) {
    *length = world->log.contacts.size();
    return world->log.contacts.data();
}

int32_t deepq_b2_body_new(deepq_b2_world *world, const deepq_b2_body_def *def, b2Body **body, const char **broken) {
    return guarded(broken, [=] {
        b2BodyDef body_def;
        body_def.type = def->dynamic ? b2_dynamicBody : b2_staticBody;
        body_def.position.Set(def->x, def->y);
        body_def.angle = def->angle;
        body_def.userData = reinterpret_cast<void *>(static_cast<uintptr_t>(def->tag));
        *body = world->world.CreateBody(&body_def);
        b2Assert(*body != nullptr);
    });
}

// Line from `points[0], points[1]` to `points[2], points[3]`.
int32_t deepq_b2_body_add_edge(b2Body *body, const float *points, const deepq_b2_surface *surface,
                               const char **broken) {
    return guarded(broken, [=] {
        b2EdgeShape edge;
        edge.Set(b2Vec2(points[0], points[1]), b2Vec2(points[2], points[3]));
        add_fixture(body, edge, *surface);
    });
}

// Convex polygon of `count` vertices, x and y in turn.
int32_t deepq_b2_body_add_polygon(b2Body *body, const float *vertices, int32_t count, const deepq_b2_surface *surface,
                                  const char **broken) {
    return guarded(broken, [=] {
        b2Assert(3 <= count && count <= b2_maxPolygonVertices);
        b2Vec2 points[b2_maxPolygonVertices];
        for (int32_t i = 0; i < count; ++i) {
            points[i].Set(vertices[2 * i], vertices[2 * i + 1]);
        }
        b2PolygonShape polygon;
        polygon.Set(points, count);
        add_fixture(body, polygon, *surface);
    });
}

int32_t deepq_b2_body_add_box(b2Body *body, float half_width, float half_height, const deepq_b2_surface *surface,
                              const char **broken) {
    return guarded(broken, [=] {
        b2PolygonShape box;
        box.SetAsBox(half_width, half_height);
        add_fixture(body, box, *surface);
    });
}

int32_t deepq_b2_revolute_new(deepq_b2_world *world, b2Body *body_a, b2Body *body_b, const deepq_b2_revolute_def *def,
                              const char **broken) {
    return guarded(broken, [=] {
        b2RevoluteJointDef joint;
        joint.bodyA = body_a;
        joint.bodyB = body_b;
        joint.localAnchorA.Set(def->anchor_a[0], def->anchor_a[1]);
        joint.localAnchorB.Set(def->anchor_b[0], def->anchor_b[1]);
        joint.referenceAngle = def->reference_angle;
        joint.enableLimit = true;
        joint.lowerAngle = def->lower_angle;
        joint.upperAngle = def->upper_angle;
        joint.enableMotor = true;
        joint.motorSpeed = def->motor_speed;
        joint.maxMotorTorque = def->max_motor_torque;
        b2Joint *created = world->world.CreateJoint(&joint);
        b2Assert(created != nullptr);
    });
}

// The functions from here on neither allocate nor assert.

void deepq_b2_body_state(const b2Body *body, deepq_b2_state *state) {
    state->x = body->GetPosition().x;
    state->y = body->GetPosition().y;
    state->angle = body->GetAngle();
    state->velocity_x = body->GetLinearVelocity().x;
    state->velocity_y = body->GetLinearVelocity().y;
    state->angular_velocity = body->GetAngularVelocity();
    state->awake = body->IsAwake();
}

void deepq_b2_body_apply_force(b2Body *body, float x, float y) { body->ApplyForceToCenter(b2Vec2(x, y), true); }

void deepq_b2_body_apply_torque(b2Body *body, float torque) { body->ApplyTorque(torque, true); }

void deepq_b2_body_apply_impulse(b2Body *body, float x, float y, float at_x, float at_y) {
    body->ApplyLinearImpulse(b2Vec2(x, y), b2Vec2(at_x, at_y), true);
}

} // extern "C"
