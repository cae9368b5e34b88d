//! Looks whether this machine can build ALE, and says in a sentence what is missing.
//!
//! `machine` is what there is, `needs` what that means.

mod machine;
mod needs;

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

fn main() {
    println!("cargo::rerun-if-changed=build");
    // What docs.rs builds is never run.
    println!("cargo::rerun-if-env-changed=DOCS_RS");
    if std::env::var_os("DOCS_RS").is_some() {
        return;
    }
    for sentence in needs::missing(&machine::look()) {
        println!("cargo::error={sentence}");
    }
}
