//! Help that calls the program what its user typed.

use clap::Command;

/// What the help's texts call the program where they are written.
const WRITTEN: &str = "deepq";

/// This command line under a name of the program: in its usage, its help and its examples.
pub(crate) fn named(name: &'static str, command: Command) -> Command {
    if name == WRITTEN {
        return command;
    }
    let known = command.get_subcommands().map(Command::get_name).chain(["help"]);
    let written: Vec<(String, String)> =
        known.map(|known| (format!("{WRITTEN} {known}"), format!("{name} {known}"))).collect();
    let rename = |text: &dyn ToString| {
        written.iter().fold(text.to_string(), |text, (written, named)| text.replace(written, named))
    };
    renamed(command.bin_name(name), &rename)
}

fn renamed(mut command: Command, rename: &dyn Fn(&dyn ToString) -> String) -> Command {
    if let Some(text) = command.get_after_help().map(|text| rename(text)) {
        command = command.after_help(text);
    }
    let arguments = command.mut_args(|argument| match argument.get_help().map(|text| rename(text)) {
        Some(text) => argument.help(text),
        None => argument,
    });
    arguments.mut_subcommands(|command| renamed(command, rename))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::Arguments;

    /// Every help text of a command line.
    fn texts(mut command: Command) -> Vec<(String, String)> {
        command.build();
        let mut texts = vec![("the program".to_owned(), command.render_long_help().to_string())];
        texts.extend(
            command.get_subcommands_mut().map(|sub| (sub.get_name().to_owned(), sub.render_long_help().to_string())),
        );
        texts
    }

    #[test]
    fn help_speaks_of_the_program_by_one_name() {
        let commands: Vec<String> =
            Arguments::command().get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        for (name, other) in [("cargo xtask", "deepq"), ("deepq", "cargo xtask")] {
            for (of, text) in texts(named(name, Arguments::command())) {
                assert!(text.contains(&format!("Usage: {name} ")), "{of}: {text}");
                assert!(!commands.iter().any(|sub| text.contains(&format!("{other} {sub}"))), "{of}: {text}");
                assert!(of == "help" || text.contains(&format!("\n  {name} ")), "{of}: {text}");
            }
        }
    }

    #[test]
    fn examples_fit_a_terminal() {
        for (of, text) in texts(named("cargo xtask", Arguments::command())) {
            let examples = text.lines().skip_while(|line| !line.starts_with("Examples:"));
            for line in examples {
                assert!(line.chars().count() < 80, "{of}: {line}");
            }
        }
    }
}
