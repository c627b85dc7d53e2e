//! Problems as JSON.

use mainstay_core::settings::{Problem, Report, Severity, Source};
use serde_json::{Value, json};

/// A report: the environment, the number of errors and warnings, every problem.
pub(crate) fn json(report: &Report) -> Value {
    let errors = report.problems.iter().filter(|problem| problem.is_error()).count();
    json!({
        "environment": report.environment.name(),
        "errors": errors,
        "warnings": report.problems.len() - errors,
        "problems": report.problems.iter().map(problem_json).collect::<Vec<_>>(),
    })
}

/// A problem: code, severity, message, place, reason, cures.
pub fn problem_json(problem: &Problem) -> Value {
    let place = problem.place.as_ref().map(|place| {
        let excerpt = place.excerpt.as_ref();
        json!({
            "setting": Some(&place.name).filter(|name| !name.is_empty()),
            "source": source_json(&place.source),
            "excerpt": excerpt.map(|excerpt| json!({
                "text": excerpt.text,
                "start": excerpt.start,
                "length": excerpt.length,
            })),
        })
    });
    json!({
        "code": problem.code,
        "severity": severity(problem.severity),
        "message": problem.message,
        "place": place,
        "because": problem.because,
        "help": problem.help,
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Where a value came from.
pub(crate) fn source_json(source: &Source) -> Value {
    match source {
        Source::CommandLine => json!({ "kind": "command_line" }),
        Source::Process => json!({ "kind": "process_environment" }),
        Source::EnvFile { path, line, column } => {
            json!({ "kind": "env_file", "path": path.to_string_lossy(), "line": line, "column": column })
        }
        Source::ValueFile { path, variable } => {
            json!({ "kind": "value_file", "path": path.to_string_lossy(), "variable": variable })
        }
        Source::Default => json!({ "kind": "default" }),
        other => json!({ "kind": "other", "text": other.to_string() }),
    }
}
