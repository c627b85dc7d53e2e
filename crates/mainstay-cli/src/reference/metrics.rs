//! What is counted.

use std::fmt::Write as _;

use mainstay::telemetry::metrics::{Family, Kind};

use super::{cell, head};

const ABOUT: &str = "What `/metrics` shows, where there is something to count. Labels are from bounded sets; a path that no route \
matches is one label. [operations.md](../operations.md#metrics) says who may look, and how.";

/// The page, by name.
pub(super) fn page<'a>(program: &str, families: impl Iterator<Item = &'a Family>) -> String {
    let mut families: Vec<_> = families.collect();
    families.sort_by_key(|family| family.name);
    let mut text = head("Metrics", program, "metrics", ABOUT);
    text.push_str("| name | kind | labels | what it is |\n|---|---|---|---|\n");
    for family in families {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "| `{}` | {kind} | {} | {} |", family.name, labels.join(", "), cell(family.help));
    }
    text
}
