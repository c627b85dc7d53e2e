//! The settings of the log.

use mainstay_core::settings::{Choice, Invalid, Reader, Section, Setting};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// The settings of the log.
#[derive(Clone, Debug, Default)]
pub struct LogSettings {
    /// Which records are written: `LOG_LEVEL`.
    pub filter: LogFilter,
    /// How they are written: `LOG_FORMAT`.
    pub format: LogFormat,
}

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Which records are written: a level, and other levels for some targets, such as `info,mainstay_db=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    default: LevelFilter,
    targets: Vec<(String, LevelFilter)>,
}

impl Section for LogSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Log", "What is written to standard error, and how.");
        let filter = reader
            .field::<LogFilter>("LOG_LEVEL")
            .doc("The least level that is written; other levels for some targets follow after commas.")
            .default(LogFilter::default())
            .example("info,mainstay_db=debug")
            .too_low("`debug` and `trace` cost time and disk on each request")
            .too_high("above `info`, the access log is gone; above `error`, so are the reasons of failures")
            .read();
        let format = reader
            .field::<LogFormat>("LOG_FORMAT")
            .doc("For people, or one JSON object a line for machines.")
            .default(LogFormat::Text)
            .default_strict(LogFormat::Json)
            .read();
        Self { filter, format }
    }
}

impl Choice for LogFormat {
    const CHOICES: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

impl Default for LogFilter {
    fn default() -> Self {
        Self { default: LevelFilter::INFO, targets: Vec::new() }
    }
}

impl LogFilter {
    /// The filter for `tracing-subscriber`.
    pub(super) fn targets(&self) -> Targets {
        Targets::new().with_default(self.default).with_targets(self.targets.iter().cloned())
    }
}

impl Setting for LogFilter {
    fn kind() -> &'static str {
        "text"
    }

    fn expected() -> String {
        "a level (`trace`, `debug`, `info`, `warn`, `error`, `off`), then perhaps `,target=level`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let mut filter = Self::default();
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                Some((target, level)) if !target.trim().is_empty() => {
                    filter.targets.push((target.trim().to_owned(), parse_level(level)?));
                }
                Some(_) => return Err(Invalid::new("names a level without a target")),
                None => filter.default = parse_level(part)?,
            }
        }
        Ok(filter)
    }

    fn show(&self) -> String {
        let targets = self.targets.iter().map(|(target, level)| format!(",{target}={level}"));
        std::iter::once(self.default.to_string()).chain(targets).collect()
    }
}

/// Understands also what other log libraries call the levels.
fn parse_level(text: &str) -> Result<LevelFilter, Invalid> {
    match text.trim().to_ascii_lowercase().as_str() {
        "trace" => Ok(LevelFilter::TRACE),
        "debug" => Ok(LevelFilter::DEBUG),
        "info" | "notice" => Ok(LevelFilter::INFO),
        "warn" | "warning" => Ok(LevelFilter::WARN),
        "error" | "critical" | "fatal" => Ok(LevelFilter::ERROR),
        "off" | "none" => Ok(LevelFilter::OFF),
        _ => Err(Invalid::new("names an unknown level")),
    }
}
