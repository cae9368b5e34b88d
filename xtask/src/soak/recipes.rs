//! Random small experiments.

use crate::draw::Draw;
use crate::reproduce::Recipe;
use crate::workspace::Workspace;

/// What is drawn from: every kind of agent, both kinds of observations, each of the three engines behind environments.
const EXPERIMENTS: [&str; 8] =
    ["cartpole", "cartpole", "cartpole", "lunarlander", "catch", "reinforce-cartpole", "cartpole-pqn", "pong-smoke"];

/// Weights of PyTorch's for CartPole's observations, with two hidden layers of 8 units.
const WEIGHTS: &str = "crates/nets/tests/pytorch/mlp.safetensors";

/// Draws an experiment that takes a few seconds.
pub(super) fn draw(workspace: &Workspace, draw: &mut Draw) -> Recipe {
    let kind = draw.one_of(&EXPERIMENTS);
    let mut set = vec![
        format!("checkpoint.every={}", draw.one_of(&[40, 137, 300])),
        format!("checkpoint.keep={}", draw.one_of(&[2, 2, 3])),
        format!("training.log_every={}", draw.one_of(&[7, 50, 100])),
        format!("training.histograms_every={}", draw.one_of(&[0, 0, 250])),
        format!("evaluation.every={}", draw.one_of(&[0, 150, 500])),
        "evaluation.episodes=3".to_owned(),
        format!("evaluation.record_every={}", draw.one_of(&[0, 0, 1])),
        format!("evaluation.environments={}", draw.one_of(&[1, 3])),
    ];
    let environments = draw.one_of(&[1, 1, 2, 4]);
    let dqn = |set: &mut Vec<String>, draw: &mut Draw| {
        set.extend([
            format!("training.environments={environments}"),
            format!("agent.double={}", draw.one_of(&[true, false])),
            format!("replay.n_step={}", draw.one_of(&[1, 1, 3])),
            format!("training.update_every={}", draw.one_of(&[1, 2, 4])),
            format!("training.concurrent_steps={}", draw.one_of(&[0, 0, 8])),
        ]);
    };
    let (experiment, steps) = match kind {
        "pong-smoke" => {
            dqn(&mut set, draw);
            set.push(format!("replay.compression={}", draw.one_of(&["none", "lz4"])));
            set.push(format!("training.learning_starts={}", draw.one_of(&[60, 250])));
            (kind, 200 + draw.below(150))
        }
        "reinforce-cartpole" => (kind, 500 + draw.below(2500)),
        "cartpole-pqn" => {
            set.extend([
                format!("training.environments={}", draw.one_of(&[1, 4, 8])),
                format!("agent.rollout_steps={}", draw.one_of(&[8, 32])),
                format!("agent.minibatches={}", draw.one_of(&[1, 4])),
                format!("agent.lambda={}", draw.one_of(&["0.0", "0.9"])),
            ]);
            (kind, 600 + draw.below(5000))
        }
        _ => {
            dqn(&mut set, draw);
            set.push(format!("training.batch_size={}", draw.one_of(&[8, 32, 64])));
            set.push(format!("training.learning_starts={}", draw.one_of(&[100, 500])));
            set.push(format!("replay.capacity={}", draw.one_of(&[300, 5_000])));
            if draw.below(2) == 0 {
                set.push("network.head={ kind = \"dueling\", hidden = [8] }".to_owned());
            }
            if kind == "cartpole" && draw.below(3) == 0 {
                set.extend([
                    "network.torso.hidden=[8, 8]".to_owned(),
                    format!("transfer.init_from={:?}", workspace.root().join(WEIGHTS)),
                    "transfer.parts=[\"torso\"]".to_owned(),
                    format!("transfer.freeze={}", draw.one_of(&["[]", "[\"torso.0\"]", "[\"torso\"]"])),
                ]);
            }
            (kind, 600 + draw.below(2500))
        }
    };
    let seed = 1 + draw.below(1000);
    let mut arguments = vec!["--steps".to_owned(), steps.to_string(), "--seed".to_owned(), seed.to_string()];
    arguments.extend(set.into_iter().flat_map(|set| ["--set".to_owned(), set]));
    // A replay of these sizes is written whole, if it is not asked to be treated as a large one.
    let each_time = if draw.below(2) == 0 { vec!["--increments-from=0".to_owned()] } else { Vec::new() };
    Recipe { experiment: experiment.to_owned(), arguments, each_time }
}
