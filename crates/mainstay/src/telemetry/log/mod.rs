//! Logs: one record a line, on standard error.
//!
//! As JSON, a record is one object whose keys come in a fixed order: `timestamp` (UTC, microseconds), `level`,
//! `target`, `message`, `request_id` (inside a request), then the fields of the event, then those of the
//! spans around it. No key stands twice: the innermost wins. As text, the same facts are laid out for people,
//! in colour when standard error is a terminal.
//!
//! Levels are those of [`tracing`], and one more above them: an `error` event with the field `critical = true`
//! is written with the level `CRITICAL`. [`critical!`](crate::critical) writes one; crates below this one set the field.
//!
//! What a record may never show is taken out on the way, whoever wrote it:
//!
//! | where | what | becomes |
//! |---|---|---|
//! | a field whose name speaks of a secret | the whole value | `[redacted]` |
//! | a URL in any text | password, query string | `***`, `?[redacted]` |
//! | `Bearer …`, `password=…`, `token=…`, `secret=…`, `Cookie: …` and their like in any text | what follows | `***` |
//! | control characters, line separators, direction marks | each | an escape |
//! | a text of more than [`MAX_TEXT_BYTES`] | the end | a note of how much was cut |
//!
//! ```
//! use mainstay::telemetry::log::{Captured, LogFormat, LogSettings, Logging};
//! use mainstay_core::Clock;
//!
//! let lines = Captured::default();
//! let settings = LogSettings { format: LogFormat::Json, ..LogSettings::default() };
//! let logging = Logging::new(&settings, &Clock::manual().0, lines.clone());
//! tracing::subscriber::with_default(logging.subscriber(), || {
//!     tracing::info!(password = "hunter2", "signed in\nas root");
//! });
//! assert_eq!(lines.text(), concat!(
//!     r#"{"timestamp":"1970-01-01T00:00:00.000000Z","level":"INFO","target":"rust_out","#,
//!     r#""message":"signed in\nas root","password":"[redacted]"}"#, "\n",
//! ).replace("rust_out", module_path!()));
//! ```

mod config;
mod fields;
mod json;
mod layer;
mod panic;
pub(crate) mod redact;
mod sink;
mod text;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use mainstay_core::Clock;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;

pub use config::{LogFilter, LogFormat, LogSettings};
pub use fields::MAX_TEXT_BYTES;
pub use panic::install_panic_hook;
pub use sink::{Captured, Sink, StandardError};

use layer::LogLayer;

#[doc(hidden)]
pub use tracing as __tracing;

/// Logs an event that somebody must look at now: the level `CRITICAL`.
///
/// Takes what [`tracing::error!`] takes.
///
/// ```
/// mainstay::critical!(control = "csrf", "a control left no stamp");
/// ```
#[macro_export]
macro_rules! critical {
    (target: $target:expr, $($rest:tt)+) => {
        $crate::telemetry::log::__tracing::error!(target: $target, critical = true, $($rest)+)
    };
    ($($rest:tt)+) => {
        $crate::telemetry::log::__tracing::error!(critical = true, $($rest)+)
    };
}

/// How this process logs: the format, and where the lines go.
#[derive(Clone)]
pub struct Logging {
    filter: LogFilter,
    format: LogFormat,
    clock: Clock,
    sink: Arc<dyn Sink>,
}

/// A subscriber for `tracing` was installed before.
#[derive(Debug, thiserror::Error)]
#[error("logging is installed already")]
pub struct AlreadyInstalled(#[source] tracing::subscriber::SetGlobalDefaultError);

impl Logging {
    /// Logging as the settings say, into `sink`.
    pub fn new(settings: &LogSettings, clock: &Clock, sink: impl Sink) -> Self {
        Self {
            filter: settings.filter.clone(),
            format: settings.format,
            clock: clock.clone(),
            sink: Arc::new(sink),
        }
    }

    /// The subscriber that writes the records, for `tracing::subscriber::with_default`.
    pub fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        let layer = LogLayer::new(self.format, self.clock.clone(), Arc::clone(&self.sink));
        tracing_subscriber::registry().with(layer.with_filter(self.filter.targets()))
    }

    /// Makes this the logging of the whole process, and logs panics through it.
    ///
    /// # Errors
    ///
    /// When a subscriber was installed before.
    pub fn install(&self) -> Result<(), AlreadyInstalled> {
        tracing::subscriber::set_global_default(self.subscriber()).map_err(AlreadyInstalled)?;
        install_panic_hook();
        Ok(())
    }

    /// The format of the lines.
    pub fn format(&self) -> LogFormat {
        self.format
    }

    /// Where the lines go.
    pub fn sink(&self) -> &dyn Sink {
        &*self.sink
    }
}
