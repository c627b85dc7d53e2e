//! From the sources to settings, or to all that is wrong with them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mainstay_core::settings::suggest::looks_like_name;
use mainstay_core::settings::{
    Environment, Excerpt, FileError, Given, Layer, Loaded, Place, Problem, Section, Setting as _, Source,
    Sources, read_text, visible,
};

use super::env_file::{self, Malformed};

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

/// Reads all settings from all sources.
pub fn load<S: Section>(input: &Input) -> Loaded<S> {
    let mut gathering = Gathering::new(&input.directory);
    let environment = gathering.gather(input);
    let mut loaded = gathering.sources.read::<S>(environment);
    let problems = std::mem::take(&mut loaded.report.problems);
    loaded.report.problems = gathering.problems.into_iter().chain(problems).collect();
    loaded.settings = loaded.settings.filter(|_| !loaded.report.has_errors());
    loaded
}

/// The sources while they are put together.
struct Gathering<'a> {
    directory: &'a Path,
    sources: Sources,
    problems: Vec<Problem>,
}

/// The largest env file.
const ENV_FILE_MAX_BYTES: u64 = 1024 * 1024;

/// After so many malformed lines the rest of a file is only counted: it is probably no env file at all.
const MALFORMED_MAX_LINES: usize = 20;

impl<'a> Gathering<'a> {
    fn new(directory: &'a Path) -> Self {
        Self { directory, sources: Sources::new(directory), problems: Vec::new() }
    }

    fn gather(&mut self, input: &Input) -> Environment {
        self.add_overrides(&input.overrides);
        self.add_process(input);
        if let Some(given) = self.sources.get("ENV_FILE").cloned() {
            let layer = self.read_env_file(Path::new(&given.text), Some(&given.source));
            self.sources.push(layer);
        }
        let environment = self.sources.environment();
        let dot_env = Path::new(".env");
        if environment == Environment::Development {
            self.add_optional_env_file(dot_env, environment);
        } else if environment.is_strict() && self.directory.join(dot_env).exists() {
            self.warn_of_dot_env(environment);
        }
        let named = format!("config/{}.env", environment.name());
        self.add_optional_env_file(Path::new(&named), environment);
        environment
    }

    fn add_overrides(&mut self, overrides: &[OsString]) {
        let mut layer = Layer::default();
        for (index, text) in overrides.iter().enumerate() {
            let pair = text.to_str().and_then(|text| text.split_once('='));
            let Some((name, value)) = pair.filter(|(name, _)| !name.is_empty()) else {
                let message = format!("--set number {} is not of the form NAME=value", index + 1);
                let problem = Problem::error("MS0113", message);
                self.problems.push(problem.help("write for example `--set PORT=8080`"));
                continue;
            };
            let given = Given { text: OsString::from(value), source: Source::CommandLine };
            if layer.insert(name, given).is_some() {
                self.report_twice(name, Source::CommandLine, "--set names it twice");
            }
        }
        self.sources.push(layer);
    }

    fn add_process(&mut self, input: &Input) {
        let mut layer = Layer::shared(input.application.to_ascii_uppercase().replace('-', "_") + "_");
        for (name, text) in &input.process {
            if let Some(name) = name.to_str() {
                layer.insert(name, Given { text: text.clone(), source: Source::Process });
            }
        }
        self.sources.push(layer);
    }

    /// Adds a file that need not be there. Which environment this is was settled before it was read, and the
    /// sources are settled too: it has no say in either.
    fn add_optional_env_file(&mut self, path: &Path, environment: Environment) {
        let mut layer = self.read_env_file(path, None);
        for name in ["ENVIRONMENT", "ENVIRONMENT_FILE", "ENV_FILE"] {
            let Some(given) = layer.remove(name) else { continue };
            let same =
                given.text.to_str().and_then(|text| Environment::parse(text).ok()) == Some(environment);
            if name == "ENVIRONMENT" && same {
                continue;
            }
            let message = format!("{name} cannot be set in {}", shown(path));
            let place = Place { name: name.to_owned(), source: given.source, excerpt: None };
            let problem = Problem::error("MS0110", message).place(place);
            let because = format!("that file is only read because this is {}", environment.name());
            let help =
                format!("set {name} in the process environment, or start with ENV_FILE={}", shown(path));
            self.problems.push(problem.because(because).help(help));
        }
        self.sources.push(layer);
    }

    fn warn_of_dot_env(&mut self, environment: Environment) {
        let message = format!(".env is there but not read in {}", environment.name());
        let problem = Problem::warning("MS0110", message).because("it is a file for developers");
        self.problems.push(problem.help("remove it, or start with ENV_FILE=.env if it is meant"));
    }

    /// The layer of an env file; without `named_by` it need not be there.
    fn read_env_file(&mut self, path: &Path, named_by: Option<&Source>) -> Layer {
        let mut layer = Layer::default();
        match read_text(&self.directory.join(path), ENV_FILE_MAX_BYTES) {
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
                let problem =
                    Problem::error("MS0106", format!("the env file {} {error}", shown(path))).place(place);
                let help = "an env file holds lines of the form NAME=value, in UTF-8, at most 1 MiB of them";
                self.problems.push(problem.help(help));
            }
        }
        layer
    }

    fn read_lines(&mut self, path: &Path, text: &str, layer: &mut Layer) {
        let source = |line, column| Source::EnvFile { path: path.to_owned(), line, column };
        let mut malformed_lines = 0;
        for line in env_file::parse(text) {
            match line {
                Ok(entry) => {
                    let source = source(entry.line, entry.column);
                    let given = Given { text: OsString::from(entry.value), source: source.clone() };
                    if let Some(first) = layer.get(&entry.name) {
                        let because = format!("it was given before, at {}", first.source);
                        self.report_twice(&entry.name, source, &because);
                    } else {
                        layer.insert(entry.name, given);
                    }
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
            let message = format!("{} has {more} more malformed lines", shown(path));
            self.problems.push(Problem::error("MS0107", message).help("is it an env file at all?"));
        }
    }

    fn report_malformed(&mut self, malformed: &Malformed, source: Source) {
        let name = malformed.name.clone().unwrap_or_default();
        // The rest of the line may be a secret: a mark stands for it.
        let excerpt = Excerpt { start: name.chars().count(), length: 1, text: format!("{name}…") };
        let problem = Problem::error("MS0107", format!("malformed line: {}", malformed.fault));
        let place = Place { name, source, excerpt: Some(excerpt) };
        self.problems.push(problem.place(place).help(malformed.fault.help()));
    }

    fn report_twice(&mut self, name: &str, source: Source, because: &str) {
        let name = if looks_like_name(name) { name } else { "a setting" };
        let place = Place { name: name.to_owned(), source, excerpt: None };
        let problem = Problem::error("MS0108", format!("{name} is given twice")).place(place);
        self.problems.push(problem.because(because).help("remove one of them"));
    }
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string())
}
