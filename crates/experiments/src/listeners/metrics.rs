//! `metrics.csv`, `eval.csv` and TensorBoard's events: the same figures, under the tags that the field uses.
//!
//! A row stands for an agent step at which something was to be said: an episode ended (its return and length), or
//! `training.log_every` steps had gone by (the means over the updates since the row before). `charts/SPS`, agent steps a
//! second while training, is the only column that a clock decides; all others are the same each time.

use std::time::{Duration, Instant};

use deepq_nets::Gradients;
use deepq_runs::{Document, EventFile, RunFolder, StorageError, Table};
use serde::{Deserialize, Serialize};

use super::Listener;
use crate::evaluation::Evaluation;
use crate::training::{Event, View};

/// The columns, but for the agent's own figures, which stand between these two.
const COLUMNS: [&[&str]; 2] = [
    &["agent_step", "charts/episodic_return", "charts/episodic_length", "charts/epsilon", "losses/td_loss"],
    &["losses/gradient_norm", "charts/SPS"],
];

/// The figures of every agent of older versions, whatever they were.
const OLDER_FIGURES: [&str; 1] = ["q_values"];

const EVALUATION_COLUMNS: [&str; 9] =
    ["agent_step", "mean", "std", "median", "min", "max", "mean_length", "episodes", "returns"];

/// How far the files had come, and what was not in them yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricsState {
    metrics_bytes: u64,
    evaluations_bytes: u64,
    events_bytes: u64,
    since_last_row: Sums,
}

/// Sums over the updates since the last row of means.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sums {
    updates: u64,
    loss: f64,
    /// Of the agent's own figures, in their order. The name is that of the one which every agent of older versions had.
    #[serde(rename = "q_values", with = "one_or_more")]
    figures: Vec<f64>,
    gradient_norm: f64,
}

/// One figure is written as older versions read it.
mod one_or_more {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(f64),
        More(Vec<f64>),
    }

    pub(super) fn serialize<S: Serializer>(figures: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        match figures {
            [] => OneOrMore::One(0.0),
            [figure] => OneOrMore::One(*figure),
            figures => OneOrMore::More(figures.to_vec()),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(match OneOrMore::deserialize(deserializer)? {
            OneOrMore::One(figure) => vec![figure],
            OneOrMore::More(figures) => figures,
        })
    }
}

/// The columns of an agent with these figures.
fn columns(figures: &[&str]) -> Vec<String> {
    let [before, after] = COLUMNS;
    let figures = figures.iter().map(|name| tag(name));
    before.iter().map(ToString::to_string).chain(figures).chain(after.iter().map(ToString::to_string)).collect()
}

/// The tag of an agent's own figure.
fn tag(figure: &str) -> String {
    format!("losses/{figure}")
}

/// Writes the tables and the events.
pub(crate) struct Metrics {
    metrics: Table,
    columns: Vec<String>,
    /// The tags of the agent's own figures.
    figures: Vec<String>,
    evaluations: Table,
    events: EventFile,
    sums: Sums,
    /// When the last row of means was written (or the run began, or went on), and at which agent step.
    last_row: (Instant, u64),
    /// Time since then that went into evaluations and checkpoints.
    paused: Duration,
    /// When the one that is under way began.
    pause: Option<Instant>,
}

impl Metrics {
    /// Opens the files of a run at this agent step, cut back to a state; the state of a new run is the default. `figures` are
    /// the names of the agent's own.
    pub(crate) fn open(
        run: &RunFolder,
        experiment: (&str, &Document),
        figures: &[&str],
        state: &MetricsState,
        agent_step: u64,
    ) -> Result<Self, StorageError> {
        // A table goes on with the names that it began with.
        let older = state.metrics_bytes > 0 && Table::begins_with(&run.metrics(), &columns(&OLDER_FIGURES))?;
        let figures = if older { &OLDER_FIGURES } else { figures };
        let columns = columns(figures);
        let mut events = EventFile::open(run.events(), state.events_bytes)?;
        if events.is_new() {
            events.begin_run(experiment.0, experiment.1)?;
        }
        Ok(Self {
            metrics: Table::open(run.metrics(), &columns, state.metrics_bytes)?,
            columns,
            figures: figures.iter().map(|name| tag(name)).collect(),
            evaluations: Table::open(run.evaluations(), &EVALUATION_COLUMNS, state.evaluations_bytes)?,
            events,
            sums: state.since_last_row.clone(),
            last_row: (Instant::now(), agent_step),
            paused: Duration::ZERO,
            pause: None,
        })
    }

    /// The run is done.
    pub(crate) fn end(&mut self, agent_step: u64) -> Result<(), StorageError> {
        self.events.end_run(agent_step)
    }

    /// Brings everything to the disk; gives the state that a checkpoint keeps.
    pub(crate) fn sync(&mut self) -> Result<MetricsState, StorageError> {
        Ok(MetricsState {
            metrics_bytes: self.metrics.sync()?,
            evaluations_bytes: self.evaluations.sync()?,
            events_bytes: self.events.sync()?,
            since_last_row: self.sums.clone(),
        })
    }

    /// A video of an evaluation was made: a GIF of this size.
    pub(crate) fn recorded(&mut self, at_step: u64, size: (u32, u32), gif: &[u8]) -> Result<(), StorageError> {
        self.events.image("eval/episode", at_step, size, gif)?;
        self.events.flush()
    }

    fn row(&mut self, agent_step: u64, figures: &[(&str, f64)]) -> Result<(), StorageError> {
        let mut cells = vec![String::new(); self.columns.len()];
        cells[0] = agent_step.to_string();
        for &(tag, value) in figures {
            if let Some(column) = self.columns.iter().position(|column| column == tag) {
                cells[column] = value.to_string();
            }
            self.events.scalar(tag, agent_step, value as f32)?;
        }
        self.metrics.row(&cells)
    }

    fn means(&mut self, view: &View<'_>) -> Result<(), StorageError> {
        let agent_step = view.counters.agent_steps;
        let Sums { updates, loss, figures: sums, gradient_norm } = std::mem::take(&mut self.sums);
        let own = self.figures.clone();
        let mut figures = vec![("charts/epsilon", view.exploration)];
        if updates > 0 {
            let n = updates as f64;
            figures.push(("losses/td_loss", loss / n));
            figures.extend(own.iter().map(String::as_str).zip(sums.iter().map(|sum| sum / n)));
            figures.push(("losses/gradient_norm", gradient_norm / n));
        }
        let now = Instant::now();
        let (then, before) = std::mem::replace(&mut self.last_row, (now, agent_step));
        let seconds = now.duration_since(then).saturating_sub(std::mem::take(&mut self.paused)).as_secs_f64();
        figures.push(("charts/SPS", ((agent_step - before) as f64 / seconds.max(1e-9)).round()));
        self.row(agent_step, &figures)?;
        self.metrics.flush()?;
        self.events.flush()
    }

    fn histograms(&mut self, view: &View<'_>) -> Result<(), StorageError> {
        let agent_step = view.counters.agent_steps;
        for (name, tensor) in view.parameters.iter() {
            // A tensor that cannot be read is the agent's trouble, and it will say so.
            if let Ok(values) = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()) {
                self.events.histogram(&format!("weights/{name}"), agent_step, &values)?;
            }
        }
        for (name, values) in view.gradients.into_iter().flat_map(Gradients::iter).flatten() {
            self.events.histogram(&format!("gradients/{name}"), agent_step, &values)?;
        }
        self.events.flush()
    }
}

impl Listener for Metrics {
    fn event(&mut self, event: &Event, view: &View<'_>) -> Result<(), StorageError> {
        if let Some(pause) = self.pause.take() {
            self.paused += pause.elapsed();
        }
        match event {
            Event::Updated(report) => {
                self.sums.updates += 1;
                self.sums.loss += f64::from(report.loss);
                self.sums.figures.resize(report.figures.len(), 0.0);
                for (sum, figure) in self.sums.figures.iter_mut().zip(&report.figures) {
                    *sum += f64::from(*figure);
                }
                self.sums.gradient_norm += f64::from(report.gradient_norm);
                Ok(())
            }
            Event::EpisodeEnded(episode) => {
                let figures =
                    [("charts/episodic_return", episode.total), ("charts/episodic_length", episode.length as f64)];
                self.row(view.counters.agent_steps, &figures)
            }
            Event::LogDue => self.means(view),
            Event::HistogramsDue => self.histograms(view),
            Event::EvaluationDue | Event::CheckpointDue => {
                self.pause = Some(Instant::now());
                Ok(())
            }
            Event::Stepped | Event::Finished(_) => Ok(()),
        }
    }

    fn evaluated(&mut self, evaluation: &Evaluation, _: bool) -> Result<(), StorageError> {
        let figures = [
            ("mean", evaluation.mean()),
            ("std", evaluation.std()),
            ("median", evaluation.median()),
            ("min", evaluation.min()),
            ("max", evaluation.max()),
            ("mean_length", evaluation.mean_length()),
        ];
        for (name, value) in figures {
            self.events.scalar(&format!("eval/{name}"), evaluation.at_step, value as f32)?;
        }
        let returns: Vec<String> = evaluation.returns.iter().map(f64::to_string).collect();
        let mut cells = vec![evaluation.at_step.to_string()];
        cells.extend(figures.map(|(_, value)| value.to_string()));
        cells.extend([returns.len().to_string(), returns.join(" ")]);
        self.evaluations.row(&cells)?;
        self.evaluations.flush()?;
        self.events.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_own_figures_have_columns_before_the_gradients_norm() {
        let expected = "agent_step,charts/episodic_return,charts/episodic_length,charts/epsilon,losses/td_loss,\
                        losses/q_values,losses/gradient_norm,charts/SPS";
        assert_eq!(columns(&["q_values"]).join(","), expected);
        assert_eq!(columns(&["beta", "sigma"])[5..7], ["losses/beta", "losses/sigma"]);
        assert_eq!(columns(&[]).len(), 7);
    }

    #[test]
    fn one_figure_is_written_as_older_versions_read_it_and_others_as_a_list() {
        let older = r#"{"updates":2,"loss":1.5,"q_values":0.25,"gradient_norm":3.0}"#;
        let sums: Sums = serde_json::from_str(older).unwrap();
        assert_eq!(sums.figures, [0.25]);
        assert_eq!(serde_json::to_string(&sums).unwrap(), older);
        let none = serde_json::to_string(&Sums::default()).unwrap();
        assert!(none.contains(r#""q_values":0.0"#), "{none}");
        let two = Sums { figures: vec![1.0, 2.0], ..sums };
        let written = serde_json::to_string(&two).unwrap();
        assert!(written.contains(r#""q_values":[1.0,2.0]"#), "{written}");
        assert_eq!(serde_json::from_str::<Sums>(&written).unwrap(), two);
    }
}
