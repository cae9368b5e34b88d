//! The Python process behind an environment: started, asked, and ended.

use std::collections::VecDeque;
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

const BRIDGE: &str = include_str!("bridge.py");

/// What can be asked for, as `bridge.py` numbers it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    Make,
    Reset,
    Step,
    Render,
    Generators,
    Restore,
    Close,
}

impl Request {
    /// What it does, for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Make => "making it",
            Self::Reset => "a reset",
            Self::Step => "a step",
            Self::Render => "drawing it",
            Self::Generators => "saving its generators",
            Self::Restore => "restoring its generators",
            Self::Close => "closing it",
        }
    }
}

/// Why a request was not answered.
#[derive(Debug)]
pub(super) enum Failure {
    /// Python raised an exception: the traceback, and the end of what was printed. The process goes on.
    Raised(String),
    /// There is no process that could answer, or none that speaks as `bridge.py` does.
    Lost(String),
}

impl Failure {
    /// What happened.
    pub(super) fn into_message(self) -> String {
        match self {
            Self::Raised(message) | Self::Lost(message) => message,
        }
    }
}

/// Before an answer's contents: 0 or 1, and their length.
const HEADER: usize = 5;
/// A longer answer is none: a picture of 16,000 by 16,000 is shorter.
const LONGEST_ANSWER: usize = 1 << 30;
/// How much of what is printed is kept for messages.
const TAIL: usize = 4096;
/// A longer line is logged in pieces.
const LONGEST_LINE: u64 = 4096;
/// How often it is looked whether a process has ended, before it is made to.
const PATIENCE: u32 = 200;
const PATIENCE_EACH: Duration = Duration::from_millis(5);

/// A running `bridge.py`. It ends when this is dropped, and by itself when this program ends in whatever way.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    printed: Printed,
    answer: Vec<u8>,
}

impl Process {
    /// Starts the interpreter; `env` is the name under which it logs what is printed.
    pub(super) fn start(env: &str, python: Option<&str>) -> Result<Self, Failure> {
        let interpreter = interpreter(python);
        let mut command = Command::new(&interpreter);
        command.args(["-u", "-X", "faulthandler", "-c", BRIDGE]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if env::var_os("PYTHONHASHSEED").is_none() {
            // The order of Python's sets must not be another one each time.
            command.env("PYTHONHASHSEED", "0");
        }
        #[cfg(unix)]
        // An interruption from the terminal is for the program that asks, which may still want to save.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let lost = |error: io::Error| {
            let interpreter = interpreter.display();
            Failure::Lost(format!(
                "cannot start {interpreter}: {error}; the option python or $DEEPQ_PYTHON names the Python that has \
                 Gymnasium"
            ))
        };
        let mut child = command.spawn().map_err(lost)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(answers), Some(errors)) = pipes else {
            return Err(lost(io::Error::other("it has no pipes")));
        };
        // From here on the process ends with this value.
        let mut process = Self {
            child,
            requests,
            answers: BufReader::with_capacity(1 << 16, answers),
            printed: Printed::default(),
            answer: Vec::new(),
        };
        process.printed = Printed::read(env, errors).map_err(lost)?;
        Ok(process)
    }

    /// Asks, and gives the answer.
    pub(super) fn ask(&mut self, request: Request, contents: &[u8]) -> Result<&[u8], Failure> {
        match self.exchange(request, contents) {
            Ok(0) => Ok(&self.answer),
            Ok(1) => {
                let traceback = String::from_utf8_lossy(&self.answer);
                Err(Failure::Raised(format!(
                    "{} failed in Python:\n{}{}",
                    request.name(),
                    traceback.trim_end(),
                    self.printed.end(Duration::ZERO)
                )))
            }
            Ok(_) => Err(self.lost(request, "did not answer as it should")),
            Err(_) => Err(self.lost(request, "ended")),
        }
    }

    /// Sends a request and reads the answer's contents; gives its first byte.
    fn exchange(&mut self, request: Request, contents: &[u8]) -> io::Result<u8> {
        match self.send(request, contents) {
            // It may have said something before it ended.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
        let mut header = [0; HEADER];
        self.answers.read_exact(&mut header)?;
        let [status, length @ ..] = header;
        let length = u32::from_le_bytes(length) as usize;
        if status > 1 || length > LONGEST_ANSWER {
            return Ok(u8::MAX);
        }
        self.answer.resize(length, 0);
        self.answers.read_exact(&mut self.answer)?;
        Ok(status)
    }

    fn send(&mut self, request: Request, contents: &[u8]) -> io::Result<()> {
        let length = u32::try_from(contents.len()).map_err(io::Error::other)?;
        let mut message = Vec::with_capacity(HEADER + contents.len());
        message.push(request as u8);
        message.extend(length.to_le_bytes());
        message.extend(contents);
        self.requests.write_all(&message)
    }

    /// The end of a process that cannot be used any more.
    fn lost(&mut self, request: Request, what: &str) -> Failure {
        let how = self.end().map_or_else(|error| error.to_string(), |status| status.to_string());
        let printed = self.printed.end(Duration::from_millis(500));
        Failure::Lost(format!("{}: its Python process {what} ({how}){printed}", request.name()))
    }

    /// Waits a while for the process to end, then makes it.
    fn end(&mut self) -> io::Result<ExitStatus> {
        for _ in 0..PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(PATIENCE_EACH);
        }
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where it cannot be told to close, it has ended.
        let _ = self.send(Request::Close, &[]);
        if let Err(error) = self.end() {
            tracing::warn!("a Python process of Gymnasium could not be ended: {error}");
        }
    }
}

/// What the process prints: logged, and the end of it kept.
#[derive(Debug, Default)]
struct Printed {
    tail: Arc<Mutex<VecDeque<u8>>>,
    /// Closed when all is read.
    open: Option<Receiver<()>>,
}

impl Printed {
    fn read(env: &str, errors: ChildStderr) -> io::Result<Self> {
        let (sender, open) = mpsc::channel::<()>();
        let printed = Self { tail: Arc::default(), open: Some(open) };
        let (tail, env) = (Arc::clone(&printed.tail), env.to_owned());
        let mut errors = BufReader::new(errors);
        thread::Builder::new().name("gymnasium-output".to_owned()).spawn(move || {
            let _open = sender;
            let mut line = Vec::new();
            while errors.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                tracing::info!("{env}: {}", String::from_utf8_lossy(&line).trim_end());
                let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend(line.drain(..));
                let surplus = tail.len().saturating_sub(TAIL);
                tail.drain(..surplus);
            }
        })?;
        Ok(printed)
    }

    /// The end of it, as the end of a message; waits this long for what may still come.
    fn end(&self, wait: Duration) -> String {
        if let Some(open) = &self.open {
            // Nothing is ever sent: this returns when all is read.
            let _ = open.recv_timeout(wait);
        }
        let tail: Vec<u8> = self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        match String::from_utf8_lossy(&tail).trim_end() {
            "" => String::new(),
            printed => format!("\nThe last that it printed:\n{printed}"),
        }
    }
}

/// The interpreter: the one named, `$DEEPQ_PYTHON`, that of the active virtual environment, or the PATH's.
fn interpreter(named: Option<&str>) -> PathBuf {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (in_environment, on_path) =
        if cfg!(windows) { ("Scripts/python.exe", "python") } else { ("bin/python", "python3") };
    named
        .map(PathBuf::from)
        .or_else(|| variable("DEEPQ_PYTHON"))
        .or_else(|| variable("VIRTUAL_ENV").map(|folder| folder.join(in_environment)))
        .unwrap_or_else(|| on_path.into())
}
