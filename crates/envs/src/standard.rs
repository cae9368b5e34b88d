//! The environments of this crate, in a registry.

use crate::{Acrobot, CartPole, Catch, CliffWalking, FrozenLake, MountainCar, Pendulum, Registry, gymnasium};

impl Registry {
    /// Every environment of this crate.
    pub fn standard() -> Self {
        let mut registry = Self::empty();
        for register in [
            CartPole::register,
            MountainCar::register,
            Acrobot::register,
            Pendulum::register,
            #[cfg(feature = "box2d")]
            crate::LunarLander::register,
            CliffWalking::register,
            FrozenLake::register,
            Catch::register,
            gymnasium::register,
        ] {
            register(&mut registry);
        }
        registry
    }
}
