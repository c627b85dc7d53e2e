//! What it costs to know who is asking, inside the process: the example `session_bench` of the runtime.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use mainstay_core::Clock;

use crate::figure::Figure;

pub(crate) fn run(_: &Clock) -> Result<Vec<Figure>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--release", "--locked", "--package", "mainstay", "--example", "session_bench"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "session_bench ended with {}", output.status);
    let printed = String::from_utf8_lossy(&output.stdout);
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
