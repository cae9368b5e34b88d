//! A sampler with priorities and a state, in its simplest form: it draws a transition in proportion to its priority, and finds
//! it by going through all of them.

use deepq_replay::{Change, Ids, ReplayError, Sampler};
use rand_core::Rng;

/// For each slot its transition and the priority of that; 0 where there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Proportional {
    slots: Vec<(u64, f32)>,
}

impl Proportional {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: vec![(0, 0.0); capacity] }
    }

    fn slot(&mut self, id: u64) -> &mut (u64, f32) {
        let slot = (id % self.slots.len() as u64) as usize;
        &mut self.slots[slot]
    }
}

impl Sampler for Proportional {
    fn name(&self) -> &'static str {
        "proportional 1"
    }

    fn changed(&mut self, change: Change) {
        let largest = self.slots.iter().map(|(_, priority)| *priority).fold(1.0, f32::max);
        match change {
            Change::Available(id) => {
                let slot = self.slot(id);
                assert_eq!(slot.1, 0.0, "{id} takes the slot of {}", slot.0);
                *slot = (id, largest);
            }
            Change::Gone(id) => {
                let slot = self.slot(id);
                assert!(*slot != (id, 0.0) && slot.0 == id, "{id} goes from the slot of {}", slot.0);
                slot.1 = 0.0;
            }
        }
    }

    fn sample(
        &mut self,
        held: &dyn Ids,
        rng: &mut dyn Rng,
        ids: &mut [u64],
        probabilities: &mut [f64],
    ) -> Result<(), ReplayError> {
        let there = self.slots.iter().filter(|(_, priority)| *priority > 0.0);
        assert_eq!(there.clone().count(), held.len());
        assert!(there.clone().all(|(id, _)| held.contains(*id)));
        let total: f64 = there.clone().map(|(_, priority)| f64::from(*priority)).sum();
        for (drawn, probability) in ids.iter_mut().zip(probabilities) {
            let mut left = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * total;
            for &(id, priority) in there.clone() {
                (*drawn, *probability) = (id, f64::from(priority) / total);
                left -= f64::from(priority);
                if left < 0.0 {
                    break;
                }
            }
        }
        Ok(())
    }

    fn reprioritise(&mut self, held: &dyn Ids, ids: &[u64], priorities: &[f32]) -> Result<(), ReplayError> {
        for (&id, &priority) in ids.iter().zip(priorities).filter(|(id, _)| held.contains(**id)) {
            // A transition of priority 0 is never drawn; here that means that there is none.
            self.slot(id).1 = priority.max(f32::MIN_POSITIVE);
        }
        Ok(())
    }

    fn size_in_bytes(&self) -> u64 {
        size_of_val(&*self.slots) as u64
    }

    fn state(&self) -> Option<Vec<u8>> {
        let slot = |&(id, priority): &(u64, f32)| id.to_le_bytes().into_iter().chain(priority.to_le_bytes());
        Some(self.slots.iter().flat_map(slot).collect())
    }

    fn restore(&mut self, state: &[u8], held: &dyn Ids) -> Result<(), ReplayError> {
        let damaged = || ReplayError::Damaged { reason: "its priorities are not those of its transitions".to_owned() };
        let slots = state.chunks(12).map(|slot| {
            let (id, priority) = slot.split_first_chunk()?;
            Some((u64::from_le_bytes(*id), f32::from_le_bytes(priority.try_into().ok()?)))
        });
        let slots: Vec<_> = slots.collect::<Option<_>>().ok_or_else(damaged)?;
        let mut there = slots.iter().enumerate().filter(|(_, (_, priority))| *priority != 0.0);
        let of_slot = |slot, id| id % slots.len() as u64 == slot as u64;
        if slots.len() != self.slots.len()
            || there.clone().count() != held.len()
            || !there.all(|(slot, &(id, priority))| {
                priority > 0.0 && priority.is_finite() && held.contains(id) && of_slot(slot, id)
            })
        {
            return Err(damaged());
        }
        self.slots = slots;
        Ok(())
    }
}
