//! Tests of the sources; what they share is here.

mod env_files;
mod explanations;
mod hostile;
mod published;
mod secret_keys;
mod sources;

use std::ffi::OsString;
use std::time::Duration;

use mainstay_core::Secret;
use mainstay_core::settings::{
    Environment, Loaded, Problem, Reader, Report, Section, Severity, Source, read_pairs,
};
use tempfile::TempDir;

use super::*;

/// A section with one field of each kind that behaves in its own way.
#[derive(Debug)]
struct Sample {
    port: u16,
    pool: u32,
    password: Option<Secret>,
}

impl Section for Sample {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Sample", "One of each.");
        reader.field("TIMEOUT").default(Duration::from_secs(5)).read();
        reader.field::<String>("URL").optional();
        reader.field::<Vec<String>>("HOSTS").default(vec!["localhost".to_owned()]).read();
        Self {
            port: reader.field("PORT").default(8080).default_strict(80).bounds(1..).read(),
            pool: reader.field::<u32>("POOL").alias("DB_POOL").default(5).bounds(1..=10).read(),
            password: reader.field::<Secret>("PASSWORD").required_in_strict(),
        }
    }
}

/// A directory with files, and a process environment.
struct Ground {
    directory: TempDir,
    input: Input,
}

impl Ground {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let input = Input {
            application: "concord".to_owned(),
            directory: directory.path().to_owned(),
            ..Input::default()
        };
        Self { directory, input }
    }

    fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn variable(mut self, name: &str, text: impl Into<OsString>) -> Self {
        self.input.process.insert(name.into(), text.into());
        self
    }

    fn set(mut self, text: impl Into<OsString>) -> Self {
        self.input.overrides.push(text.into());
        self
    }

    fn load(&self) -> Loaded<Sample> {
        load(&self.input)
    }

    /// The settings, which must be without problems.
    fn sample(&self) -> Sample {
        let loaded = self.load();
        assert_eq!(loaded.report.problems, []);
        loaded.settings.unwrap()
    }

    /// All problems, each as `code place: message`.
    fn problems(&self) -> Vec<String> {
        let loaded = self.load();
        assert_eq!(loaded.settings.is_none(), loaded.report.has_errors());
        loaded.report.problems.iter().map(summary).collect()
    }
}

fn summary(problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| format!(" {}", place.source)).unwrap_or_default();
    format!("{}{place}: {}", problem.code, problem.message)
}
