//! Contenders that do the same work in turn.

use serde_json::{Map, Value};

use crate::blocks::Samples;
use crate::report::{Better, Case, Side, Skipped, threads};
use crate::{BenchError, Settings};

/// Somebody who does a case's work.
pub(crate) trait Contender {
    /// Its name: `deepq`, where it is no peer.
    fn name(&self) -> &str {
        "deepq"
    }

    /// What it does, in words, as far as it differs from the others.
    fn does(&self) -> &str;

    /// The work that it was built for, as it counts it itself.
    fn work(&self) -> &Value;

    /// What else it measured.
    fn facts(&self) -> Map<String, Value> {
        Map::new()
    }

    /// Measures for about so many seconds, or once where the work is fixed.
    fn round(&mut self, seconds: f64) -> Result<Samples, BenchError>;
}

/// A case before it is measured.
pub(crate) struct Comparison<'a> {
    /// The benchmark that it belongs to.
    pub(crate) benchmark: &'static str,
    /// Its name.
    pub(crate) case: String,
    /// Threads of each contender.
    pub(crate) threads: usize,
    /// What a sample is about.
    pub(crate) unit: &'static str,
    /// How it is read.
    pub(crate) read_as: Better,
    /// Emulator frames a unit.
    pub(crate) frames_per_unit: Option<u32>,
    /// Who takes part, deepq first.
    pub(crate) contenders: Vec<Box<dyn Contender + 'a>>,
    /// Who does not.
    pub(crate) skipped: Vec<Skipped>,
}

/// A contender with what it has measured so far.
struct Lane<'a> {
    /// Its place in the report.
    place: usize,
    contender: Box<dyn Contender + 'a>,
    wall: Vec<Vec<f64>>,
    cpu: Vec<Vec<f64>>,
    done: Option<Map<String, Value>>,
}

impl<'a> Comparison<'a> {
    /// A case with deepq's side alone.
    pub(crate) fn new(
        benchmark: &'static str,
        case: impl Into<String>,
        threads: usize,
        unit: &'static str,
        read_as: Better,
        deepq: impl Contender + 'a,
    ) -> Self {
        Self {
            benchmark,
            case: case.into(),
            threads,
            unit,
            read_as,
            frames_per_unit: None,
            contenders: vec![Box::new(deepq)],
            skipped: Vec::new(),
        }
    }

    /// Adds a peer, or why it cannot take part.
    pub(crate) fn against(&mut self, peer: Result<Box<dyn Contender + 'a>, Skipped>) {
        match peer {
            Ok(contender) => self.contenders.push(contender),
            Err(skipped) => self.skipped.push(skipped),
        }
    }

    /// Measures round after round, every contender in each of them.
    ///
    /// # Errors
    ///
    /// If deepq's side fails, or somebody did other work. A peer that fails is left out.
    pub(crate) fn run(mut self, settings: &Settings) -> Result<Case, BenchError> {
        let title = format!("{} {}, {}", self.benchmark, self.case, threads(self.threads));
        let contenders = std::mem::take(&mut self.contenders);
        let Some(first) = contenders.first() else { return Ok(self.into_case(Value::Null, Vec::new())) };
        let work = first.work().clone();
        let deepq = first.name().to_owned();
        for other in &contenders {
            if *other.work() != work {
                return Err(self.other_work(other.name(), &work, other.work()));
            }
        }
        let lane = |(place, contender)| Lane { place, contender, wall: Vec::new(), cpu: Vec::new(), done: None };
        let mut lanes: Vec<Lane<'_>> = contenders.into_iter().enumerate().map(lane).collect();
        for round in 0..settings.rounds {
            settings.screen.note(&format!("{title}: round {} of {}", round + 1, settings.rounds));
            // Nobody is always first, or always after the same one.
            let n = lanes.len();
            lanes.rotate_left(round.min(1) % n);
            let mut failed = Vec::new();
            for (i, lane) in lanes.iter_mut().enumerate() {
                match lane.contender.round(settings.seconds) {
                    Ok(samples) => lane.take(samples),
                    Err(error @ BenchError::Peer { .. }) if lane.contender.name() != deepq => failed.push((i, error)),
                    Err(error) => return Err(error),
                }
            }
            for (i, error) in failed.into_iter().rev() {
                let name = lanes.remove(i).contender.name().to_owned();
                self.skipped.push(Skipped { name, reason: error.to_string() });
            }
            let mut done = lanes.iter().filter_map(|lane| Some((lane, lane.done.as_ref()?)));
            let Some((_, ours)) = done.clone().find(|(lane, _)| lane.contender.name() == deepq) else { continue };
            if let Some((other, theirs)) = done.find(|(_, theirs)| *theirs != ours) {
                let (ours, theirs) = (ours.clone().into(), theirs.clone().into());
                return Err(self.other_work(other.contender.name(), &ours, &theirs));
            }
        }
        lanes.sort_by_key(|lane| lane.place);
        let mut sides: Vec<Side> = lanes.into_iter().map(Lane::into_side).collect();
        if let Some((ours, others)) = sides.split_first_mut() {
            others.iter_mut().for_each(|side| side.compare_with(ours));
        }
        Ok(self.into_case(work, sides))
    }

    fn into_case(self, work: Value, sides: Vec<Side>) -> Case {
        Case {
            benchmark: self.benchmark.to_owned(),
            case: self.case,
            threads: self.threads,
            unit: self.unit.to_owned(),
            read_as: self.read_as,
            frames_per_unit: self.frames_per_unit,
            work,
            sides,
            skipped: self.skipped,
        }
    }

    fn other_work(&self, other: &str, ours: &Value, theirs: &Value) -> BenchError {
        BenchError::Work {
            case: format!("{} {}", self.benchmark, self.case),
            other: other.to_owned(),
            ours: ours.to_string(),
            theirs: theirs.to_string(),
        }
    }
}

impl Lane<'_> {
    fn take(&mut self, samples: Samples) {
        self.wall.push(samples.wall);
        if !samples.cpu.is_empty() {
            self.cpu.push(samples.cpu);
        }
        if !samples.done.is_empty() {
            self.done = Some(samples.done);
        }
    }

    fn into_side(self) -> Side {
        let Self { contender, wall, cpu, .. } = self;
        Side::new(contender.name().to_owned(), contender.does().to_owned(), contender.facts(), wall, cpu)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use super::*;
    use crate::Benchmark;
    use deepq_experiments::listeners::Screen;

    /// Writes down when it measures, and fails in a round if it is told to.
    struct Stub<'a> {
        name: &'static str,
        work: Value,
        updates: u64,
        fails_in: Option<usize>,
        order: &'a RefCell<Vec<&'static str>>,
    }

    impl Contender for Stub<'_> {
        fn name(&self) -> &str {
            self.name
        }

        fn does(&self) -> &str {
            ""
        }

        fn work(&self) -> &Value {
            &self.work
        }

        fn round(&mut self, seconds: f64) -> Result<Samples, BenchError> {
            let mine = self.order.borrow().iter().filter(|name| **name == self.name).count();
            self.order.borrow_mut().push(self.name);
            if self.fails_in == Some(mine) {
                return Err(BenchError::Peer { program: self.name.to_owned(), reason: "no reason".to_owned() });
            }
            let done = [("updates".to_owned(), self.updates.into())].into_iter().collect();
            Ok(Samples { wall: vec![seconds; 3], cpu: Vec::new(), done })
        }
    }

    type Change = fn(&mut Stub<'_>);

    /// Three rounds of deepq and two others, the last one changed.
    fn compare(change: Change) -> (Result<Case, BenchError>, Vec<&'static str>) {
        let order = RefCell::new(Vec::new());
        let stub = |name| Stub { name, work: json!({ "batch": 32 }), updates: 7, fails_in: None, order: &order };
        let mut comparison = Comparison::new("update", "stub", 1, "update", Better::Time, stub("deepq"));
        let mut last = stub("last");
        change(&mut last);
        comparison.against(Ok(Box::new(stub("other"))));
        comparison.against(Ok(Box::new(last)));
        let settings = Settings {
            benchmarks: vec![Benchmark::Update],
            peers: true,
            rounds: 3,
            seconds: 1.0,
            threads: vec![1],
            together: 1,
            only: Vec::new(),
            steps: None,
            transitions: 0,
            registry: deepq_envs::Registry::empty(),
            workspace: "".into(),
            screen: Screen::new(true),
        };
        let case = comparison.run(&settings);
        (case, order.into_inner())
    }

    #[test]
    fn all_measure_in_each_round_and_the_first_one_changes() {
        let (case, order) = compare(|_| {});
        let names = ["deepq", "other", "last", "other", "last", "deepq", "last", "deepq", "other"];
        assert_eq!(order, names);
        let case = case.unwrap();
        let sides: Vec<(&str, Option<f64>)> =
            case.sides.iter().map(|side| (side.name.as_str(), side.deepq_is_faster)).collect();
        assert_eq!(sides, [("deepq", None), ("other", Some(1.0)), ("last", Some(1.0))]);
    }

    #[test]
    fn other_work_is_refused() {
        let refused = |change: Change| compare(change).0.unwrap_err().to_string();
        assert!(refused(|stub| stub.work = json!({ "batch": 64 })).contains(r#"{"batch":32} against {"batch":64}"#));
        assert!(refused(|stub| stub.updates = 8).contains(r#"{"updates":7} against {"updates":8}"#));
    }

    #[test]
    fn a_peer_that_fails_is_left_out() {
        let (case, order) = compare(|stub| stub.fails_in = Some(1));
        let case = case.unwrap();
        assert_eq!(case.sides.len(), 2);
        assert_eq!(case.skipped[0].reason, "last failed: no reason");
        assert_eq!(order.iter().filter(|name| **name == "last").count(), 2);
    }
}
