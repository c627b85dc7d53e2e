//! The process as a whole.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use mainstay::life::{self, App, Configuration, Exit, Phase};
use mainstay::{BuildError, Json, Routes, Service};
use mainstay_core::Clock;
use mainstay_core::settings::{Environment, read_pairs};
use mainstay_db::Migrations;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Names what the child does wrong.
const FAULT: &str = "LIFE_TEST_FAULT";

/// A service with one fault.
struct Faulty(String);

impl Service for Faulty {
    const NAME: &'static str = "faulty";
    const VERSION: &'static str = "1.0.0";
    const ABOUT: &'static str = "Has one fault.";
    type Settings = ();
    type State = ();

    fn routes(&self) -> Routes {
        Routes::new().get("/", async || Json("hello")).public()
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    async fn build(&self, app: &mut App<()>) -> Result<(), BuildError> {
        match self.0.as_str() {
            "build hangs" => std::future::pending().await,
            "build fails" => return Err("no ruleset".into()),
            "hook hangs" => app.on_shutdown("appender", Phase::Flush, |_| std::future::pending()),
            // One more than there are threads on most machines: nothing of the runtime moves any more.
            "hooks block" => {
                for _ in 0..64 {
                    app.on_shutdown("blocker", Phase::Workers, async |_| {
                        std::thread::sleep(Duration::from_mins(5));
                        Ok(())
                    });
                }
            }
            "task panics" => {
                let shutdown = app.stopping().clone();
                app.tasks().spawn("importer", async move {
                    assert!(shutdown.has_begun(), "the importer\nfell over");
                });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Not a test: the service that the tests below start.
#[test]
#[expect(clippy::disallowed_methods, clippy::exit, reason = "the way a test talks to a process of its own")]
fn child() {
    let Ok(fault) = std::env::var(FAULT) else { return };
    let pairs = [
        ("DATABASE_URL", "sqlite::memory:"),
        ("PORT", "0"),
        ("LOG_FORMAT", "json"),
        ("SHUTDOWN_TIMEOUT", if fault == "hook hangs" { "20s" } else { "2s" }),
    ];
    let loaded = read_pairs::<Configuration<Faulty>>(Environment::Test, &pairs);
    let exit = life::run(Faulty(fault), loaded.settings.unwrap(), &loaded.report.problems);
    std::process::exit(exit.unwrap_or(Exit::NotStarted).code().into());
}

/// A child and its log.
struct Started {
    process: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Started {
    fn with(fault: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["process::child", "--exact", "--nocapture"]).env(FAULT, fault);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Reads the log until a record with this message. Every line must be a record.
    fn wait_for(&mut self, message: &str) -> Value {
        let records = self.lines.by_ref().map(|line| record(&line.unwrap()));
        let mut found = records.filter(|record| record["message"] == message);
        found.next().unwrap_or_else(|| panic!("the log ended without {message:?}"))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// The exit code, and the rest of the log.
    fn end(mut self) -> (Option<i32>, Vec<Value>) {
        let rest = self.lines.map(|line| record(&line.unwrap())).collect();
        (self.process.wait().unwrap().code(), rest)
    }
}

fn record(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn a_clean_end_is_zero() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut child = Started::with("none");
        let ready = child.wait_for("ready");
        assert_eq!(ready["service"], "faulty");
        assert_eq!(ready["store"], "sqlite::memory:");
        child.signal(signal);
        let (code, log) = child.end();
        assert_eq!(code, Some(0));
        assert_eq!(log.last().unwrap()["message"], "stopped");
    }
}

#[test]
fn a_hook_that_blocks_every_thread_is_late_and_named() {
    let clock = Clock::system();
    let mut child = Started::with("hooks block");
    child.wait_for("ready");
    let told = clock.now();
    child.signal(Signal::TERM);
    let (code, log) = child.end();
    assert_eq!(code, Some(1));
    let last = log.last().unwrap();
    assert_eq!(last["message"], "stopped, but not cleanly");
    assert!(last["late"].as_str().unwrap().contains("blocker (workers) was late"), "{last}");
    // The budget of two seconds, and one.
    assert!(clock.now() - told < Duration::from_secs(3));
}

#[test]
fn a_second_signal_ends_at_once() {
    let clock = Clock::system();
    let mut child = Started::with("hook hangs");
    child.wait_for("ready");
    child.signal(Signal::TERM);
    child.wait_for("stopping");
    let told = clock.now();
    child.signal(Signal::INT);
    let (code, log) = child.end();
    assert_eq!(code, Some(3));
    assert_eq!(log.last().unwrap()["message"], "stopped at once: a second signal");
    assert!(clock.now() - told < Duration::from_secs(1));
}

#[test]
fn a_panic_that_nobody_supervises_ends_the_process_in_order() {
    let mut child = Started::with("task panics");
    let panic = child.wait_for("panic: the importer\nfell over");
    assert_eq!(panic["level"], "CRITICAL");
    assert!(panic["location"].as_str().unwrap().contains("process.rs"), "{panic}");
    assert!(panic["backtrace"].is_string());
    let (code, log) = child.end();
    assert_eq!(code, Some(1));
    let panics = log.iter().filter(|record| record["target"] == "panic").count();
    assert_eq!(panics, 0, "it was logged twice: {log:?}");
    assert!(log.iter().any(|record| record["task"] == "importer"));
}

#[test]
fn a_start_that_fails_is_two() {
    let (code, log) = Started::with("build fails").end();
    assert_eq!(code, Some(2));
    let failed = log.iter().find(|record| record["message"] == "start failed").unwrap();
    assert_eq!((&failed["code"], &failed["level"]), (&"MS0504".into(), &"ERROR".into()));
    assert_eq!(failed["error"], "the application could not be built: no ruleset");
}

#[test]
fn a_start_can_be_broken_off() {
    let mut child = Started::with("build hangs");
    child.wait_for("listening");
    child.signal(Signal::TERM);
    let (code, log) = child.end();
    assert_eq!(code, Some(0));
    assert!(log.iter().all(|record| record["message"] != "ready"));
}
