//! A real browser without a screen, which tests ask what a page shows: Chromium, driven over its DevTools protocol on two
//! pipes.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What Chromium may be called.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const HOW_TO_INSTALL: &str = "Chromium is needed to look at reports, and there is none on the PATH. Debian: sudo apt install \
                              chromium; Fedora: sudo dnf install chromium; Ubuntu: sudo snap install chromium";

/// A browser that does not answer for so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Nothing but what it is asked to do: no screen, no network of its own, no first steps.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// A browser with one page.
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    calls: u64,
    events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts it. Where there is none, a test that says so on the screen and does nothing more is right on a user's machine
    /// (`None`); in continuous integration (`CI` is set) it is an error.
    ///
    /// # Errors
    ///
    /// If it is missing where it must not be, or does not start.
    pub fn start() -> Result<Option<Self>> {
        let Some(program) = find() else {
            ensure!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{HOW_TO_INSTALL}");
            // Not by eprintln!, which a test that passes does not show.
            writeln!(std::io::stderr(), "SKIPPED: {HOW_TO_INSTALL}")?;
            return Ok(None);
        };
        let profile = tempfile::tempdir()?;
        // It reads from descriptor 3 and writes to 4.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null", "sh"])
            .arg(program)
            .args(ARGUMENTS);
        shell.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let mut process = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start sh")?;
        let to = process.stdin.take().context("the browser has no input")?;
        let output = BufReader::new(process.stdout.take().context("the browser has no output")?);
        let (said, from) = channel();
        thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { break };
                if said.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self { process, to, from, session: None, calls: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}))?["targetId"].clone();
        let session = browser.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}))?;
        browser.session = Some(session["sessionId"].as_str().context("the browser gives no session")?.to_owned());
        for domain in ["Page", "Log", "Runtime", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(Some(browser))
    }

    /// Calls a method of the protocol.
    ///
    /// # Errors
    ///
    /// If the browser refuses, or does not answer.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .and_then(|()| self.to.flush())
            .context(method.to_owned())?;
        loop {
            let mut answer = self.from.recv_timeout(PATIENCE).with_context(|| format!("no answer to {method}"))?;
            if answer["id"] != self.calls {
                self.events.push(answer);
            } else if answer["error"].is_null() {
                return Ok(answer["result"].take());
            } else {
                bail!("{method}: {}", answer["error"]);
            }
        }
    }

    /// A screen of this size, in CSS pixels, in light or dark colours.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn screen(&mut self, width: u32, height: u32, dark: bool) -> Result<()> {
        let mobile = width < 600;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.call("Emulation.setDeviceMetricsOverride", &metrics)?;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", &features).map(drop)
    }

    /// Opens a file, and waits until it is loaded.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded.
    pub fn open(&mut self, file: &Path) -> Result<()> {
        let url = format!("file://{}", file.canonicalize()?.display());
        let opened = self.call("Page.navigate", &json!({"url": url}))?;
        ensure!(opened["errorText"].is_null(), "{url}: {}", opened["errorText"]);
        let begun = Instant::now();
        while self.evaluate("document.readyState")? != "complete" {
            ensure!(begun.elapsed() < PATIENCE, "{url} is not loaded");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What an expression in JavaScript is, in the page.
    ///
    /// # Errors
    ///
    /// If it throws.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let mut evaluated = self.call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true}))?;
        ensure!(evaluated["exceptionDetails"].is_null(), "{expression}: {}", evaluated["exceptionDetails"]);
        Ok(evaluated["result"]["value"].take())
    }

    /// Moves the mouse, presses or releases its left button: `mouseMoved`, `mousePressed`, `mouseReleased`.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn mouse(&mut self, kind: &str, x: f64, y: f64) -> Result<()> {
        let held = u8::from(kind != "mouseReleased" && self.evaluate("window.held === true")? == true);
        if kind != "mouseMoved" {
            self.evaluate(&format!("window.held = {}", kind == "mousePressed"))?;
        }
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let event = json!({"type": kind, "x": x, "y": y, "button": button, "buttons": held, "clickCount": 1});
        self.call("Input.dispatchMouseEvent", &event).map(drop)
    }

    /// Takes a picture of the page from its top, as PNG.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn picture(&mut self, width: u32, height: u32) -> Result<Vec<u8>> {
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let picture = self.call("Page.captureScreenshot", &json!({"clip": clip, "captureBeyondViewport": true}))?;
        Ok(STANDARD.decode(picture["data"].as_str().context("no picture")?)?)
    }

    /// What must not happen in a page that stands for itself: errors, refused contents, and requests of anything but files
    /// and data in it.
    pub fn complaints(&self) -> Vec<String> {
        let complaint = |event: &Value| {
            let parameters = &event["params"];
            match event["method"].as_str()? {
                "Runtime.exceptionThrown" => Some(parameters["exceptionDetails"].to_string()),
                "Log.entryAdded" => Some(parameters["entry"].to_string()),
                "Network.requestWillBeSent" => {
                    let url = parameters["request"]["url"].as_str().unwrap_or_default();
                    (!url.starts_with("file:") && !url.starts_with("data:")).then(|| url.to_owned())
                }
                _ => None,
            }
        };
        self.events.iter().filter_map(complaint).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    PROGRAMS
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)))
        .find(|file| file.is_file())
}
