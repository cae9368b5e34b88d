//! Peers: programs of other libraries that do the same work, each in a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use crate::blocks::Samples;
use crate::comparison::Contender;
use crate::python::Python;
use crate::report::Skipped;
use crate::{BenchError, Settings};

/// Names another Python for the peers.
const PYTHON: &str = "DEEPQ_PEERS_PYTHON";

/// The peers' programs and the Python that runs them.
pub(crate) struct Peers {
    wanted: bool,
    programs: PathBuf,
    python: Result<Python, String>,
}

/// A peer's program in `benches/peers`.
pub(crate) struct Program<'a> {
    /// The contender's name.
    pub(crate) name: &'a str,
    /// What it does, in words.
    pub(crate) does: &'a str,
    /// The file.
    pub(crate) file: &'a str,
    /// Its arguments.
    pub(crate) arguments: &'a [String],
    /// The packages that it needs.
    pub(crate) needs: &'a [&'a str],
    /// The threads that it may use.
    pub(crate) threads: usize,
}

impl Peers {
    /// Looks for a Python, if peers take part at all: the one that `DEEPQ_PEERS_PYTHON` names, else that of an active
    /// virtual environment, `python3`, `python`.
    pub(crate) fn find(settings: &Settings) -> Self {
        let programs = settings.workspace.join("benches/peers");
        let python = if settings.peers { find_python(&programs) } else { Err(String::new()) };
        Self { wanted: settings.peers, programs, python }
    }

    /// The Python, if one was found.
    pub(crate) fn into_python(self) -> Option<Python> {
        self.python.ok()
    }

    /// Starts a peer, or says why it cannot be; `None` where no peers are wanted.
    pub(crate) fn start(&self, program: &Program<'_>) -> Option<Result<Box<dyn Contender>, Skipped>> {
        self.wanted.then(|| {
            let skipped = |reason| Skipped { name: program.name.to_owned(), reason };
            let python = self.python.as_ref().map_err(|reason| skipped(reason.clone()))?;
            let missing: Vec<&str> =
                program.needs.iter().copied().filter(|&package| !python.packages.contains_key(package)).collect();
            if !missing.is_empty() {
                return Err(skipped(advice(python, &missing)));
            }
            let mut command = Command::new(&python.executable);
            command.arg(self.programs.join(program.file)).args(program.arguments);
            let peer = Peer::start(program.name, program.does, command, program.threads);
            peer.map(|peer| Box::new(peer) as Box<dyn Contender>).map_err(|error| skipped(error.to_string()))
        })
    }
}

fn find_python(programs: &Path) -> Result<Python, String> {
    let named = std::env::var_os(PYTHON).filter(|path| !path.is_empty()).map(PathBuf::from);
    let active = std::env::var_os("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join("bin/python"));
    let candidates = match named {
        Some(named) => vec![named],
        None => active.into_iter().chain(["python3".into(), "python".into()]).collect(),
    };
    let ask = |python: &PathBuf| -> Option<Python> {
        let answer = Command::new(python).arg(programs.join("installed.py")).stderr(Stdio::null()).output().ok()?;
        serde_json::from_slice(&answer.stdout).ok()
    };
    candidates.iter().find_map(ask).ok_or_else(|| {
        let tried: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
        format!("no Python 3 was found (tried {}); {PYTHON} can name one", tried.join(", "))
    })
}

fn advice(python: &Python, missing: &[&str]) -> String {
    let packages: Vec<&str> =
        missing.iter().map(|&package| if package == "Box2D" { "gymnasium[box2d]" } else { package }).collect();
    format!(
        "{} (Python {}) has no {}; python3 -m venv .venv-peers && .venv-peers/bin/pip install {}, then set \
         {PYTHON}=.venv-peers/bin/python (benches/peers/requirements.txt lists all of them)",
        python.executable.display(),
        python.version,
        missing.join(", "),
        packages.join(" ")
    )
}

/// A running peer, which measures a round each time it is asked.
pub(crate) struct Peer {
    name: String,
    does: String,
    work: Value,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    complaints: File,
}

/// The first thing that a peer says.
#[derive(Deserialize)]
struct Hello {
    work: Value,
}

impl Peer {
    /// How long a peer may take to end once nobody asks it any more.
    const FAREWELL: Duration = Duration::from_secs(5);

    /// Starts a program on the CPU with so many threads, and waits until it says what it does.
    pub(crate) fn start(name: &str, does: &str, mut command: Command, threads: usize) -> Result<Self, BenchError> {
        let said = |error| BenchError::io(format!("cannot start {name} ({})", command.get_program().display()), error);
        let complaints = tempfile::tempfile().map_err(said)?;
        let stderr = complaints.try_clone().map_err(said)?;
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(variable, threads.to_string());
        }
        command.env("CUDA_VISIBLE_DEVICES", "").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let failed = |error| BenchError::io(format!("cannot start {name}"), error);
        let mut child = command.spawn().map_err(failed)?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or_else(|| failed(std::io::Error::other("it has no output")))?;
        let (name, does) = (name.to_owned(), does.to_owned());
        let answers = BufReader::new(answers);
        let mut peer = Self { name, does, work: Value::Null, child, requests, answers, complaints };
        let Hello { work } = peer.answer()?;
        peer.work = work;
        Ok(peer)
    }

    /// The next thing that it says. What libraries print beside it is passed over.
    fn answer<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, BenchError> {
        loop {
            let mut line = String::new();
            let read = self.answers.read_line(&mut line);
            if read.map_err(|error| BenchError::io(format!("cannot read what {} says", self.name), error))? == 0 {
                return Err(self.failed());
            }
            if line.starts_with('{') {
                let answer = serde_json::from_str(&line);
                return answer
                    .map_err(|error| BenchError::Peer { program: self.name.clone(), reason: error.to_string() });
            }
        }
    }

    /// The last thing that it complained about.
    fn failed(&mut self) -> BenchError {
        let _ = self.child.wait();
        let mut text = String::new();
        let read = self.complaints.rewind().and_then(|()| self.complaints.read_to_string(&mut text));
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).filter(|_| read.is_ok());
        let reason = last.unwrap_or("it ended without a word").trim().to_owned();
        BenchError::Peer { program: self.name.clone(), reason }
    }
}

impl Contender for Peer {
    fn name(&self) -> &str {
        &self.name
    }

    fn does(&self) -> &str {
        &self.does
    }

    fn work(&self) -> &Value {
        &self.work
    }

    fn round(&mut self, seconds: f64) -> Result<Samples, BenchError> {
        let asked =
            self.requests.as_mut().map(|requests| writeln!(requests, "{seconds}").and_then(|()| requests.flush()));
        match asked {
            Some(Ok(())) => self.answer(),
            _ => Err(self.failed()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // At the end of its input it ends by itself, and takes its own processes with it.
        self.requests = None;
        let begin = Instant::now();
        while begin.elapsed() < Self::FAREWELL {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(10)),
                _ => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
