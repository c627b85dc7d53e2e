//! Where values come from, and which source wins.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Field;
use super::file::{self, FileError};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// `--set NAME=value`.
    CommandLine,
    /// A variable of the process environment.
    Process,
    /// A line of an env file; both numbers count from 1.
    EnvFile {
        /// The file, as it was named.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The first character of the value, or of what is wrong.
        column: usize,
    },
    /// A file that holds nothing but the value.
    ValueFile {
        /// The file, as it was named.
        path: PathBuf,
        /// The variable that names it, such as `SECRET_KEY_FILE`.
        variable: String,
    },
    /// Nobody gave a value.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("--set"),
            Self::Process => f.write_str("process environment"),
            Self::EnvFile { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::ValueFile { path, variable } => write!(f, "{} (from {variable})", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Everything that settings are read from but the defaults, strongest first.
#[derive(Default)]
pub struct Sources {
    directory: PathBuf,
    pub(super) layers: Vec<Layer>,
}

/// One source: each name at most once.
#[derive(Default)]
pub struct Layer {
    pub(super) values: BTreeMap<String, Given>,
    pub(super) prefix: String,
}

/// A value as it was given. Not printed: it may be a secret.
#[derive(Clone)]
pub struct Given {
    /// The value.
    pub text: OsString,
    /// Where it stands.
    pub source: Source,
}

/// The strongest source's word on a setting.
pub(super) struct Found<'a> {
    /// The name that was written: the setting's own, an alias, or one of them with `_FILE`.
    pub(super) written: String,
    /// The name without `_FILE`.
    pub(super) name: String,
    given: &'a Given,
    /// Another name for the same setting in the same source.
    pub(super) rival: Option<String>,
}

/// Why a value that was given cannot be had.
pub(super) enum Unreadable {
    NotUtf8,
    File(FileError),
}

/// The largest file that `NAME_FILE` may name.
const VALUE_FILE_MAX_BYTES: u64 = 64 * 1024;

impl Layer {
    /// A source that others share, such as the process environment: only names that begin so are certainly
    /// meant for this application, and are errors when no setting has them.
    pub fn shared(prefix: impl Into<String>) -> Self {
        Self { values: BTreeMap::new(), prefix: prefix.into() }
    }

    /// Adds a value. Gives back the one that the name had before.
    pub fn insert(&mut self, name: impl Into<String>, given: Given) -> Option<Given> {
        self.values.insert(name.into(), given)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.values.get(name)
    }

    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<Given> {
        self.values.remove(name)
    }
}

impl Sources {
    /// No sources yet. Relative paths of `NAME_FILE` begin at `directory`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), layers: Vec::new() }
    }

    /// Adds a source that is weaker than all before it.
    pub fn push(&mut self, layer: Layer) {
        self.layers.push(layer);
    }

    /// What the strongest source says of a name, to the letter.
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.layers.iter().find_map(|layer| layer.get(name))
    }

    /// What the strongest source says of a field, under any of its names.
    pub(super) fn find(&self, field: &Field) -> Option<Found<'_>> {
        self.layers.iter().find_map(|layer| {
            let forms =
                field.names().flat_map(|name| [(name, name.to_owned()), (name, format!("{name}_FILE"))]);
            let mut found = forms.filter_map(|(name, written)| {
                let given = layer.values.get(&written)?;
                Some(Found { name: name.to_owned(), written, given, rival: None })
            });
            let first = found.next()?;
            let rival = found.next().map(|other| other.written);
            Some(Found { rival, ..first })
        })
    }

    /// The text that was found, with its source. One trailing newline of a file is cut.
    pub(super) fn text(&self, found: &Found<'_>) -> Result<(Zeroizing<String>, Source), Unreadable> {
        let text = found.given.text.to_str().ok_or(Unreadable::NotUtf8)?;
        if found.written == found.name {
            return Ok((Zeroizing::new(text.to_owned()), found.given.source.clone()));
        }
        let content = file::read_text(&self.directory.join(text), VALUE_FILE_MAX_BYTES);
        let content = Zeroizing::new(content.map_err(Unreadable::File)?);
        let value = content.strip_suffix('\n').unwrap_or(&content);
        let value = value.strip_suffix('\r').unwrap_or(value);
        let source = Source::ValueFile { path: PathBuf::from(text), variable: found.written.clone() };
        Ok((Zeroizing::new(value.to_owned()), source))
    }
}

impl Found<'_> {
    /// Where the name was written.
    pub(super) fn source(&self) -> &Source {
        &self.given.source
    }
}
