// Box2D 2.3 as one translation unit, all of it private to the file that includes this.
//
// The anonymous namespace gives every Box2D symbol internal linkage: another Box2D in the same program (wrapped2d's own,
// say) neither clashes with this one nor is mixed with it, and what the shim does not use is not compiled into the
// library. The system headers that Box2D includes come first, so that their own declarations stay global.

#include <algorithm>
#include <assert.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <memory>
#include <memory.h>
#include <new>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

// What a failed `b2Assert` throws. Box2D's own is `assert`: it would end the process, or check nothing under NDEBUG.
struct BrokenInvariant {
    const char *condition;
};

#if defined(__GNUC__)
__attribute__((noinline, cold))
#endif
void broken_invariant(const char *condition) {
    // Destructors assert too. One that runs because of an earlier throw must not throw itself: that would terminate.
    if (std::uncaught_exceptions() == 0) {
        throw BrokenInvariant{condition};
    }
}

#include <Box2D/Common/b2Settings.h>
#undef b2Assert
#define b2Assert(condition) ((condition) ? (void)0 : broken_invariant(#condition))

#include <Box2D/Box2D.h>

// Box2D's hooks for an allocator and a log (b2Settings.cpp, replaced). Box2D never looks at what b2Alloc returns.
void *b2Alloc(int32 size) {
    void *memory = malloc(static_cast<size_t>(size));
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

void b2Free(void *memory) { free(memory); }

// A clock that stands still (b2Timer.cpp, replaced): Box2D reads it for its profile only, several times a step.
b2Timer::b2Timer() {}
void b2Timer::Reset() {}
float32 b2Timer::GetMilliseconds() const { return 0.0f; }

#include <Box2D/Collision/Shapes/b2ChainShape.cpp>
#include <Box2D/Collision/Shapes/b2CircleShape.cpp>
#include <Box2D/Collision/Shapes/b2EdgeShape.cpp>
#include <Box2D/Collision/Shapes/b2PolygonShape.cpp>
#include <Box2D/Collision/b2BroadPhase.cpp>
#include <Box2D/Collision/b2CollideCircle.cpp>
#include <Box2D/Collision/b2CollideEdge.cpp>
#include <Box2D/Collision/b2CollidePolygon.cpp>
#include <Box2D/Collision/b2Collision.cpp>
#include <Box2D/Collision/b2Distance.cpp>
#include <Box2D/Collision/b2DynamicTree.cpp>
#include <Box2D/Collision/b2TimeOfImpact.cpp>
#include <Box2D/Common/b2BlockAllocator.cpp>
#include <Box2D/Common/b2Draw.cpp>
#include <Box2D/Common/b2Math.cpp>
#include <Box2D/Common/b2StackAllocator.cpp>
#include <Box2D/Dynamics/Contacts/b2ChainAndCircleContact.cpp>
#include <Box2D/Dynamics/Contacts/b2ChainAndPolygonContact.cpp>
#include <Box2D/Dynamics/Contacts/b2CircleContact.cpp>
#include <Box2D/Dynamics/Contacts/b2Contact.cpp>
#include <Box2D/Dynamics/Contacts/b2ContactSolver.cpp>
#include <Box2D/Dynamics/Contacts/b2EdgeAndCircleContact.cpp>
#include <Box2D/Dynamics/Contacts/b2EdgeAndPolygonContact.cpp>
#include <Box2D/Dynamics/Contacts/b2PolygonAndCircleContact.cpp>
#include <Box2D/Dynamics/Contacts/b2PolygonContact.cpp>
#include <Box2D/Dynamics/Joints/b2DistanceJoint.cpp>
#include <Box2D/Dynamics/Joints/b2FrictionJoint.cpp>
#include <Box2D/Dynamics/Joints/b2GearJoint.cpp>
#include <Box2D/Dynamics/Joints/b2Joint.cpp>
#include <Box2D/Dynamics/Joints/b2MotorJoint.cpp>
#include <Box2D/Dynamics/Joints/b2MouseJoint.cpp>
#include <Box2D/Dynamics/Joints/b2PrismaticJoint.cpp>
#include <Box2D/Dynamics/Joints/b2PulleyJoint.cpp>
#include <Box2D/Dynamics/Joints/b2RevoluteJoint.cpp>
#include <Box2D/Dynamics/Joints/b2RopeJoint.cpp>
#include <Box2D/Dynamics/Joints/b2WeldJoint.cpp>
#include <Box2D/Dynamics/Joints/b2WheelJoint.cpp>
#include <Box2D/Dynamics/b2Body.cpp>
#include <Box2D/Dynamics/b2ContactManager.cpp>
#include <Box2D/Dynamics/b2Fixture.cpp>
#include <Box2D/Dynamics/b2Island.cpp>
#include <Box2D/Dynamics/b2World.cpp>
#include <Box2D/Dynamics/b2WorldCallbacks.cpp>

// Box2D's log (b2Settings.cpp, replaced): only its debug dumps write to it, and nothing here calls them.
void b2Log(const char *, ...) {}

} // namespace
