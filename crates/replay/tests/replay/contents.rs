//! Replays hold exactly what a naive model holds, which stores whole transitions: after any play, whatever ends its
//! episodes and however often the rings wrap around.

use std::collections::BTreeMap;

use deepq_replay::Batch;
use proptest::prelude::*;

use crate::model::{Model, Row};
use crate::play::{Kind, Play, assert_same};

fn assert_holds(play: &Play, kind: Kind, expected: impl Fn(&Model) -> BTreeMap<u32, Row>) {
    let mut replay = play.replay(kind);
    let mut model = play.model();
    let mut batch = Batch::new();
    for (index, call) in play.calls.iter().enumerate() {
        call.make(&mut replay, &mut model);
        assert_eq!(replay.len(), expected(&model).len());
        if index % 61 == 0 || index + 1 == play.calls.len() {
            assert_same(&mut replay, &expected(&model), &mut batch, index as u64);
        }
    }
}

proptest! {
    #[test]
    fn frame_replay_holds_what_the_model_holds(play in Play::any()) {
        assert_holds(&play, Kind::Frames, Model::frames);
    }

    #[test]
    fn compressed_frame_replay_holds_what_the_model_holds(play in Play::any()) {
        assert_holds(&play, Kind::PackedFrames, Model::frames);
    }

    #[test]
    fn uniform_replay_holds_what_the_model_holds(play in Play::any()) {
        assert_holds(&play, Kind::Uniform, Model::uniform);
    }
}
