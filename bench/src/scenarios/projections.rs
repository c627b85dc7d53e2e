//! How fast read models catch up, how far behind they are, and what a rebuild does to readers: the example
//! `projection_bench` of the log, on SQLite and on a PostgreSQL of its own.

use anyhow::{Context, Result};
use mainstay_core::Clock;

use crate::cargo::example;
use crate::disk;
use crate::figure::Figure;
use crate::scenarios::number;

/// Enough that the beginning does not count.
const EVENTS: &str = "300000";

/// The promises: events a second on each database.
const DATABASES: [(&str, &str, f64); 2] =
    [("SQLite", "sqlite", 100_000.0), ("PostgreSQL", "postgres", 40_000.0)];

pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let mut figures = vec![disk::flush(clock)?];
    for (name, kind, promised) in DATABASES {
        let printed = example("mainstay-events", "projection_bench", &[EVENTS, kind])?;
        let number = |line: &str, before: &str| {
            number(&printed, line, before)
                .with_context(|| format!("projection_bench printed no {before:?} of {line:?}"))
        };
        let figure = |what: &str, value, unit| Figure::new(format!("{name}: {what}"), value, unit);
        figures.extend([
            figure("catch-up, folded", number("folded", "")?, "/s").at_least(promised),
            figure("catch-up, a statement for each event", number("a statement for each", "")?, "/s"),
            figure("catch-up, a transaction for each event", number("a transaction for each", "")?, "/s"),
            figure(
                "folded over a transaction for each",
                number("folded over a transaction for each", "")?,
                "x",
            )
            .at_least(200.0),
            figure("lag at 1,000 events/s, p99", number("lag", "p99 ")?, "ms").at_most(50.0),
            figure("rebuild under 1,000 events/s", number("rebuild under load", "")?, "/s"),
            figure("reads during the rebuild, p99", number("reads during the rebuild", "p99 ")?, "ms"),
            figure(
                "longest read during the rebuild and its swap",
                number("reads during the rebuild", "longest ")?,
                "ms",
            )
            .at_most(100.0),
        ]);
    }
    Ok(figures)
}
