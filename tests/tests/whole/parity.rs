//! What Gymnasium recorded is what happens here, bit for bit.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use deepq_tests::{deepq, rom, workspace};

fn traces(named: &str) -> Result<Vec<PathBuf>> {
    let mut traces: Vec<PathBuf> =
        fs::read_dir(workspace().join("assets/traces"))?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    traces.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(named) && name.ends_with(".jsonl")
    });
    traces.sort();
    assert!(!traces.is_empty());
    Ok(traces)
}

fn arguments(traces: &[PathBuf]) -> Vec<PathBuf> {
    std::iter::once("parity".into()).chain(traces.iter().cloned()).collect()
}

/// Flips one bit in the last hexadecimal digit before the first `"` after `start`.
fn flip_one_bit(text: &str, start: usize) -> Result<String> {
    let end = start + text[start..].find('"').context("the string has no end")?;
    let digit = u8::from_str_radix(&text[end - 1..end], 16)? ^ 1;
    Ok(format!("{}{digit:x}{}", &text[..end - 1], &text[end..]))
}

#[test]
fn every_reference_trace_is_equal() -> Result<()> {
    rom("pong")?;
    let traces = traces("")?;
    let said = deepq(arguments(&traces))?.done()?;
    for trace in &traces {
        let name = trace.file_name().unwrap().to_string_lossy();
        assert!(said.stdout.lines().any(|line| line.starts_with("equal") && line.contains(&*name)), "{}", said.stdout);
    }
    let last = said.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with(&format!("{0} of {0} files equal", traces.len())), "{last}");
    Ok(())
}

#[test]
fn one_changed_bit_is_found_and_named() -> Result<()> {
    rom("pong")?;
    let folder = tempfile::tempdir()?;
    for (file, field, places) in [
        ("cartpole_random", "\"obs\":[\"", ["line", "seed 1", "reset", "observation[3]"]),
        ("atari_pong.jsonl", "\"obs\":[\"", ["line", "seed 1", "step 0", "frame"]),
    ] {
        let text = fs::read_to_string(&traces(file)?[0])?;
        let third_line = text.match_indices('\n').nth(1).unwrap().0;
        let start = third_line + text[third_line..].find(field).unwrap() + field.len();
        let changed = folder.path().join("changed.jsonl");
        fs::write(&changed, flip_one_bit(&text, start)?)?;
        let said = deepq(arguments(&[changed]))?.refused(1, &[])?;
        assert!(said.stdout.contains("changed.jsonl:3"), "{}", said.stdout);
        for place in &places[1..] {
            assert!(said.stdout.contains(place), "{place}: {}", said.stdout);
        }
    }
    Ok(())
}

#[test]
fn what_is_no_trace_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("no-trace.jsonl");
    for contents in [&b""[..], b"{}", b"\xff\xfe\x00", b"{\"header\": {\"env\": \"CartPoel-v1\"}}\n{\"seed\": 1}\n"] {
        fs::write(&file, contents)?;
        let said = deepq(arguments(std::slice::from_ref(&file)))?.refused(1, &[])?;
        assert!(said.stdout.contains("no-trace.jsonl"), "{}", said.stdout);
    }
    deepq(["parity", "no/such/file"])?.refused(1, &[])?;
    deepq(["parity"])?.refused(2, &["TRACE"])?;
    Ok(())
}
