//! Looks whether this machine can build ALE, and says in a sentence what is missing.
//!
//! `machine` is what there is, `needs` what that means.

mod machine;
mod needs;

fn main() {
    println!("cargo::rerun-if-changed=build");
    // What docs.rs builds is never run. No other variable is watched, nor the PATH: ale-sys watches none either, and
    // what is missing matters only when ALE is built. That is whenever cargo has another reason to run this again.
    println!("cargo::rerun-if-env-changed=DOCS_RS");
    if std::env::var_os("DOCS_RS").is_some() {
        return;
    }
    for sentence in needs::missing(&machine::look()) {
        println!("cargo::error={sentence}");
    }
}
