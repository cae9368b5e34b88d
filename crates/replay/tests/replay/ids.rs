//! Ids name transitions: each has one of its own for as long as it is there, and a sampler is told exactly of those that come
//! and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use deepq_replay::{Batch, Change, Ids, Replay, ReplayError, Sampler};
use proptest::prelude::*;
use rand_core::Rng;

use crate::model::{Model, Row};
use crate::play::{Kind, Play, row_of};

/// A sampler that writes down what it is told.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Change>>>);

impl Listener {
    fn told(&self) -> Vec<Change> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Sampler for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    fn changed(&mut self, change: Change) {
        self.0.lock().unwrap().push(change);
    }

    fn sample(&mut self, _: &dyn Ids, _: &mut dyn Rng, _: &mut [u64], _: &mut [f64]) -> Result<(), ReplayError> {
        unreachable!("nobody draws")
    }
}

/// Ids as they are told.
struct Told {
    capacity: u64,
    there: BTreeSet<u64>,
    /// Ids that ever were, and the actions of those that were looked at.
    ever: BTreeMap<u64, Option<u32>>,
}

impl Told {
    fn note(&mut self, change: Change) {
        match change {
            Change::Available(id) => {
                assert!(self.ever.insert(id, None).is_none(), "{id} comes a second time");
                let slot = |id: &u64| id % self.capacity;
                assert!(!self.there.iter().any(|other| slot(other) == slot(&id)), "{id} has no slot of its own");
                let older = self.ever.keys().filter(|other| slot(other) == slot(&id)).max();
                assert_eq!(older, Some(&id), "{id} is not the largest of its slot");
                self.there.insert(id);
            }
            Change::Gone(id) => assert!(self.there.remove(&id), "{id} goes, and was not there"),
        }
    }

    /// They are those of the store, whatever is asked.
    fn assert_those_of(&self, store: &dyn Ids) {
        assert_eq!(store.capacity() as u64, self.capacity);
        assert_eq!(store.len(), self.there.len());
        assert_eq!(store.is_empty(), self.there.is_empty());
        let at: Vec<u64> = (0..store.places()).filter_map(|place| store.at(place)).collect();
        assert_eq!(at.len(), store.len(), "each lies at one place");
        assert_eq!(at.into_iter().collect::<BTreeSet<_>>(), self.there);
        assert_eq!(store.at(store.places()), None);
        let last = self.ever.keys().max().map_or(0, |last| last + 2 * self.capacity);
        for id in (0..=last).chain([u64::MAX - 1, u64::MAX]) {
            assert_eq!(store.contains(id), self.there.contains(&id), "{id}");
        }
    }

    /// They name these rows, and those that they named before.
    fn assert_name(&mut self, replay: &Replay<u8>, rows: &BTreeMap<u32, Row>) {
        assert_eq!(self.there.len(), rows.len());
        if rows.is_empty() {
            return;
        }
        let mut batch = Batch::new();
        batch.ids = self.there.iter().copied().collect();
        replay.store().fill(&mut batch).unwrap();
        assert_eq!(batch.len(), rows.len());
        for (row, (&id, &action)) in batch.ids.iter().zip(&batch.actions).enumerate() {
            assert_eq!(Some(&row_of(&batch, row)), rows.get(&action), "id {id}, action {action}");
            let before = self.ever.insert(id, Some(action)).flatten();
            assert!(before.is_none_or(|before| before == action), "{id} was {before:?} and is {action}");
        }
        batch.actions.sort_unstable();
        assert!(batch.actions.iter().eq(rows.keys()), "two ids name one transition");
    }
}

fn assert_named(play: &Play, kind: Kind, expected: impl Fn(&Model) -> BTreeMap<u32, Row>) {
    let listener = Listener::default();
    let (mut replay, mut model) = (play.replay_with(kind, listener.clone()), play.model());
    let mut told = Told { capacity: play.capacity as u64, there: BTreeSet::new(), ever: BTreeMap::new() };
    for (index, call) in play.calls.iter().enumerate() {
        call.make(&mut replay, &mut model);
        listener.told().into_iter().for_each(|change| told.note(change));
        if index % 7 == 0 || index + 1 == play.calls.len() {
            told.assert_those_of(replay.store());
            told.assert_name(&replay, &expected(&model));
        }
    }
    let gone = told.ever.keys().find(|id| !told.there.contains(id)).copied();
    for id in gone.into_iter().chain([u64::MAX]) {
        let mut batch = Batch::new();
        batch.ids = vec![id];
        assert!(matches!(replay.store().fill(&mut batch), Err(ReplayError::Gone { id: of }) if of == id));
    }

    // A restored replay goes on with the same ids, and tells what comes after; of what was there nobody is told anew.
    let mut file = Vec::new();
    replay.save(&mut file).unwrap();
    let mut restored = play.replay_with(kind, listener.clone());
    restored.load(&mut file.as_slice()).unwrap();
    assert!(listener.told().is_empty());
    told.assert_those_of(restored.store());
    for call in &play.calls {
        call.make(&mut restored, &mut model);
    }
    listener.told().into_iter().for_each(|change| told.note(change));
    told.assert_those_of(restored.store());
    told.assert_name(&restored, &expected(&model));
}

proptest! {
    #[test]
    fn ids_of_frames_name_what_the_model_holds(play in Play::any()) {
        assert_named(&play, Kind::Frames, Model::frames);
    }

    #[test]
    fn ids_of_compressed_frames_name_what_the_model_holds(play in Play::any()) {
        assert_named(&play, Kind::PackedFrames, Model::frames);
    }

    #[test]
    fn ids_of_transitions_name_what_the_model_holds(play in Play::any()) {
        assert_named(&play, Kind::Uniform, Model::uniform);
    }

    /// Of a capacity smaller than what one step may complete.
    #[test]
    fn ids_of_a_tiny_store_name_what_the_model_holds(play in Play::any(), capacity in 1..4usize) {
        assert_named(&Play { capacity, ..play }, Kind::Uniform, Model::uniform);
    }
}
