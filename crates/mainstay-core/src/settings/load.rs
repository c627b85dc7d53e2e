//! From the sources to settings, or to all that is wrong with them.

use std::ffi::OsString;
use std::path::PathBuf;

use super::source::{Given, Layer, Source, Sources};
use super::{Environment, Field, Problem, Reader, Section};

/// What came of reading settings.
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

/// Reads a section from pairs of name and value alone: no files, no process environment. For tests.
pub fn read_pairs<S: Section>(environment: Environment, pairs: &[(&str, &str)]) -> Loaded<S> {
    let given = |text: &str| Given { text: OsString::from(text), source: Source::CommandLine };
    let values = pairs.iter().map(|(name, text)| ((*name).to_owned(), given(text))).collect();
    let layer = Layer { values, prefix: None };
    let sources = Sources { directory: PathBuf::new(), layers: vec![layer] };
    read_section(Reader::new(&sources, environment))
}

/// Every field of a section with its documentation, as it is when nobody gives a value.
pub fn describe<S: Section>(environment: Environment) -> Vec<Field> {
    read_pairs::<S>(environment, &[]).report.fields
}

fn read_section<S: Section>(mut reader: Reader<'_>) -> Loaded<S> {
    let settings = S::read(&mut reader);
    let report = reader.finish();
    Loaded { settings: Some(settings).filter(|_| !report.has_errors()), report }
}
