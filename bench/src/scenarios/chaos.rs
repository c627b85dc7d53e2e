//! The log under everything at once: the tests `chaos` of the log in a release build, with as many events as it takes to
//! believe them. They fail when anything is skipped or doubled, and when a plain sequence is not caught.

use anyhow::{Context, Result, ensure};
use mainstay_core::Clock;

use crate::cargo::cargo;
use crate::figure::Figure;

/// Events on each database.
const EVENTS: &str = "200000";

pub(crate) fn run(_: &Clock) -> Result<Vec<Figure>> {
    let output = cargo(&["test", "--release", "--locked", "--package", "mainstay-events", "--test", "chaos"])
        .args(["--", "--nocapture", "--test-threads", "1"])
        .env("MAINSTAY_CHAOS_EVENTS", EVENTS)
        .output()
        .context("cannot start cargo")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    anstream::eprintln!("{printed}");
    ensure!(output.status.success(), "the chaos run ended with {}", output.status);
    let mut figures = Vec::new();
    for log in ["SQLite", "PostgreSQL", "a plain sequence"] {
        let line =
            printed.lines().find_map(|line| line.split_once(&format!("{log}: "))).context("no verdict")?.1;
        let count =
            |before: &str, after: &str| count(line, before, after).context("the verdict reads differently");
        let figure = |what: &str, value| Figure::new(format!("{log}: {what}"), value, "");
        let (skipped, doubled) = (count(" kills: ", " skipped")?, count("skipped, ", " doubled")?);
        figures.push(figure("events acknowledged", count("", " events")?));
        figures.push(figure("processes killed", count(" s, ", " kills")?));
        // The mistake must be found: that is what makes the zeros above it worth something.
        let is_stub = log == "a plain sequence";
        let skipped = figure("events skipped", skipped);
        figures.push(if is_stub { skipped.at_least(1.0) } else { skipped.at_most(0.0) });
        figures.push(figure("events doubled", doubled).at_most(0.0));
    }
    Ok(figures)
}

/// The number between two texts.
fn count(line: &str, before: &str, after: &str) -> Option<f64> {
    let (_, rest) = line.split_once(before)?;
    rest.split_once(after)?.0.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_read() {
        let line = "4047 events in 14.5 s, 15 kills: 0 skipped, 2 doubled, 0 wrong rows";
        assert_eq!(count(line, "", " events"), Some(4_047.0));
        assert_eq!(count(line, " s, ", " kills"), Some(15.0));
        assert_eq!(count(line, " kills: ", " skipped"), Some(0.0));
        assert_eq!(count(line, "skipped, ", " doubled"), Some(2.0));
    }
}
