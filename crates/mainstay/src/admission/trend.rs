//! Whether doing more at once gets more done.

/// The weight of the newest window: about the last dozen count.
const WEIGHT: f64 = 0.15;

/// A regression of throughput on concurrency over the last windows; older ones fade.
#[derive(Clone, Debug, Default)]
pub(super) struct Trend {
    windows: u32,
    concurrency: f64,
    throughput: f64,
    variance: f64,
    covariance: f64,
}

/// What the last windows say of doing more at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Elasticity {
    /// By how many percent throughput rises with one percent more concurrency: 1 where there is room, 0 where
    /// something is used up, less than 0 where the work gets into its own way.
    pub(super) value: f64,
    /// How far concurrency varied, relative to its mean: the more, the surer is the value.
    pub(super) spread: f64,
}

impl Trend {
    /// Takes in one window: how much was done at once, and how much a second.
    pub(super) fn add(&mut self, concurrency: f64, throughput: f64) {
        if self.windows == 0 {
            *self = Self { windows: 1, concurrency, throughput, ..Self::default() };
            return;
        }
        self.windows = self.windows.saturating_add(1);
        let (x, y) = (concurrency - self.concurrency, throughput - self.throughput);
        self.concurrency += WEIGHT * x;
        self.throughput += WEIGHT * y;
        self.variance = (1.0 - WEIGHT) * (self.variance + WEIGHT * x * x);
        self.covariance = (1.0 - WEIGHT) * (self.covariance + WEIGHT * x * y);
    }

    /// What the windows say; `None` before there are a few, or when concurrency hardly varied.
    pub(super) fn elasticity(&self) -> Option<Elasticity> {
        let spread = self.variance.sqrt() / self.concurrency;
        let known = self.windows >= 3 && self.throughput > 0.0 && spread > 0.03;
        let slope = self.covariance / self.variance;
        known.then(|| Elasticity { value: slope * self.concurrency / self.throughput, spread })
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elasticity(throughput: impl Fn(f64) -> f64) -> f64 {
        let mut trend = Trend::default();
        for concurrency in [32.0, 24.0, 18.0, 14.0, 10.0, 8.0] {
            trend.add(concurrency, throughput(concurrency));
        }
        trend.elasticity().unwrap().value
    }

    #[test]
    fn room_shows_as_one_and_the_lack_of_it_as_zero() {
        assert!((elasticity(|concurrency| 10.0 * concurrency) - 1.0).abs() < 1e-9);
        assert!(elasticity(|_| 200.0).abs() < 1e-9);
        assert!(elasticity(|concurrency| 200.0 - concurrency) < 0.0);
    }

    #[test]
    fn without_variation_nothing_is_said() {
        let mut trend = Trend::default();
        assert_eq!(trend.elasticity(), None);
        for _ in 0..20 {
            trend.add(32.0, 100.0);
        }
        assert_eq!(trend.elasticity(), None);
    }
}
