//! Gathers an event and the spans around it into one record.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;
use mainstay_core::Clock;
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::fields::{Fields, Value};
use super::{LogFormat, Sink, json, text};

thread_local! {
    /// The line under construction: one allocation a thread, not one a record.
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Writes each event as one line.
pub(super) struct LogLayer {
    format: LogFormat,
    colour: bool,
    clock: Clock,
    sink: Arc<dyn Sink>,
}

/// All that a line is made of.
pub(super) struct Record<'a> {
    pub(super) timestamp: Timestamp,
    pub(super) level: &'static str,
    pub(super) target: &'a str,
    pub(super) message: &'a str,
    pub(super) request_id: Option<&'a Value>,
    /// The fields of the event, then those of the spans from the innermost outwards; no name twice.
    pub(super) fields: Vec<(&'static str, &'a Value)>,
}

impl LogLayer {
    pub(super) fn new(format: LogFormat, clock: Clock, sink: Arc<dyn Sink>) -> Self {
        // https://no-color.org: present and not empty means no colour, whatever it says.
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { format, colour: sink.is_terminal() && !refused, clock, sink }
    }

    fn write(&self, record: &Record<'_>) {
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => self.write_into(&mut line, record),
            // An event from inside the making of another one, as a panic in a `Debug` is.
            Err(_) => self.write_into(&mut String::new(), record),
        });
    }

    fn write_into(&self, line: &mut String, record: &Record<'_>) {
        line.clear();
        match self.format {
            LogFormat::Json => json::write(line, record),
            LogFormat::Text => text::write(line, record, self.colour),
        }
        line.push('\n');
        self.sink.write(line.as_bytes());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let spans: Vec<_> = context.event_scope(event).into_iter().flatten().collect();
        let extensions: Vec<_> = spans.iter().map(|span| span.extensions()).collect();
        let around = extensions.iter().filter_map(|extensions| extensions.get::<Fields>());
        let all: Vec<&Fields> = std::iter::once(&fields).chain(around).collect();
        let metadata = event.metadata();
        self.write(&Record {
            timestamp: self.clock.timestamp(),
            level: level_name(*metadata.level(), fields.critical),
            target: metadata.target(),
            message: &fields.message,
            request_id: all.iter().find_map(|fields| fields.get(REQUEST_ID)),
            fields: without_duplicates(&all),
        });
    }
}

/// The span's field that ties a record to its request.
const REQUEST_ID: &str = "request_id";

fn without_duplicates<'a>(all: &[&'a Fields]) -> Vec<(&'static str, &'a Value)> {
    let mut unique: Vec<(&'static str, &Value)> = Vec::new();
    for (name, value) in all.iter().flat_map(|fields| &fields.entries) {
        if *name != REQUEST_ID && unique.iter().all(|(known, _)| known != name) {
            unique.push((name, value));
        }
    }
    unique
}

fn level_name(level: Level, critical: bool) -> &'static str {
    match level {
        Level::ERROR if critical => "CRITICAL",
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}
