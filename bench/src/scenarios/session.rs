//! What it costs to know who is asking, inside the process: the example `session_bench` of the runtime.

use anyhow::{Context, Result};
use mainstay_core::Clock;

use crate::cargo::example;
use crate::figure::Figure;

pub(crate) fn run(_: &Clock) -> Result<Vec<Figure>> {
    let printed = example("mainstay", "session_bench", &[])?;
    let figure = |name: &str, line: &str| {
        let nanos =
            mean(&printed, line).with_context(|| format!("session_bench printed no line {line:?}"))?;
        anyhow::Ok(Figure::new(name, nanos / 1e3, "µs"))
    };
    Ok(vec![
        figure("session check, in the cache, mean of 1,000,000", "in the cache")?.at_most(2.0),
        figure("session check, in the cache, two at once", "in the cache, two at once")?,
        figure("session check, in the database", "in the database")?,
    ])
}

/// The mean, in nanoseconds, of the line about `what`.
fn mean(printed: &str, what: &str) -> Option<f64> {
    let figures = printed.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(": mean "))?;
    figures.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_its_whole_name() {
        let printed = "in the cache, two at once: mean 900 ns, median 850ns\n\
                       in the cache: mean 1200 ns, median 1.1µs, p99 2µs, p99.9 9µs\n";
        assert_eq!(mean(printed, "in the cache"), Some(1200.0));
        assert_eq!(mean(printed, "in the cache, two at once"), Some(900.0));
        assert_eq!(mean(printed, "in the database"), None);
    }
}
