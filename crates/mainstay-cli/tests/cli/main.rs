//! The command line from end to end: arguments, environment and files in; streams and exit code out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod busy;
mod check;
mod conventions;
mod health;
mod migrate;
mod reference;
mod routes;
mod settings;

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use clap::Command;
use mainstay::life::App;
use mainstay::telemetry::metrics::Family;
use mainstay::{BuildError, Control, Json, Role, Routes, Service};
use mainstay_cli::{Cli, Console, Surroundings, Verdict};
use mainstay_core::Secret;
use mainstay_core::settings::{Reader, Section};
use mainstay_db::Migrations;
use rust_embed::RustEmbed;
use tempfile::TempDir;

/// What the sample counts.
const ANSWERS: Family = Family::counter("answers_total", &["kind"], "Answers | whatever they were.");

/// A service with a route and a setting of each sort.
struct Sample;

struct SampleSettings;

#[derive(RustEmbed)]
#[folder = "tests/cli/migrations"]
struct Files;

impl Section for SampleSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Sample", "Of the sample itself.");
        let limit =
            reader.field::<u32>("SAMPLE_LIMIT").doc("How much.").unit("pieces").default(3).bounds(1..=9);
        limit.too_high("there are not so many").read();
        reader.field::<Secret>("SAMPLE_TOKEN").doc("Opens the door.").optional();
        Self
    }
}

impl Service for Sample {
    const NAME: &'static str = "sample";
    const VERSION: &'static str = "1.2.3";
    const ABOUT: &'static str = "Shows what a command line does.";
    type Settings = SampleSettings;
    type State = ();

    fn routes(&self) -> Routes<()> {
        Routes::at("/api/v1")
            .tag("Answers")
            .get("/answer", async || Json(42))
            .role(Role::Viewer)
            .post("/hook", async || Json("taken"))
            .public()
            .waive(Control::Csrf, "the sender signs its calls")
    }

    fn migrations(&self) -> Migrations {
        Migrations::new().and_embedded::<Files>("sample")
    }

    async fn build(&self, _: &mut App<SampleSettings>) -> Result<(), BuildError> {
        Ok(())
    }
}

/// A directory, an environment, and what came out of the last run.
struct Shell {
    directory: TempDir,
    surroundings: Surroundings,
}

/// What a run left behind.
#[derive(Debug)]
struct Ran {
    code: u8,
    data: String,
    talk: String,
}

impl Shell {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let surroundings = Surroundings { directory: directory.path().to_owned(), ..Surroundings::default() };
        let database = format!("sqlite://{}", directory.path().join("data/sample.db").display());
        Self { directory, surroundings }.variable("DATABASE_URL", &database)
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.surroundings.variables.insert(name.into(), value.into());
        self
    }

    fn file(self, path: &str, content: &str) -> Self {
        let path = self.directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let (data, talk) = (Buffer::default(), Buffer::default());
        let code = self.run_with(arguments, data.clone(), talk.clone());
        Ran { code, data: data.text(), talk: talk.text() }
    }

    /// Runs the program of another service.
    fn run_of<S: Service>(&self, service: S, arguments: &[&str]) -> Ran {
        let (data, talk) = (Buffer::default(), Buffer::default());
        let arguments = ["sample"].iter().chain(arguments);
        let console = Console::plain(data.clone(), talk.clone());
        let code = Cli::new(service).run_with(arguments, &self.surroundings, console);
        Ran { code, data: data.text(), talk: talk.text() }
    }

    /// Runs with something on standard input.
    fn pipe(&self, input: &'static str, arguments: &[&str]) -> Ran {
        let (data, talk) = (Buffer::default(), Buffer::default());
        let console = Console::plain(data.clone(), talk.clone()).with_input(input.as_bytes());
        let arguments = ["sample"].iter().chain(arguments);
        let code = Cli::new(Sample).run_with(arguments, &self.surroundings, console);
        Ran { code, data: data.text(), talk: talk.text() }
    }

    fn run_with(&self, arguments: &[&str], data: impl Write + 'static, talk: impl Write + 'static) -> u8 {
        let hello = Command::new("hello").about("Say hello");
        Cli::new(Sample)
            .metrics(&[ANSWERS])
            .command(hello, |_, _, context| {
                writeln!(context.data(), "hello")?;
                Ok(Verdict::Bad)
            })
            .run_with(["sample"].iter().chain(arguments), &self.surroundings, Console::plain(data, talk))
    }
}

/// A stream that can be looked at afterwards.
#[derive(Clone, Default)]
struct Buffer(Arc<(Mutex<Vec<u8>>, Condvar)>);

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.0.lock().unwrap().clone()).unwrap()
    }

    /// Waits until something was written, a minute at most.
    fn wait_for(&self, what: &str) {
        let (bytes, written) = &*self.0;
        let is_missing = |bytes: &mut Vec<u8>| !String::from_utf8_lossy(bytes).contains(what);
        let minute = Duration::from_mins(1);
        let (bytes, waited) = written.wait_timeout_while(bytes.lock().unwrap(), minute, is_missing).unwrap();
        assert!(!waited.timed_out(), "{what} was not said: {}", String::from_utf8_lossy(&bytes));
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (all, written) = &*self.0;
        let count = all.lock().unwrap().write(bytes)?;
        written.notify_all();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
