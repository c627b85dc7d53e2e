//! Routes as a table for documents.

use std::fmt::Write as _;

use mainstay::Control;
use mainstay::routes::RouteTable;
use mainstay_core::settings::Setting as _;

use super::text::bytes;
use super::{State, priority, rate};

/// The matrix of routes and controls, and the waivers with their reasons.
pub(super) fn markdown(table: &RouteTable) -> String {
    let controls: Vec<_> = Control::ALL.iter().map(|control| control.as_str().replace('_', " ")).collect();
    let mut text = format!(
        "| method | path | auth | limit | body | timeout | priority | degraded | {} |\n",
        controls.join(" | ")
    );
    let _ = writeln!(text, "|{}", "---|".repeat(8 + controls.len()));
    for row in table.rows() {
        let states = Control::ALL.iter().map(|control| State::of(*control, row).as_str());
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {} | {} | {} | {} | {} | {} |",
            row.method,
            row.path,
            row.policy.auth.as_str(),
            rate(row),
            bytes(row.body.bytes),
            row.deadline.show(),
            priority(row),
            row.policy.degradation,
            states.collect::<Vec<_>>().join(" | "),
        );
    }
    let waivers = table.rows().flat_map(|row| row.policy.waivers.iter().map(move |waiver| (row, waiver)));
    let lines: Vec<_> = waivers
        .map(|(row, waiver)| {
            let until = waiver.until.map(|until| format!(" (until {until})")).unwrap_or_default();
            let control = waiver.control.as_str().replace('_', " ");
            format!("- {} `{}`, {control}: {}{until}\n", row.method, row.path, waiver.reason)
        })
        .collect();
    if !lines.is_empty() {
        let _ = write!(text, "\nWaivers:\n\n{}", lines.concat());
    }
    text
}
