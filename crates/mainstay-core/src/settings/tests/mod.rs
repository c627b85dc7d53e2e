//! Tests of settings as a whole; what they share is here.

mod env_files;
mod explanations;
mod hostile;
mod reading;
mod secret_keys;
mod sources;
mod values;

use std::ffi::OsString;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::Secret;

/// A section with one field of each kind that behaves in its own way.
#[derive(Debug)]
struct Sample {
    port: u16,
    pool: u32,
    timeout: Duration,
    password: Option<Secret>,
    url: Option<String>,
    hosts: Vec<String>,
}

impl Section for Sample {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Sample", "One of each.");
        Self {
            port: reader
                .field("PORT")
                .default(8080)
                .default_strict(80)
                .bounds(1..)
                .too_low("nobody can find it")
                .read(),
            pool: reader
                .field::<u32>("POOL")
                .alias("DB_POOL")
                .default(5)
                .bounds(1..=10)
                .too_high("too many")
                .read(),
            timeout: reader.field("TIMEOUT").default(Duration::from_secs(5)).read(),
            password: reader.field::<Secret>("PASSWORD").required_in_strict(),
            url: reader.field::<String>("URL").optional(),
            hosts: reader.field::<Vec<String>>("HOSTS").default(vec!["localhost".to_owned()]).read(),
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
