//! A run survives what happens to its files, and says what happened.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use deepq_runs::{Kind, RunFolder};
use deepq_tests::{deepq, summary, train};

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}

/// A short run with checkpoints at its steps 100 and 200, and a small network.
const SMALL: [&str; 12] = [
    "--steps",
    "200",
    "--set",
    "checkpoint.every=100",
    "--set",
    "evaluation.every=100",
    "--set",
    "network.torso.hidden=[4]",
    "--set",
    "training.learning_starts=60",
    "--set",
    "replay.capacity=100",
];

/// The digest of a run that was `SMALL`, and goes on.
fn go_on(run: &Path, steps: &str) -> Result<(String, String)> {
    let said = deepq(["train", "--quiet", "--no-video", "--resume", text(run)?, "--steps", steps])?.done()?;
    Ok((summary(run)?.digest, said.stderr))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

#[test]
fn every_byte_of_a_checkpoint_is_watched() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &SMALL)?;
    let checkpoints = RunFolder::look_at(&run)?.checkpoints();
    let mut positions = 0;
    for file in files(&run.join("checkpoints/step-000000200"))? {
        let whole = fs::read(&file)?;
        for position in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[position] ^= 1 << (position % 8);
            fs::write(&file, &flipped)?;
            let (used, damaged) = checkpoints.newest(Kind::Step)?;
            ensure!(used.agent_step() == 100, "byte {position} of {} is not watched", file.display());
            ensure!(damaged.len() == 1 && damaged[0].contains("step-000000200"), "{damaged:?}");
            positions += 1;
        }
        fs::write(&file, whole)?;
    }
    println!("{positions} bytes, each noticed");
    ensure!(positions > 5000, "{positions} bytes are no checkpoint");
    ensure!(checkpoints.newest(Kind::Step)?.0.agent_step() == 200);
    Ok(())
}

#[test]
fn lost_tables_do_not_stop_a_run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let whole = folder.path().join("whole");
    train("cartpole", &whole, &[&["--steps", "400"], &SMALL[2..]].concat())?;
    let expected = summary(&whole)?.digest;
    type Lose = fn(&Path) -> std::io::Result<()>;
    let lose: [(&str, Lose); 3] = [
        ("removed", |file| fs::remove_file(file)),
        ("emptied", |file| fs::write(file, "")),
        ("torn", |file| fs::read(file).and_then(|contents| fs::write(file, &contents[..contents.len() / 2]))),
    ];
    for (how, lose) in lose {
        let run = folder.path().join(how);
        train("cartpole", &run, &SMALL)?;
        for table in ["metrics.csv", "eval.csv", "events.out.tfevents.deepq"] {
            lose(&run.join(table))?;
        }
        let (digest, said) = go_on(&run, "400")?;
        assert_eq!(digest, expected, "{how}");
        ensure!(said.contains("metrics.csv") && said.contains("stays lost"), "{how}: {said}");
        // What is written from here on is what the other run wrote.
        for table in ["metrics.csv", "eval.csv"] {
            let rows = |run: &Path| -> Result<Vec<String>> {
                let text = fs::read_to_string(run.join(table))?;
                let cut = |line: &str| line.rsplit_once(',').map_or(line, |(row, _)| row).to_owned();
                Ok(text.lines().map(cut).collect())
            };
            let (all, kept) = (rows(&whole)?, rows(&run)?);
            ensure!(kept[0] == all[0] && kept.len() < all.len(), "{how} {table}: {kept:?}");
            ensure!(all.ends_with(&kept[kept.len() - 1..]), "{how} {table}: {kept:?}");
        }
    }
    Ok(())
}

#[test]
fn a_table_of_another_form_is_kept_aside() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &SMALL)?;
    let mine = format!("my,own,columns\n{}", "1,2,3\n".repeat(1000));
    fs::write(run.join("metrics.csv"), &mine)?;
    let (_, said) = go_on(&run, "300")?;
    ensure!(said.contains("metrics.csv.damaged"), "{said}");
    assert_eq!(fs::read_to_string(run.join("metrics.csv.damaged"))?, mine);
    Ok(())
}

#[test]
fn a_run_does_not_go_on_with_another_experiment() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &SMALL)?;
    let file = run.join("experiment.toml");
    let own = fs::read_to_string(&file)?;
    let changed = own.replacen("discount = 0.99 ", "discount = 0.98 ", 1);
    ensure!(changed != own);
    fs::write(&file, &changed)?;
    let resume = ["train", "--resume", text(&run)?, "--steps", "300"];
    deepq(resume)?.refused(2, &["agent.discount is 0.98, and was 0.99", "experiment.toml"])?;
    assert_eq!(fs::read_to_string(&file)?, changed);
    deepq(resume.iter().chain(&["--set", "agent.discount=0.99", "--set", "training.batch_size=32"]))?
        .refused(2, &["training.batch_size is 32, and was 64"])?;
    // What decides no number of the training may change; comments may as well.
    fs::write(&file, format!("# mine\n{own}"))?;
    deepq(resume.iter().chain(&["--set", "checkpoint.every=50", "--set", "training.log_every=10"]))?.done()?;
    let whole = folder.path().join("whole");
    train("cartpole", &whole, &[&["--steps", "300"], &SMALL[2..]].concat())?;
    assert_eq!(summary(&run)?.digest, summary(&whole)?.digest);
    Ok(())
}

#[test]
fn a_run_that_reached_its_goal_says_how_to_go_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (run, whole) = (folder.path().join("run"), folder.path().join("whole"));
    train("cartpole", &run, &[&SMALL[..], &["--set", "evaluation.stop_at=1"]].concat())?;
    assert_eq!(summary(&run)?.agent_steps, 100);
    let resume = ["train", "--resume", text(&run)?, "--steps", "300"];
    deepq(resume)?.refused(2, &["evaluation.stop_at", "--set evaluation.stop_at=inf"])?;
    deepq(resume.iter().chain(&["--set", "evaluation.stop_at=inf"]))?.done()?;
    train("cartpole", &whole, &[&["--steps", "300"], &SMALL[2..]].concat())?;
    assert_eq!(summary(&run)?.digest, summary(&whole)?.digest);
    Ok(())
}

#[test]
fn damaged_best_weights_leave_a_way_to_others() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &SMALL)?;
    for best in files(&run.join("checkpoints"))? {
        if best.file_name().is_some_and(|name| name.to_string_lossy().starts_with("best-")) {
            fs::write(best.join("weights.safetensors"), "no weights")?;
        }
    }
    deepq(["eval", text(&run)?])?.refused(1, &["weights.safetensors", "--checkpoint last", "200"])?;
    deepq(["eval", text(&run)?, "--checkpoint", "last", "--episodes", "1"])?.done()?;
    Ok(())
}

#[test]
fn instructions_can_be_chosen_are_written_down_and_decide_no_number() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let portable = [&SMALL[..], &["--isa", "portable"]].concat();
    let seen = train("cartpole", &one, &portable)?;
    assert_eq!(seen.isa, "portable");
    assert_eq!(train("cartpole", &two, &SMALL)?.digest, seen.digest, "with the fastest instructions of this machine");
    deepq(["train", "cartpole", "--isa", "mmx", "--out", text(&two)?])?.refused(2, &["mmx", "portable"])?;
    Ok(())
}

/// On a disk of 50 MB that is nearly full: a message that says what to do, and a checkpoint that resumes.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_a_run_that_goes_on_when_there_is_space() -> Result<()> {
    use std::io::Write as _;
    use std::process::Command;

    let folder = tempfile::tempdir()?;
    let disk = folder.path().join("disk");
    fs::create_dir(&disk)?;
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=50m", "tmpfs"]).arg(&disk).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("not looked at: mounting a small disk takes an administrator's rights");
        return Ok(());
    }
    let seen = (|| {
        let run = disk.join("run");
        let set = ["--set", "checkpoint.every=1000"];
        let settings = ["--steps", "2000", "--set", "evaluation.every=0", "--set", "training.histograms_every=0"];
        train("cartpole", &run, &[&settings[..], &set].concat())?;
        let filler = disk.join("filler");
        let mut file = fs::File::create(&filler)?;
        while file.write_all(&[0; 4096]).is_ok() {}
        let resume = ["train", "--quiet", "--no-video", "--resume", text(&run)?, "--steps", "4000"];
        let said = deepq(resume)?.refused(1, &["free some space"])?;
        println!("{}", said.stderr);
        let kept = RunFolder::look_at(&run)?.checkpoints().newest(Kind::Step)?;
        ensure!(kept.1.is_empty(), "{:?}", kept.1);
        // As long as it is open its space is not free.
        drop(file);
        fs::remove_file(&filler)?;
        deepq(resume)?.done()?;
        let whole = folder.path().join("whole");
        train("cartpole", &whole, &[&["--steps", "4000"], &settings[2..], &set].concat())?;
        ensure!(summary(&run)?.digest == summary(&whole)?.digest);
        Ok(())
    })();
    ensure!(Command::new("umount").arg(&disk).status()?.success());
    seen
}
