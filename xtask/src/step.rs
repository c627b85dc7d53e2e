//! A step: what it does, how long it took, and how to run it alone.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// One step of `cargo xtask ci`, which is also a command of its own.
pub(crate) struct Step {
    /// The name in `cargo xtask NAME`.
    pub(crate) name: &'static str,
    /// What it does, in a few words.
    pub(crate) what: &'static str,
    /// The work itself.
    pub(crate) work: fn() -> Result<()>,
}

impl Step {
    /// Runs the step: says what it does before, and how long it took after.
    ///
    /// # Errors
    ///
    /// The step's own, with the command to run it alone.
    pub(crate) fn run(&self) -> Result<()> {
        self.run_instead(self.work)
    }

    /// As [`Step::run`], with other work in the place of the step's own.
    ///
    /// # Errors
    ///
    /// As [`Step::run`].
    pub(crate) fn run_instead(&self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        self.run_quietly(work).map(|took| anstream::eprintln!("   ok: {} in {}", self.name, seconds(took)))
    }

    /// As [`Step::run_instead`], but silent after success, and returning the time that it took.
    ///
    /// # Errors
    ///
    /// As [`Step::run`].
    pub(crate) fn run_quietly(&self, work: impl FnOnce() -> Result<()>) -> Result<Duration> {
        anstream::eprintln!("==> {}: {}", self.name, self.what);
        let start = now();
        let outcome = work();
        let took = start.elapsed();
        let failed = || format!("{} failed after {}; alone: cargo xtask {0}", self.name, seconds(took));
        outcome.map(|()| took).with_context(failed)
    }
}

/// A table of steps with the time that each took.
pub(crate) fn table(rows: &[(Step, Duration)]) -> String {
    rows.iter().fold(String::new(), |mut table, (step, took)| {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "   {:<13} {:>8}", step.name, seconds(*took));
        table
    })
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a task takes is told to a person; nothing depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Step = Step {
        name: "fmt",
        what: "whether the code is formatted",
        work: || anyhow::bail!("two files differ"),
    };

    #[test]
    fn a_failure_names_the_command_that_runs_the_step_alone() {
        let error = STEP.run_quietly(STEP.work).expect_err("the step failed");
        let text = format!("{error:#}");
        assert!(text.starts_with("fmt failed after "), "{text}");
        assert!(text.ends_with("alone: cargo xtask fmt: two files differ"), "{text}");
    }

    #[test]
    fn the_table_has_a_line_for_each_step() {
        let table = table(&[(STEP, Duration::from_millis(1_240))]);
        assert_eq!(table, "   fmt              1.2 s\n");
    }
}
