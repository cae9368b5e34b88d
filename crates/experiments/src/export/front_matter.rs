//! The beginning of a model card that machines read, in the form of the Hugging Face Hub
//! (<https://huggingface.co/docs/hub/model-cards>): YAML between two lines of dashes.

use std::fmt::Write as _;

/// What the Hub is told.
pub(super) struct FrontMatter<'a> {
    /// The model's name.
    pub(super) name: &'a str,
    /// The environment's id.
    pub(super) environment: &'a str,
    /// The kind of agent.
    pub(super) agent: &'a str,
    /// Mean and standard deviation of the returns; `None` without an evaluation.
    pub(super) mean_reward: Option<(f64, f64)>,
}

/// How every card of ours begins.
pub(super) const BEGINNING: &str = "---\nlibrary_name: deepq\n";

impl FrontMatter<'_> {
    pub(super) fn text(&self) -> String {
        let [name, environment, agent] = [self.name, self.environment, self.agent].map(quoted);
        let mut text = format!(
            "{BEGINNING}pipeline_tag: reinforcement-learning\ntags:\n- reinforcement-learning\n- deep-reinforcement-learning\n\
             - {agent}\n- {environment}\n"
        );
        if let Some((mean, std)) = self.mean_reward {
            let value = quoted(&format!("{mean:.2} +/- {std:.2}"));
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "model-index:\n\
                 - name: {name}\n  \
                   results:\n  \
                   - task:\n      \
                       type: reinforcement-learning\n      \
                       name: reinforcement-learning\n    \
                     dataset:\n      \
                       type: {environment}\n      \
                       name: {environment}\n    \
                     metrics:\n    \
                     - type: mean_reward\n      \
                       name: mean_reward\n      \
                       value: {value}\n      \
                       verified: false\n"
            );
        }
        text + "---\n"
    }
}

/// A text as YAML's double-quoted style has it, which can say every text in one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match (c, u32::from(c)) {
            ('"' | '\\', _) => quoted.extend(['\\', c]),
            // YAML 1.2, production 1, without the characters that break lines or mark byte orders.
            (_, 0x20..=0x7e | 0xa0..=0x2027 | 0x202a..=0xfefe | 0xff00..=0xfffd | 0x1_0000..) => quoted.push(c),
            (_, code) => {
                let _ = write!(quoted, "\\u{code:04x}");
            }
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_stays_one_line() {
        assert_eq!(quoted("CartPole-v1"), "\"CartPole-v1\"");
        assert_eq!(quoted("a: \"b\" \\ # ü"), "\"a: \\\"b\\\" \\\\ # ü\"");
        assert_eq!(
            quoted("\n\0\u{7f}\u{85}\u{2028}\u{feff}\u{ffff}🕹"),
            "\"\\u000a\\u0000\\u007f\\u0085\\u2028\\ufeff\\uffff🕹\""
        );
    }
}
