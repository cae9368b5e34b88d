//! What is done with an experiment, whatever its observations are made of.

use deepq_envs::ElementKind;

use super::Settings;
use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::config::{Document, Experiment};

/// Something to do with everything that an experiment names at hand.
pub(super) trait Task {
    /// What comes out of it.
    type Output;

    /// Does it, for observations of this type.
    fn run<E: Observed>(self, assembly: &Assembly<'_>) -> Result<Self::Output, RunError>;
}

/// Opens the device, puts everything at hand, and does the task for the type that the environment's observations are of.
pub(super) fn run<T: Task>(
    task: T,
    experiment: &Experiment,
    document: &Document,
    settings: &Settings,
) -> Result<T::Output, RunError> {
    let device = settings.device.open()?;
    let assembly = Assembly::new(experiment, document, &settings.registry, &device);
    match assembly.element()? {
        ElementKind::F32 => task.run::<f32>(&assembly),
        ElementKind::U8 => task.run::<u8>(&assembly),
    }
}
