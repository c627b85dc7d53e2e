//! From the sources to settings, or to all that is wrong with them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::file::{self, FileError};
use super::reader::unreadable_file;
use super::source::{Given, Layer, Source, Sources};
use super::{Environment, Excerpt, Field, Place, Problem, Reader, Section, Setting, env_file};

/// What settings are read from. Nothing else is: the ambient environment is never looked at.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The application's name, such as `concord`. A variable of the process environment that begins with it
    /// (`CONCORD_…`) is meant for the application, so it is an error if no setting has that name.
    pub application: String,
    /// The texts of `--set`, each `NAME=value`.
    pub overrides: Vec<OsString>,
    /// The process environment.
    pub process: BTreeMap<OsString, OsString>,
    /// Where `.env` and `config/` are, and where relative paths of `NAME_FILE` and `ENV_FILE` begin.
    pub directory: PathBuf,
}

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

/// Reads all settings from all sources.
pub fn load<S: Section>(input: &Input) -> Loaded<S> {
    let mut gathering = Gathering::default();
    let environment = gathering.gather(input);
    let mut loaded = read_section::<S>(&gathering.sources, environment);
    let problems = std::mem::take(&mut loaded.report.problems);
    loaded.report.problems = gathering.problems.into_iter().chain(problems).collect();
    loaded.settings = loaded.settings.filter(|_| !loaded.report.has_errors());
    loaded
}

/// Reads a section from pairs of name and value alone: no files, no process environment. For tests.
pub fn read_pairs<S: Section>(environment: Environment, pairs: &[(&str, &str)]) -> Loaded<S> {
    let given = |text: &str| Given { text: OsString::from(text), source: Source::Process };
    let values = pairs.iter().map(|(name, text)| ((*name).to_owned(), given(text))).collect();
    let sources = Sources { directory: PathBuf::new(), layers: vec![Layer { values, prefix: None }] };
    read_section(&sources, environment)
}

/// Every field of a section with its documentation, as it is when nobody gives a value.
pub fn describe<S: Section>(environment: Environment) -> Vec<Field> {
    read_pairs::<S>(environment, &[]).report.fields
}

fn read_section<S: Section>(sources: &Sources, environment: Environment) -> Loaded<S> {
    let mut reader = Reader::new(sources, environment);
    read_environment(&mut reader);
    reader.group("", "");
    let settings = S::read(&mut reader);
    let report = reader.finish();
    Loaded { settings: Some(settings).filter(|_| !report.has_errors()), report }
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

/// The sources while they are put together.
#[derive(Default)]
struct Gathering {
    sources: Sources,
    problems: Vec<Problem>,
}

/// The largest env file.
const ENV_FILE_MAX_BYTES: u64 = 1024 * 1024;

/// After so many malformed lines the rest of a file is only counted: it is probably no env file at all.
const MALFORMED_MAX_LINES: usize = 20;

impl Gathering {
    fn gather(&mut self, input: &Input) -> Environment {
        self.sources.directory.clone_from(&input.directory);
        self.add_overrides(&input.overrides);
        self.add_process(input);
        let env_file = self.sources.layers.iter().find_map(|layer| layer.values.get("ENV_FILE")).cloned();
        if let Some(given) = env_file {
            self.add_env_file(Path::new(&given.text), Some(&given.source));
        }
        let environment = self.environment();
        let dot_env = Path::new(".env");
        if environment == Environment::Development {
            self.add_optional_env_file(dot_env, environment);
        } else if environment.is_strict() && input.directory.join(dot_env).exists() {
            self.warn_of_dot_env(environment);
        }
        let named = format!("config/{}.env", environment.name());
        self.add_optional_env_file(Path::new(&named), environment);
        environment
    }

    /// The environment, from the sources that may name it. What is wrong with it is reported when all
    /// settings are read; until then the sternest one is assumed.
    fn environment(&self) -> Environment {
        let mut reader = Reader::new(&self.sources, Environment::Production);
        match read_environment(&mut reader) {
            Some(environment) => environment,
            None if reader.has_problems() => Environment::Production,
            None => Environment::Development,
        }
    }

    fn add_overrides(&mut self, overrides: &[OsString]) {
        let mut values = BTreeMap::new();
        for (index, text) in overrides.iter().enumerate() {
            let pair = text.to_str().and_then(|text| text.split_once('='));
            let Some((name, value)) = pair.filter(|(name, _)| !name.is_empty()) else {
                let message = format!("--set number {} is not of the form NAME=value", index + 1);
                let problem = Problem::error("MS0113", message);
                self.problems.push(problem.help("write for example `--set PORT=8080`"));
                continue;
            };
            let given = Given { text: OsString::from(value), source: Source::CommandLine };
            if values.insert(name.to_owned(), given).is_some() {
                self.report_twice(name, Source::CommandLine, "--set names it twice");
            }
        }
        self.sources.layers.push(Layer { values, prefix: None });
    }

    fn add_process(&mut self, input: &Input) {
        let pairs = input.process.iter().filter_map(|(name, text)| Some((name.to_str()?.to_owned(), text)));
        let given = |text: &OsString| Given { text: text.clone(), source: Source::Process };
        let values = pairs.map(|(name, text)| (name, given(text))).collect();
        let prefix = input.application.to_ascii_uppercase().replace('-', "_") + "_";
        self.sources.layers.push(Layer { values, prefix: Some(prefix) });
    }

    /// Adds a file that need not be there. Which environment this is was settled before it was read, and the
    /// sources are settled too: it has no say in either.
    fn add_optional_env_file(&mut self, path: &Path, environment: Environment) {
        self.add_env_file(path, None);
        let Some(layer) = self.sources.layers.last_mut() else { return };
        for name in ["ENVIRONMENT", "ENVIRONMENT_FILE", "ENV_FILE"] {
            let Some(given) = layer.values.remove(name) else { continue };
            let same =
                given.text.to_str().and_then(|text| Environment::parse(text).ok()) == Some(environment);
            if name == "ENVIRONMENT" && same {
                continue;
            }
            let message = format!("{name} cannot be set in {}", path.display());
            let place = Place { name: name.to_owned(), source: given.source, excerpt: None };
            let problem = Problem::error("MS0110", message).place(place);
            let because = format!("that file is only read because this is {}", environment.name());
            let help =
                format!("set {name} in the process environment, or start with ENV_FILE={}", path.display());
            self.problems.push(problem.because(because).help(help));
        }
    }

    fn warn_of_dot_env(&mut self, environment: Environment) {
        let message = format!(".env is there but not read in {}", environment.name());
        let problem = Problem::warning("MS0110", message).because("it is a file for developers");
        self.problems.push(problem.help("remove it, or start with ENV_FILE=.env if it is meant"));
    }

    /// Adds the layer of an env file; without `named_by` it need not be there.
    fn add_env_file(&mut self, path: &Path, named_by: Option<&Source>) {
        let mut layer = Layer { values: BTreeMap::new(), prefix: None };
        match file::read_text(&self.sources.directory.join(path), ENV_FILE_MAX_BYTES) {
            Ok(text) => self.read_lines(path, &text, &mut layer),
            Err(FileError::Missing) if named_by.is_none() => {}
            Err(error) => {
                let source = match (&error, named_by) {
                    (FileError::NotUtf8 { line, byte }, _) => {
                        Source::EnvFile { path: path.to_owned(), line: *line, column: *byte }
                    }
                    (_, Some(source)) => source.clone(),
                    (_, None) => Source::EnvFile { path: path.to_owned(), line: 1, column: 1 },
                };
                let name = if named_by.is_some() { "ENV_FILE" } else { "" };
                let place = Place { name: name.to_owned(), source, excerpt: None };
                self.problems.push(unreadable_file(path, &error).place(place));
            }
        }
        self.sources.layers.push(layer);
    }

    fn read_lines(&mut self, path: &Path, text: &str, layer: &mut Layer) {
        let source = |line, column| Source::EnvFile { path: path.to_owned(), line, column };
        let mut malformed_lines = 0;
        for line in env_file::parse(text) {
            match line {
                Ok(entry) => {
                    let source = source(entry.line, entry.column);
                    let given = Given { text: OsString::from(entry.value), source: source.clone() };
                    let first = layer.values.entry(entry.name.clone());
                    if let std::collections::btree_map::Entry::Occupied(first) = &first {
                        let because = format!("it was given before, at {}", first.get().source);
                        self.report_twice(&entry.name, source, &because);
                    }
                    first.or_insert(given);
                }
                Err(malformed) => {
                    malformed_lines += 1;
                    if malformed_lines <= MALFORMED_MAX_LINES {
                        self.report_malformed(&malformed, source(malformed.line, malformed.column));
                    }
                }
            }
        }
        if malformed_lines > MALFORMED_MAX_LINES {
            let more = malformed_lines - MALFORMED_MAX_LINES;
            let message = format!("{} has {more} more malformed lines", path.display());
            self.problems.push(Problem::error("MS0107", message).help("is it an env file at all?"));
        }
    }

    fn report_malformed(&mut self, malformed: &env_file::Malformed, source: Source) {
        let name = malformed.name.clone().unwrap_or_default();
        // The rest of the line may be a secret: a mark stands for it.
        let excerpt = Excerpt { start: name.chars().count(), length: 1, text: format!("{name}…") };
        let problem = Problem::error("MS0107", format!("malformed line: {}", malformed.fault));
        let place = Place { name, source, excerpt: Some(excerpt) };
        self.problems.push(problem.place(place).help(malformed.fault.help()));
    }

    fn report_twice(&mut self, name: &str, source: Source, because: &str) {
        let name = if env_file::may_be_shown(name) { name } else { "a setting" };
        let place = Place { name: name.to_owned(), source, excerpt: None };
        let problem = Problem::error("MS0108", format!("{name} is given twice")).place(place);
        self.problems.push(problem.because(because).help("remove one of them"));
    }
}
