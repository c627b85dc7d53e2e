//! Routes for people at a terminal.

use std::fmt::Write as _;

use mainstay::routes::RouteTable;
use mainstay_core::settings::Setting as _;

use super::{priority, rate, waived};

/// A line a route.
pub(super) fn text(table: &RouteTable) -> String {
    let head = ["METHOD", "PATH", "AUTH", "LIMIT", "BODY", "TIMEOUT", "PRIORITY", "DEGRADED", "WAIVED"]
        .map(str::to_owned);
    let rows = table.rows().map(|row| {
        [
            row.method.to_string(),
            row.path.clone(),
            row.policy.auth.as_str().to_owned(),
            rate(row),
            bytes(row.body.bytes),
            row.deadline.show(),
            priority(row),
            row.policy.degradation.to_string(),
            waived(row).join(", "),
        ]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let mut widths = [0; 9];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A size in the largest unit that has no fraction.
pub(super) fn bytes(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}
