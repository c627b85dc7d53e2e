//! From bytes to values, within limits.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes.
    pub bytes: u64,
    /// The deepest nesting of objects and arrays; the outermost object counts.
    pub depth: usize,
    /// The most aliases of a YAML file.
    pub aliases: usize,
    /// The most values of a YAML file, aliases resolved.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // As many values as ten megabytes of small ones hold.
        Self { bytes: 10 * 1024 * 1024, depth: 20, aliases: 100, values: 4_000_000 }
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2, with `yes`, `no`, `on` and `off` as booleans.
    Yaml,
    /// JSON.
    Json,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no such file.
    #[error("file not found: {}", .0.display())]
    NotFound(PathBuf),
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The name ends in nothing that is known.
    #[error("unsupported file type '{0}', use .yaml, .yml or .json")]
    UnknownType(String),
    /// The file is too large.
    #[error("file is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// The file is nested too deeply.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The deepest nesting.
        limit: usize,
    },
    /// The file is not what its name says, or goes beyond a limit.
    #[error("not valid {format}: {message}")]
    Malformed {
        /// `YAML` or `JSON`.
        format: &'static str,
        /// What is wrong, and where.
        message: String,
    },
    /// The file holds something else than an object.
    #[error("must hold one object")]
    NotAnObject,
}

impl Format {
    /// The format that a file's name tells.
    ///
    /// # Errors
    ///
    /// [`LoadError::UnknownType`].
    pub fn of(path: &Path) -> Result<Self, LoadError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "yaml" | "yml" => Ok(Self::Yaml),
            "json" => Ok(Self::Json),
            _ => Err(LoadError::UnknownType(extension)),
        }
    }
}

/// Reads the object that a file holds.
///
/// # Errors
///
/// See [`LoadError`].
pub fn load(path: &Path, limits: Limits) -> Result<Value, LoadError> {
    let format = Format::of(path)?;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => LoadError::NotFound(path.into()),
        _ => LoadError::Unreadable { path: path.into(), source },
    };
    let file = File::open(path).map_err(failed)?;
    // The length is a promise that a growing file or a pipe does not keep: what is read is bounded, too.
    if file.metadata().map_err(failed)?.len() > limits.bytes {
        return Err(LoadError::TooLarge { limit: limits.bytes });
    }
    let mut bytes = Vec::new();
    file.take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    let value = parse(&bytes, format, limits)?;
    if value.is_object() { Ok(value) } else { Err(LoadError::NotAnObject) }
}

/// Reads a value from bytes.
///
/// # Errors
///
/// The bytes are too many, malformed, or nested too deeply.
pub fn parse(bytes: &[u8], format: Format, limits: Limits) -> Result<Value, LoadError> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limits.bytes) {
        return Err(LoadError::TooLarge { limit: limits.bytes });
    }
    let value: Value = match format {
        Format::Json => serde_json::from_slice(bytes)
            .map_err(|error| LoadError::Malformed { format: "JSON", message: error.to_string() })?,
        Format::Yaml => serde_saphyr::from_slice_with_options(bytes, yaml_options(bytes.len(), limits))
            .map_err(|error| LoadError::Malformed { format: "YAML", message: brief(&error) })?,
    };
    if is_deeper(&value, limits.depth) { Err(LoadError::TooDeep { limit: limits.depth }) } else { Ok(value) }
}

/// What the parser says, of bounded length: it repeats what it cannot read, and that can be megabytes.
fn brief(error: &serde_saphyr::Error) -> String {
    let mut message = error.to_string();
    let end = message.floor_char_boundary(MESSAGE_BYTES);
    if end < message.len() {
        message.truncate(end);
        message.push('…');
    }
    message
}

/// What a parser reads, it can be asked to repeat: a file of so many bytes may become a value of so many more.
const EXPANSION_BYTES: usize = 1 << 20;

/// Aliases are copied for real: this many parts of a value, not more.
const COPIED_PARTS: usize = 20_000;

/// The longest message of the parser, in bytes.
const MESSAGE_BYTES: usize = 300;

fn yaml_options(bytes: usize, limits: Limits) -> serde_saphyr::Options {
    let mut budget = serde_saphyr::Budget::default();
    // One level more than allowed, so that our own words are used for one level too many.
    budget.max_depth = limits.depth + 1;
    budget.flow_nesting_limit = limits.depth + 1;
    budget.max_aliases = limits.aliases;
    budget.max_anchors = limits.aliases;
    budget.max_recorded_anchor_events = COPIED_PARTS;
    budget.max_nodes = limits.values;
    // A list and an object have an end, too; and the document has both.
    budget.max_events = limits.values.saturating_mul(2).saturating_add(4);
    budget.max_total_scalar_bytes = bytes.saturating_add(EXPANSION_BYTES);
    budget.max_recorded_anchor_bytes = bytes.saturating_add(EXPANSION_BYTES);
    budget.max_documents = 1;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = COPIED_PARTS;
    options.with_snippet = false;
    options.non_finite_float_policy = serde_saphyr::NonFiniteFloatPolicy::Reject;
    options
}

/// Whether objects and arrays are nested deeper than `limit`. The parsers bound how deep the walk can go.
fn is_deeper(value: &Value, limit: usize) -> bool {
    let mut nested: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(values) => Box::new(values.iter()),
        Value::Object(entries) => Box::new(entries.values()),
        _ => return false,
    };
    limit == 0 || nested.any(|inner| is_deeper(inner, limit - 1))
}
