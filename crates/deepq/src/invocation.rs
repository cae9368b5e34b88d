//! How this program was started, for messages and help that name a command.

/// The variable by which `cargo xtask` says that it was typed.
const STARTED_BY: &str = "DEEPQ_STARTED_BY";

/// What somebody types: `cargo xtask` where that started the program, else `deepq`.
pub(crate) fn program_name() -> &'static str {
    if started_by_xtask() { "cargo xtask" } else { "deepq" }
}

/// Whether `cargo xtask` started the program, so that its other commands are there as well.
pub(crate) fn started_by_xtask() -> bool {
    std::env::var_os(STARTED_BY).is_some_and(|by| by == "xtask")
}
