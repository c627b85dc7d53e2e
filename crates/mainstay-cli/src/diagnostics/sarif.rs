//! Problems as SARIF 2.1.0, which code hosts and editors read.

use mainstay_core::settings::{Explanation, Place, Problem, Report, Severity, Source};
use serde_json::{Value, json};

/// Who found the problems.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

/// A log of one run, with a rule for each code that was found.
pub(crate) fn sarif(report: &Report, tool: &Tool, explanations: &[Explanation]) -> Value {
    let mut codes: Vec<&str> = report.problems.iter().map(|problem| problem.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<_> = codes.iter().map(|code| rule(code, explanations)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": tool.name, "version": tool.version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": report.problems.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: &str, explanations: &[Explanation]) -> Value {
    match explanations.iter().find(|explanation| explanation.code == code) {
        Some(found) => json!({
            "id": code,
            "shortDescription": { "text": found.title },
            "fullDescription": { "text": found.text.trim_end() },
        }),
        None => json!({ "id": code }),
    }
}

fn result(problem: &Problem) -> Value {
    let because = problem.because.iter().map(|because| format!("Why: {because}."));
    let help = problem.help.iter().map(|help| format!("Help: {help}."));
    let text: Vec<_> = [format!("{}.", problem.message)].into_iter().chain(because).chain(help).collect();
    json!({
        "ruleId": problem.code,
        "level": match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": text.join(" ") },
        "locations": problem.place.iter().map(location).collect::<Vec<_>>(),
    })
}

fn location(place: &Place) -> Value {
    let name = Some(&place.name).filter(|name| !name.is_empty());
    let logical = name.map(|name| json!([{ "name": name, "kind": "variable" }]));
    let physical = match &place.source {
        Source::EnvFile { path, line, column } => Some(json!({
            "artifactLocation": { "uri": path.to_string_lossy() },
            "region": { "startLine": line, "startColumn": column },
        })),
        _ => None,
    };
    let mut location = serde_json::Map::new();
    location.extend(physical.map(|physical| ("physicalLocation".to_owned(), physical)));
    location.extend(logical.map(|logical| ("logicalLocations".to_owned(), logical)));
    Value::Object(location)
}
