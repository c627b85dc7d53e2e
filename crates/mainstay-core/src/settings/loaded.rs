//! What came of reading settings.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Environment, Field, Given, Layer, Problem, Reader, Section, Source, Sources};

/// What came of reading settings.
#[derive(Debug)]
pub struct Loaded<S> {
    /// The settings; `None` when there were errors.
    pub settings: Option<S>,
    /// All fields and all problems.
    pub report: Report,
}

/// Every field with its effective value, and every problem.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The kind of place that was judged for.
    pub environment: Environment,
    /// Every field that was read, in order.
    pub fields: Vec<Field>,
    /// Every problem, in the order they were found.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether a problem stops the start.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}

impl Sources {
    /// Reads a section, judged as in this environment.
    pub fn read<S: Section>(&self, environment: Environment) -> Loaded<S> {
        let mut reader = Reader::new(self, environment);
        read_environment(&mut reader);
        reader.group("", "");
        let settings = S::read(&mut reader);
        let report = reader.finish();
        Loaded { settings: Some(settings).filter(|_| !report.has_errors()), report }
    }

    /// The environment that `ENVIRONMENT` names; development when nobody named one.
    ///
    /// A name that is none is reported when a section is read, with all other problems. Until then the
    /// sternest environment is assumed.
    pub fn environment(&self) -> Environment {
        let mut reader = Reader::new(self, Environment::Production);
        match read_environment(&mut reader) {
            Some(environment) => environment,
            None if reader.has_problems() => Environment::Production,
            None => Environment::Development,
        }
    }
}

/// Reads a section from pairs of name and value alone: for tests, and where nothing of this machine may
/// matter.
pub fn read_pairs<S: Section>(environment: Environment, pairs: &[(&str, &str)]) -> Loaded<S> {
    let mut layer = Layer::default();
    for (name, text) in pairs {
        layer.insert(*name, Given { text: OsString::from(text), source: Source::Process });
    }
    let mut sources = Sources::new(PathBuf::new());
    sources.push(layer);
    sources.read(environment)
}

/// Every field of a section with its documentation, as it is when nobody gives a value.
pub fn describe<S: Section>(environment: Environment) -> Vec<Field> {
    read_pairs::<S>(environment, &[]).report.fields
}

fn read_environment(reader: &mut Reader<'_>) -> Option<Environment> {
    reader.group("Environment", "What kind of place this is; the rest is judged by it.");
    reader
        .field::<Environment>("ENVIRONMENT")
        .doc("In staging and production, what is insecure stops the start; elsewhere it is a warning.")
        .default_text("development")
        .example("development")
        .optional()
}
