//! Replays hold exactly what a naive model holds, which stores whole transitions: after any play, whatever ends its
//! episodes and however often the rings wrap around.

mod model;
mod play;

use deepq_replay::{Batch, FrameReplay, NStep, Replay, UniformReplay};
use play::{Play, assert_same};
use proptest::prelude::*;

proptest! {
    #[test]
    fn frame_replay_holds_what_the_model_holds(play in Play::any()) {
        let n_step = NStep::new(play.n, f64::from(play.discount)).unwrap();
        let mut replay = FrameReplay::<u8>::new(play.capacity, &play.layout, n_step).unwrap();
        let mut model = play.model();
        let mut batch = Batch::new();
        for (index, call) in play.calls.iter().enumerate() {
            call.make(&mut replay, &mut model).unwrap();
            prop_assert_eq!(replay.len(), model.frames().len());
            if index % 61 == 0 || index + 1 == play.calls.len() {
                assert_same(&replay, &model.frames(), &mut batch, index as u64);
            }
        }
    }

    #[test]
    fn uniform_replay_holds_what_the_model_holds(play in Play::any()) {
        let n_step = NStep::new(play.n, f64::from(play.discount)).unwrap();
        let mut replay = UniformReplay::<u8>::new(play.capacity, &play.layout, n_step).unwrap();
        let mut model = play.model();
        let mut batch = Batch::new();
        for (index, call) in play.calls.iter().enumerate() {
            call.make(&mut replay, &mut model).unwrap();
            prop_assert_eq!(replay.len(), model.uniform().len());
            if index % 61 == 0 || index + 1 == play.calls.len() {
                assert_same(&replay, &model.uniform(), &mut batch, index as u64);
            }
        }
    }
}
