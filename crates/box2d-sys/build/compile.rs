//! Compiles the shim, and Box2D within it, with arithmetic that no flag of the environment changes.

use std::error::Error;
use std::path::Path;
use std::process::Command;

/// The last words to GCC and Clang, in this order. Each is passed if the compiler knows it.
///
/// Every operation must be the one that the source says, rounded to single precision by itself: no fused
/// multiply-adds, no reordering, no x87. `-ffp-contract=off` is not enough for the first, since GCC 12's vectoriser
/// still forms fused operations where the instruction set has them: so x86 is held to its baseline, and elsewhere the
/// vectoriser of straight-line code is off.
const EXACT: &[&str] = &[
    "-O3",
    "-fno-fast-math",
    "-fno-unsafe-math-optimizations",
    "-fno-associative-math",
    "-fno-reciprocal-math",
    "-fno-finite-math-only",
    "-fsigned-zeros",
    "-fno-single-precision-constant",
    "-ffp-contract=off",
    // Faster, and no bit different: `errno` and the floating-point exceptions' flags are read by nobody.
    "-fno-math-errno",
    "-fno-trapping-math",
    // The solver is one chain of dependent operations, and its clamps rarely clamp: a branch, which the processor
    // foresees, is faster there than a minimum, which the chain has to wait for (measured: 20 % of a step).
    "-fno-if-conversion",
    "-fno-if-conversion2",
    // What the shim is written in.
    "-std=c++17",
    "-fexceptions",
    "-frtti",
    // The archive is linked by rustc, which need not know the compiler's own link-time format.
    "-fno-lto",
    // Box2D is old; what compilers think of it is nothing that the user could act on.
    "-w",
];
const EXACT_X86_64: &[&str] = &["-march=x86-64"];
const EXACT_X86: &[&str] =
    &["-msse2", "-mfpmath=sse", "-mno-fma", "-mno-fma4", "-mno-avx512f", "-mno-avx10.1", "-mno-recip"];
const EXACT_ELSEWHERE: &[&str] = &["-fno-tree-slp-vectorize"];
/// The same to Microsoft's compiler.
const EXACT_MSVC: &[&str] = &["/O2", "/fp:precise", "/EHsc", "/std:c++17", "/w"];

/// Builds `libdeepq_box2d.a` in `out` and tells Cargo to link it.
///
/// A `cc::Build` puts the flags of the environment (`CXXFLAGS` and its relatives) behind its own. They may say where
/// headers are or what the machine is, but the arithmetic is decided here: so the compiler that `cc` has set up is
/// called by hand, with our flags last.
pub(crate) fn library(shim: &Path, include: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut build = cc::Build::new();
    build.cpp(true).warnings(false).inherit_rustflags(false).include(include);
    let compiler = build.try_get_compiler()?;
    // Before anything asks it which flags it knows, and warns at each.
    Command::new(compiler.path()).arg("--version").output().map_err(|error| {
        format!("Box2D needs a C++ compiler; {} cannot be run ({error}), CXX names another", compiler.path().display())
    })?;

    let object = out.join("shim.o");
    let mut command = compiler.to_command();
    if compiler.is_like_msvc() {
        command.args(EXACT_MSVC).arg("/c").arg(format!("/Fo{}", object.display()));
    } else {
        let exact = match super::variable("CARGO_CFG_TARGET_ARCH")?.as_str() {
            "x86_64" => [EXACT, EXACT_X86_64, EXACT_X86].concat(),
            "x86" => [EXACT, EXACT_X86].concat(),
            _ => [EXACT, EXACT_ELSEWHERE].concat(),
        };
        command.args(exact.iter().filter(|flag| build.is_flag_supported(flag).unwrap_or(false)));
        command.arg("-c").arg("-o").arg(&object);
    }
    command.arg(shim.join("shim.cpp"));
    let status = command.status()?;
    if !status.success() {
        let arguments = command.get_args().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ");
        return Err(format!("the C++ compiler failed ({status}): {} {arguments}", compiler.path().display()).into());
    }
    build.object(object).try_compile("deepq_box2d")?;
    Ok(())
}
