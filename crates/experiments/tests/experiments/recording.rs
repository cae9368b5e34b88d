//! Recordings: the games of evaluations, exact to the pixel, and no number of a run is another for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deepq_experiments::config::{self, Overrides};
use deepq_experiments::evaluation::EvaluationError;
use deepq_experiments::gameplay::Moment;
use deepq_experiments::recording::Style;
use deepq_experiments::session::{self, EvaluationRequest, Recorded, RecordingRequest, Settings};
use deepq_runs::{Summary, WhichCheckpoint};
use image::RgbImage;

/// A short run, evaluated at every 200 steps.
const SHORT: [&str; 7] = [
    "training.steps=600",
    "training.learning_starts=100",
    "evaluation.every=200",
    "evaluation.episodes=4",
    "evaluation.environments=2",
    "checkpoint.every=150",
    "checkpoint.keep=9",
];

fn train(experiment: &str, folder: &Path, set: &[&str]) -> Summary {
    let set = SHORT.iter().chain(set).map(ToString::to_string).collect();
    let (experiment, document) = config::load(experiment, &Overrides { set, ..Overrides::default() }).unwrap();
    session::start(&experiment, &document, folder, &Settings::default()).unwrap()
}

fn request(episodes: usize, out: &Path, style: Style) -> RecordingRequest {
    let evaluation = EvaluationRequest { episodes: Some(episodes), ..EvaluationRequest::default() };
    RecordingRequest { evaluation, style, out: Some(out.to_owned()) }
}

fn record(run: &Path, request: &RecordingRequest) -> Recorded {
    session::record(run, request, &Settings::default(), &mut |_, _| {}).unwrap().unwrap()
}

/// What somebody sees who watches.
fn watched(run: &Path, request: &EvaluationRequest) -> Vec<(Moment, RgbImage)> {
    let seen = session::watch(run, request, &Settings::default(), |gameplay| {
        let mut seen = Vec::new();
        while let Some(moment) = gameplay.advance()? {
            assert_eq!(gameplay.values()?.len(), gameplay.scene().actions.len());
            seen.push((moment, gameplay.picture()?));
        }
        Ok::<_, EvaluationError>(seen)
    });
    seen.unwrap().unwrap()
}

/// The pictures of a GIF as a reader puts them together, and the milliseconds that each stands.
fn decode_gif(bytes: &[u8]) -> Vec<(RgbImage, u64)> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(bytes).unwrap();
    let mut screen = RgbImage::new(decoder.width().into(), decoder.height().into());
    let mut pictures = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        let (left, top, width) = (u32::from(frame.left), u32::from(frame.top), u32::from(frame.width));
        for (i, rgba) in (0..).zip(frame.buffer.as_chunks::<4>().0) {
            if rgba[3] == u8::MAX {
                screen.put_pixel(left + i % width, top + i / width, image::Rgb([rgba[0], rgba[1], rgba[2]]));
            }
        }
        pictures.push((screen.clone(), 10 * u64::from(frame.delay)));
    }
    pictures
}

/// The same of a PNG.
fn decode_png(bytes: &[u8]) -> Vec<(RgbImage, u64)> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let frames = reader.info().animation_control().unwrap().num_frames;
    let mut screen = RgbImage::new(reader.info().width, reader.info().height);
    let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
    let mut pictures = Vec::new();
    for _ in 0..frames {
        reader.next_frame(&mut buffer).unwrap();
        let frame = *reader.info().frame_control().unwrap();
        for (i, rgb) in (0..frame.width * frame.height).zip(buffer.as_chunks::<3>().0) {
            screen.put_pixel(frame.x_offset + i % frame.width, frame.y_offset + i / frame.width, image::Rgb(*rgb));
        }
        pictures.push((screen.clone(), 1_000 * u64::from(frame.delay_num) / u64::from(frame.delay_den)));
    }
    assert!(reader.next_frame(&mut buffer).is_err(), "more pictures than were announced");
    pictures
}

/// Pictures that are not the same as the one before.
fn distinct(pictures: impl IntoIterator<Item = RgbImage>) -> Vec<RgbImage> {
    let mut pictures: Vec<RgbImage> = pictures.into_iter().collect();
    pictures.dedup();
    pictures
}

#[test]
fn games_are_those_of_the_evaluation_and_every_pixel_is_that_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let as_it_is = Style { scale: Some(1.0), ..Style::default() };
    for (experiment, set) in [("cartpole", "evaluation.epsilon=0.2"), ("catch", "evaluation.epsilon=0.5")] {
        let run = folder.path().join(experiment);
        train(experiment, &run, &[set]);
        let gif = record(&run, &request(3, &folder.path().join("a.gif"), as_it_is.clone()));
        let png = record(&run, &request(3, &folder.path().join("a.png"), as_it_is.clone()));
        let asked = EvaluationRequest { episodes: Some(3), ..EvaluationRequest::default() };
        let evaluation = session::evaluate(&run, &asked, &Settings::default()).unwrap();
        assert_eq!(gif.figures.returns, evaluation.returns);
        assert_eq!(gif.figures.lengths, evaluation.lengths);
        assert_eq!((gif.figures.at_step, &png.figures), (evaluation.at_step, &gif.figures));

        let seen = watched(&run, &asked);
        let moments: u64 = evaluation.lengths.iter().map(|length| length + 1).sum();
        assert_eq!((seen.len() as u64, gif.figures.pictures), (moments, moments));
        let expected = distinct(seen.into_iter().map(|(_, picture)| picture));
        for decoded in [decode_gif(&fs::read(gif.file).unwrap()), decode_png(&fs::read(png.file).unwrap())] {
            let milliseconds: u64 = decoded.iter().map(|(_, milliseconds)| milliseconds).sum();
            assert!((milliseconds as f64 / 1e3 - gif.figures.seconds).abs() < 0.02, "{milliseconds}");
            let pictures: Vec<RgbImage> = decoded.into_iter().map(|(picture, _)| picture).collect();
            assert!(pictures == expected, "{experiment}: {} pictures, {} expected", pictures.len(), expected.len());
        }
    }
}

#[test]
fn the_same_recording_has_the_same_bytes_and_a_style_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train("catch", &run, &[]);
    let everything = Style { overlay: true, network: true, ..Style::default() };
    for (name, style) in [("plain.gif", Style::default()), ("all.gif", everything.clone()), ("all.png", everything)] {
        let asked = request(2, &folder.path().join(name), style);
        let first = fs::read(record(&run, &asked).file).unwrap();
        assert!(first == fs::read(record(&run, &asked).file).unwrap(), "{name}");
    }
    let size = |style| {
        let figures = record(&run, &request(1, &folder.path().join("a.gif"), style)).figures;
        (figures.width, figures.height, figures.pictures)
    };
    // An episode has nine steps.
    assert_eq!(size(Style::default()), (200, 400, 10));
    assert_eq!(size(Style { scale: Some(0.5), every: Some(4), ..Style::default() }), (100, 200, 4));
    assert_eq!(size(Style { scale: Some(2.0), every: Some(100), ..Style::default() }), (400, 800, 2));
    assert!(size(Style { overlay: true, ..Style::default() }).0 > 200);
}

#[test]
fn an_interrupted_recording_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train("cartpole", &run, &[]);
    for name in ["a.gif", "a.png"] {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
        let settings = Settings { stop: Arc::clone(&stop), ..Settings::default() };
        let asked = request(50, &folder.path().join(name), Style::default());
        let recorded = session::record(&run, &asked, &settings, &mut |_, _| {
            if seen.fetch_add(1, Ordering::Relaxed) + 1 == 60 {
                stop.store(true, Ordering::Relaxed);
            }
        });
        let recorded = recorded.unwrap().unwrap();
        assert!(recorded.figures.interrupted);
        assert_eq!(recorded.figures.pictures, 60);
        let bytes = fs::read(&recorded.file).unwrap();
        let decoded = if name == "a.gif" { decode_gif(&bytes) } else { decode_png(&bytes) };
        assert!(decoded.len() > 40, "{}", decoded.len());
        // And one that never began is none.
        let asked = request(1, &folder.path().join(format!("none-{name}")), Style::default());
        assert!(session::record(&run, &asked, &settings, &mut |_, _| {}).unwrap().is_none());
        assert!(!folder.path().join(format!("none-{name}")).exists());
    }
}

fn videos(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(run.join("videos")).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn videos_change_no_number_of_a_run_and_are_cut_back_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let digest = train("cartpole", &run("without"), &[]).digest;
    assert!(!run("without").join("videos").exists());
    assert_eq!(train("cartpole", &run("with"), &["evaluation.record_every=1"]).digest, digest);
    let expected = videos(&run("with"));
    let names: Vec<&str> = expected.keys().map(String::as_str).collect();
    assert_eq!(names, ["step-000000200.gif", "step-000000400.gif", "step-000000600.gif"]);
    assert!(expected.values().all(|video| decode_gif(video).len() > 2));
    assert_eq!(train("cartpole", &run("some"), &["evaluation.record_every=3"]).digest, digest);
    // The first, and every third.
    let some: Vec<String> = videos(&run("some")).into_keys().collect();
    assert_eq!(some, ["step-000000200.gif", "step-000000600.gif"]);
    // The last one, at the end of the run, is no first one.
    train("cartpole", &run("first"), &["evaluation.record_every=5", "evaluation.every=400"]);
    assert_eq!(videos(&run("first")).into_keys().collect::<Vec<_>>(), ["step-000000400.gif"]);

    // From the checkpoint of step 150 on everything is made again, whatever is there.
    for step in [300, 450, 600] {
        fs::remove_dir_all(run("with").join(format!("checkpoints/step-{step:09}"))).unwrap();
    }
    fs::write(run("with").join("videos/step-000000600.gif"), "torn").unwrap();
    fs::write(run("with").join("videos/step-000009999.gif"), "of another time").unwrap();
    fs::write(run("with").join("videos/mine.gif"), "mine").unwrap();
    let resumed = session::resume(&run("with"), &Overrides::default(), &Settings::default()).unwrap();
    assert_eq!(resumed.digest, digest);
    let mut after = videos(&run("with"));
    assert_eq!(after.remove("mine.gif").unwrap(), b"mine");
    assert!(after == expected, "{:?}", after.keys());
}

#[test]
fn a_video_that_cannot_be_written_does_not_end_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let whole = train("cartpole", &folder.path().join("whole"), &["evaluation.record_every=1"]);
    let run = folder.path().join("run");
    train("cartpole", &run, &["evaluation.record_every=1", "training.steps=300"]);
    fs::remove_dir_all(run.join("videos")).unwrap();
    fs::write(run.join("videos"), "in the way").unwrap();
    let longer = Overrides { steps: Some(600), ..Overrides::default() };
    assert_eq!(session::resume(&run, &longer, &Settings::default()).unwrap().digest, whole.digest);
    assert_eq!(fs::read(run.join("videos")).unwrap(), b"in the way");
    assert!(session::record_best(&run, &Settings::default()).unwrap_err().to_string().contains("videos"));
}

#[test]
fn the_best_evaluation_has_a_video() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let summary = train("cartpole", &run, &["evaluation.record_every=1"]);
    let best = session::record_best(&run, &Settings::default()).unwrap().unwrap();
    assert_eq!(best.file, run.join("videos/best.gif"));
    assert_eq!(best.figures.at_step, summary.best_evaluation.unwrap().at_step);
    // It is the very video that training made.
    let name = format!("step-{:09}.gif", best.figures.at_step);
    assert!(videos(&run)[&name] == fs::read(best.file).unwrap());
    let last = EvaluationRequest { checkpoint: WhichCheckpoint::Last, episodes: Some(1), seed: Some(7) };
    let played = session::record(
        &run,
        &RecordingRequest { evaluation: last, ..RecordingRequest::default() },
        &Settings::default(),
        &mut |_, _| {},
    );
    assert_eq!(played.unwrap().unwrap().file, run.join("videos/play-000000600.gif"));
}
