//! A run's model card: what it is, how good it is, and how it is played, used and made again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use deepq_runs::{EXPORTED_WEIGHTS, EvaluationFigures, Finished, RunFolder, Summary, duration, grouped};

use super::Export;
use super::front_matter::FrontMatter;
use crate::RunError;
use crate::config::{self, Experiment, Overrides};

/// The model beside a card on the Hub.
pub(super) const MODEL: &str = "model.onnx";
/// The video of the best weights, as seen from a run's folder.
const BEST_VIDEO: &str = "videos/best.gif";

const HOME: &str = env!("CARGO_PKG_REPOSITORY");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes the card of a run, its `README.md`, anew; gives its path. A run that has not ended has a card without results.
///
/// # Errors
///
/// If the run cannot be read, or the card not be written.
pub fn write(run: &Path) -> Result<PathBuf, RunError> {
    let folder = RunFolder::look_at(run)?;
    let (experiment, document) = config::of_run(&folder, &Overrides::default())?;
    let summary = Summary::read(&folder)?;
    let judged = summary.as_ref().and_then(|s| s.best_evaluation.as_ref().or(s.last_evaluation.as_ref()));
    let card = Card {
        experiment: &experiment,
        settings: &document.text(),
        summary: summary.as_ref(),
        at_step: judged.map(|evaluation| evaluation.at_step),
        replay: folder.videos().best().is_file().then_some(BEST_VIDEO),
        destination: Destination::Run,
    };
    folder.write(&folder.card(), &card.text())?;
    Ok(folder.card())
}

/// Where a card lies, and so what lies beside it.
pub(super) enum Destination<'a> {
    /// In the run's folder.
    Run,
    /// In a folder for the Hub, with these weights.
    Hub(&'a Export),
}

/// All that a card says.
pub(super) struct Card<'a> {
    pub(super) experiment: &'a Experiment,
    /// The experiment's file.
    pub(super) settings: &'a str,
    /// `None` before the run has ended.
    pub(super) summary: Option<&'a Summary>,
    /// The agent step of the weights that the card is about, if it is known.
    pub(super) at_step: Option<u64>,
    /// The picture of an episode, as seen from the card.
    pub(super) replay: Option<&'a str>,
    pub(super) destination: Destination<'a>,
}

impl Card<'_> {
    pub(super) fn text(&self) -> String {
        let Experiment { name, environment, agent, .. } = self.experiment;
        let judged = self.evaluations().into_iter().find(|(_, evaluation)| self.at_step == Some(evaluation.at_step));
        let front = FrontMatter {
            name,
            environment: &environment.id,
            agent: agent.kind(),
            mean_reward: judged.map(|(_, evaluation)| (evaluation.mean, evaluation.std)),
        };
        let title = format!("# {}: {} on {}", plain(name), agent.kind().to_uppercase(), plain(&environment.id));
        let picture = self.replay.map(|path| format!("![An episode of this agent]({path})"));
        let sections = [
            Some(front.text() + "\n" + &title),
            Some(format!("{}. Trained with [deepq]({HOME}) {VERSION}.", plain(&self.experiment.summary))),
            picture,
            Some(self.evaluation()),
            Some(self.usage()),
            Some(self.reproduction()),
            Some(format!("## Settings\n\n{}", fenced("toml", self.settings))),
        ];
        sections.into_iter().flatten().collect::<Vec<_>>().join("\n\n") + "\n"
    }

    fn evaluations(&self) -> Vec<(&'static str, &EvaluationFigures)> {
        let of = |name, evaluation: Option<_>| evaluation.map(|evaluation| (name, evaluation));
        let best = self.summary.and_then(|summary| of("best", summary.best_evaluation.as_ref()));
        let last = self.summary.and_then(|summary| of("last", summary.last_evaluation.as_ref()));
        best.into_iter().chain(last).collect()
    }

    fn evaluation(&self) -> String {
        let heading = "## Evaluation\n\n";
        let (Some(summary), false) = (self.summary, self.evaluations().is_empty()) else {
            return format!("{heading}The agent has not been evaluated yet.");
        };
        let rows: Vec<String> = self
            .evaluations()
            .into_iter()
            .map(|(name, evaluation)| {
                let EvaluationFigures { mean, std, min, max, median, episodes, at_step } = evaluation;
                let step = grouped(*at_step);
                format!("| {name} | {step} | {episodes} | {mean:.2} +/- {std:.2} | {median:.2} | {min:.2} | {max:.2} |")
            })
            .collect();
        let which = match (&self.destination, self.at_step) {
            (Destination::Run, _) => String::new(),
            (Destination::Hub(_), Some(step)) => {
                format!(" The weights here are those of agent step {}.", grouped(step))
            }
            (Destination::Hub(_), None) => " The weights here came from a file of their own.".to_owned(),
        };
        format!(
            "{heading}\
             | evaluation | agent step | episodes | return, mean +/- std | median | min | max |\n\
             |---|---|---|---|---|---|---|\n\
             {}\n\n\
             Protocol: {}. The best evaluation is the one of the highest mean among all that were made in training, so that \
             its mean is more likely too high than too low; fresh episodes come from `--seed`.{which}",
            rows.join("\n"),
            plain(&summary.protocol)
        )
    }

    fn usage(&self) -> String {
        let weights = match self.destination {
            Destination::Run => String::new(),
            Destination::Hub(_) => format!(" --checkpoint FOLDER/{EXPORTED_WEIGHTS}"),
        };
        let commands = format!(
            "cargo xtask eval FOLDER{weights}\n\
             cargo xtask play --watch FOLDER{weights}\n\
             cargo xtask record FOLDER{weights}"
        );
        let mut text = format!(
            "## Use\n\nIn a checkout of [deepq]({HOME}), with this folder in place of `FOLDER`: evaluate it, watch it play, save \
             what that looks like.\n\n{}",
            fenced("sh", &commands)
        );
        match self.destination {
            Destination::Run => {
                let export = "cargo xtask export FOLDER --onnx\ncargo xtask export FOLDER --hub DIR";
                text += &format!(
                    "\n\nAs an ONNX model for other programs, and as a folder to upload, which is small where this one may be \
                     large:\n\n{}",
                    fenced("sh", export)
                );
            }
            Destination::Hub(export) => {
                text +=
                    &format!("\n\nWith ONNX Runtime, without deepq:\n\n{}", fenced("python", &onnx_example(export)));
            }
        }
        text
    }

    fn reproduction(&self) -> String {
        let steps = match self.summary {
            Some(summary) if summary.finished == Finished::Interrupted => format!(" --steps {}", summary.agent_steps),
            _ => String::new(),
        };
        let command = fenced("sh", &format!("cargo xtask train experiment.toml{steps}"));
        let mut text = format!("## Make it again\n\n{command}\n\n");
        if let Some(from) = &self.experiment.transfer.init_from {
            text += &format!("It starts from weights of {}, which must be there. ", plain(&from.display().to_string()));
        }
        let Some(summary) = self.summary else { return text + "The run has not ended yet." };
        let Summary { seed, device, isa, agent_steps, frames, updates, episodes, seconds, digest, .. } = summary;
        let [steps, frames, updates, episodes] = [*agent_steps, *frames, *updates, *episodes].map(grouped);
        let (device, isa, time) =
            (plain(device), plain(isa), duration(Duration::try_from_secs_f64(*seconds).unwrap_or_default()));
        text += &format!(
            "Seed {seed}: {steps} agent steps, {frames} frames, {updates} updates, {episodes} episodes, in {time} on \
             {device} with {isa} instructions. On any CPU the same version of deepq, with the same C library, gives the run this digest, and to the bit \
             the same weights and figures:\n\n{}",
            fenced("text", digest)
        );
        text
    }
}

/// What runs the exported model, in Python.
fn onnx_example(export: &Export) -> String {
    let shape: Vec<String> = export.network().observation_shape().iter().map(usize::to_string).collect();
    let (element, output) = (export.numpy_type(), export.output());
    format!(
        "import numpy as np\n\
         import onnxruntime\n\n\
         model = onnxruntime.InferenceSession(\"{}\")\n\
         observations = np.zeros((1, {}), np.{element})  # any number of them\n\
         ({output},) = model.run([\"{output}\"], {{\"observation\": observations}})\n\
         actions = {output}.argmax(1)",
        MODEL,
        shape.join(", ")
    )
}

/// A text that Markdown takes literally, in one line.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        if c.is_control() {
            plain.push(' ');
            continue;
        }
        if "\\`*_{}[]<>#|!~&$".contains(c) {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain.trim().trim_end_matches('.').to_owned()
}

/// A text in a block of its own, which it cannot end.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_takes_texts_literally() {
        assert_eq!(plain("a <b> | `c`\n# d."), "a \\<b\\> \\| \\`c\\` \\# d");
        assert_eq!(fenced("toml", "a = \"````\"\n"), "`````toml\na = \"````\"\n`````");
    }
}
