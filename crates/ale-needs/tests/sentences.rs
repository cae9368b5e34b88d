//! Whoever builds the crate is told in a sentence what the machine lacks.

#![allow(clippy::panic, reason = "a test fails by panicking")]

#[path = "../build/needs.rs"]
mod needs;

use needs::settings::version;
use needs::{Machine, Undeclared, missing};

fn complete() -> Machine {
    Machine {
        windows: false,
        compiler: true,
        make: true,
        cmake: Some((3, 25)),
        policy: None,
        undeclared: Undeclared::Accepted,
    }
}

/// The only sentence about a machine, which must hold these words.
fn assert_says(machine: &Machine, parts: &[&str]) {
    let [sentence] = missing(machine).try_into().unwrap_or_else(|all| panic!("not one sentence: {all:?}"));
    assert!(!sentence.contains('\n'), "a line of cargo's: {sentence}");
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is missing in: {sentence}");
    }
}

#[test]
fn a_machine_that_has_all_is_let_alone() {
    let policy = |policy: &str| Some(policy.to_owned());
    for machine in [
        complete(),
        Machine { cmake: Some((3, 31)), policy: policy("nonsense"), ..complete() },
        Machine { cmake: Some((4, 0)), policy: policy("3.5"), ..complete() },
        Machine { cmake: Some((4, 4)), policy: policy("3.10"), ..complete() },
    ] {
        assert_eq!(missing(&machine), [""; 0], "{machine:?}");
    }
}

#[test]
fn each_tool_that_is_missing_is_named() {
    assert_says(&Machine { cmake: None, ..complete() }, &["no cmake on the PATH", "apt install cmake"]);
    assert_says(&Machine { compiler: false, ..complete() }, &["needs a C++ compiler (", "apt install g++"]);
    assert_says(&Machine { make: false, ..complete() }, &["needs make ("]);
    assert_says(&Machine { compiler: false, make: false, ..complete() }, &["needs a C++ compiler and make ("]);
    let bare = Machine { compiler: false, cmake: None, ..complete() };
    assert_eq!(missing(&bare).len(), 2);
}

#[test]
fn a_cmake_that_refuses_ale_is_told_to_accept_it() {
    let line = "CMAKE_POLICY_VERSION_MINIMUM = \"3.5\" under [env]";
    assert_says(&Machine { cmake: Some((4, 0)), ..complete() }, &["CMake 4.0", line, ".cargo/config.toml"]);
    for policy in ["3.4", "2.8", "", "four"] {
        let machine = Machine { cmake: Some((4, 4)), policy: Some(policy.into()), ..complete() };
        assert_says(&machine, &["CMAKE_POLICY_VERSION_MINIMUM to \"3.5\"", &format!("set to {policy:?}")]);
    }
}

#[test]
fn a_compiler_that_wants_declarations_gets_them() {
    let refused = |variable, value: &str| Machine {
        undeclared: Undeclared::Refused { variable, value: value.into() },
        ..complete()
    };
    assert_says(&refused("HOST_CFLAGS", ""), &["HOST_CFLAGS = \"-DZ_HAVE_UNISTD_H=1\" under [env]"]);
    assert_says(&refused("TARGET_CFLAGS", ""), &["TARGET_CFLAGS = \"-DZ_HAVE_UNISTD_H=1\" under [env]"]);
    // What is set there wins over cargo's configuration.
    let own = refused("HOST_CFLAGS", "-O1");
    assert_says(&own, &["HOST_CFLAGS to \"-O1 -DZ_HAVE_UNISTD_H=1\"", "where it is set to \"-O1\""]);
}

#[test]
fn windows_is_one_sentence_whatever_else_is_missing() {
    let bare = Machine { windows: true, compiler: false, make: false, cmake: None, ..complete() };
    assert_says(&bare, &["not built on Windows"]);
}

#[test]
fn versions_are_read_from_what_cmake_prints() {
    assert_eq!(version("cmake version 4.4.4\n\nCMake suite maintained and supported by Kitware"), Some((4, 4)));
    assert_eq!(version("cmake version 3.25.1"), Some((3, 25)));
    assert_eq!(version("cmake version 4.1.0-rc1"), Some((4, 1)));
    assert_eq!(version("3.5"), Some((3, 5)));
    assert_eq!(version("cmake: command not found"), None);
    assert_eq!(version(""), None);
}
