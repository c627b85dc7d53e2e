//! `settings show`.

use std::io::{self, Write};

use mainstay_core::settings::{Field, Report, Source};
use serde_json::{Value, json};

use crate::diagnostics::source_json;

/// A line a setting, under the headings of their groups.
pub(super) fn text(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let names = report.fields.iter().map(|field| field.name.len()).max().unwrap_or_default();
    let values = report.fields.iter().map(|field| shown(field).chars().count());
    // A few long values do not push the sources of all others off the screen.
    let values = values.filter(|length| *length <= 40).max().unwrap_or_default();
    let mut group = "";
    for field in &report.fields {
        if field.group.title != group {
            let blank = if group.is_empty() { "" } else { "\n" };
            group = field.group.title;
            writeln!(out, "{blank}# {group}")?;
        }
        writeln!(out, "{:names$}  {:values$}  {}", field.name, shown(field), origin(&field.source))?;
    }
    Ok(())
}

fn shown(field: &Field) -> String {
    match (&field.value, field.default_text) {
        (Some(value), _) => value.clone(),
        (None, Some(words)) => format!("({words})"),
        (None, None) => "-".to_owned(),
    }
}

fn origin(source: &Source) -> String {
    match source {
        Source::EnvFile { path, line, .. } => format!("{}:{line}", path.display()),
        source => source.to_string(),
    }
}

/// An object a setting.
pub(super) fn json(report: &Report) -> Value {
    let fields = report.fields.iter().map(|field| {
        json!({
            "name": field.name,
            "value": field.value,
            "source": source_json(&field.source),
            "secret": field.secret,
            "group": field.group.title,
        })
    });
    json!({ "environment": report.environment.name(), "settings": fields.collect::<Vec<_>>() })
}
