//! Medians and durations as numbers.

use std::time::Duration;

use anyhow::{Context, Result};
use mainstay_core::Clock;

/// Several measurements of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// Adds one measurement.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Adds all measurements of another sample.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The value that `share` of all measurements do not exceed.
    ///
    /// # Errors
    ///
    /// When nothing was measured.
    pub(crate) fn quantile(&self, share: f64) -> Result<f64> {
        let mut values = self.0.clone();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1).context("nothing was measured")?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index among a few thousand measurements"
        )]
        let index = (last as f64 * share).round() as usize;
        Ok(values[index.min(last)])
    }

    /// The middle one.
    ///
    /// # Errors
    ///
    /// When nothing was measured.
    pub(crate) fn median(&self) -> Result<f64> {
        self.quantile(0.5)
    }
}

/// Runs `work` and tells how long it took.
///
/// # Errors
///
/// Those of `work`.
pub(crate) fn timed<T>(clock: &Clock, work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = clock.now();
    let value = work()?;
    Ok((value, clock.now() - start))
}

/// Milliseconds, with their fraction.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Mebibytes, with their fraction.
#[expect(clippy::cast_precision_loss, reason = "nothing here is near 2^53 bytes")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sample = Sample(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert!((sample.median().expect("measured") - 3.0).abs() < f64::EPSILON);
        assert!((sample.quantile(0.99).expect("measured") - 5.0).abs() < f64::EPSILON);
        assert!((sample.quantile(0.0).expect("measured") - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn nothing_has_no_median() {
        assert!(Sample::default().median().is_err());
    }
}
