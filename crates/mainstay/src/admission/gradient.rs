//! The limit, and how it moves.
//!
//! A window ends after some fifty answers. It is told how long they took and how long they usually take
//! ([`UsualTime`](super::usual::UsualTime)); the quotient is the *gradient*: 1 when everything is as fast as usual,
//! ½ when it takes twice as long.
//!
//! | the window | the limit |
//! |---|---|
//! | fewer than half of the limit were ever in flight | stays: nothing was learnt about it, and now is the time to learn what is usual |
//! | at the start, not slower than usual by more than two thirds | doubles |
//! | not slower than twice the usual | grows by its square root |
//! | slower than that | falls in proportion, at most by half of itself, and half of the way at once |
//! | answers failed for lack of something (time, a connection) | falls by a tenth at least |
//! | throughput did not change with the limit ([`Trend`]) | falls by a twentieth: the queue is in the service |
//! | much slower than usual, though throughput changes with the limit, or the limit is at its least | what is usual is learnt anew, and the limit grows meanwhile: a dependency has become slower, and doing less at once would not make it faster |
//!
//! The last row is what keeps a slow dependency from choking the service: the limit would fall to its minimum, and
//! the throughput with it, for as long as the dependency is slow. No request is ever held back to measure with.

use std::time::Duration;

use super::AdmissionSettings;
use super::trend::{Elasticity, Trend};
use super::usual::Learning;

/// So many times slower than usual is still fine.
const TOLERANCE: f64 = 2.0;
/// At a gradient of at least this the limit doubles, until it has once been too high.
const DOUBLING: f64 = 0.6;
/// How far the limit goes towards where it should be when it falls.
const STEP_DOWN: f64 = 0.5;
/// The elasticity up to which throughput does not follow the limit, and from which it does.
const FLAT: f64 = 0.2;
const SCALES: f64 = 0.7;
/// How sure the trend must be for learning anew, and how slow the answers.
const SURE: f64 = 0.2;
const MUCH_SLOWER: f64 = 0.35;
/// After so many windows that did not use the limit, none of it is in use.
const CALM: u8 = 5;
/// Learning anew ends at this gradient, or after so many windows.
const LEARNT: f64 = 0.8;
const RELEARNING: u8 = 12;
/// So many windows at the minimum show that doing less does not help.
const IN_VAIN: u8 = 3;

/// What was seen in one window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    /// How long it was.
    pub(super) length: Duration,
    /// How many requests were answered well.
    pub(super) answered: u64,
    /// How long these took together.
    pub(super) spent: Duration,
    /// How long they usually take together.
    pub(super) usual: Duration,
    /// How many requests failed for lack of something.
    pub(super) failed: u64,
    /// How many requests ended, however they did.
    pub(super) ended: u64,
    /// How many requests were in flight on average.
    pub(super) concurrency: f64,
    /// Most requests in flight at once.
    pub(super) peak: u32,
}

impl Window {
    /// How long a request usually takes.
    pub(super) fn mean_usual(&self) -> Option<Duration> {
        self.usual.checked_div(u32::try_from(self.answered).ok()?)
    }
}

/// What follows from a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The new limit.
    pub(super) limit: u32,
    /// What follows from what is seen next.
    pub(super) learning: Learning,
}

/// The limit. Pure: it knows what it is told.
#[derive(Clone, Debug)]
pub(super) struct Gradient {
    min: f64,
    max: f64,
    limit: f64,
    doubling: bool,
    relearning: u8,
    /// Windows in a row that did not use the limit.
    unused: u8,
    /// Windows in a row that were much too slow at the least limit.
    in_vain: u8,
    trend: Trend,
}

impl Gradient {
    pub(super) fn new(settings: &AdmissionSettings) -> Self {
        let (min, max) = (f64::from(settings.min.max(2)), f64::from(settings.max.max(2)));
        let limit = f64::from(settings.start).clamp(min, max.max(min));
        Self {
            min,
            max: max.max(min),
            limit,
            doubling: true,
            relearning: 0,
            unused: CALM,
            in_vain: 0,
            trend: Trend::default(),
        }
    }

    /// The limit, in whole requests.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between the bounds of a u32"
    )]
    pub(super) fn limit(&self) -> u32 {
        self.limit as u32
    }

    /// Moves the limit by what a window saw.
    pub(super) fn close(&mut self, window: &Window) -> Verdict {
        let used = f64::from(window.peak) >= self.limit / 2.0;
        self.watch(window, used);
        let learning = match (used, self.relearning) {
            (false, _) => self.learn(),
            (true, 1..) => self.learn_anew(window),
            (true, 0) => self.step(window),
        };
        Verdict { limit: self.limit(), learning }
    }

    /// Adds the window to the trend. What was seen while the limit was used, and what was seen while it was not,
    /// are two stories: in one the limit moved, in the other the demand.
    fn watch(&mut self, window: &Window, used: bool) {
        let was_calm = self.unused >= CALM;
        self.unused = if used { 0 } else { self.unused.saturating_add(1).min(CALM) };
        if was_calm != (self.unused >= CALM) {
            self.trend.clear();
        }
        if window.answered > 0 && !window.length.is_zero() {
            #[expect(clippy::cast_precision_loss, reason = "answers of one window")]
            self.trend.add(window.concurrency, window.answered as f64 / window.length.as_secs_f64());
        }
    }

    /// The limit stays. What is seen is usual, unless more at once got no more done.
    fn learn(&self) -> Learning {
        if self.trend.elasticity().is_some_and(is_flat) { Learning::Nothing } else { Learning::Usual }
    }

    /// Less at once does not help: then what is seen becomes usual, and meanwhile the limit feels its way up.
    fn learn_anew(&mut self, window: &Window) -> Learning {
        self.relearning = if gradient(window) < LEARNT { self.relearning - 1 } else { 0 };
        self.set(self.limit + self.limit.sqrt());
        Learning::Anew
    }

    /// Moves the limit.
    fn step(&mut self, window: &Window) -> Learning {
        let gradient = gradient(window);
        let elasticity = self.trend.elasticity();
        let much_slower = gradient < MUCH_SLOWER;
        let is_least = much_slower && self.limit <= self.min;
        self.in_vain = if is_least { self.in_vain.saturating_add(1) } else { 0 };
        if much_slower && (elasticity.is_some_and(scales) || self.in_vain >= IN_VAIN) {
            (self.relearning, self.in_vain, self.doubling) = (RELEARNING, 0, true);
            self.trend.clear();
            return Learning::Anew;
        }
        let flat = elasticity.is_some_and(is_flat);
        self.doubling &= gradient >= DOUBLING && window.failed == 0 && !flat;
        let proportion = (TOLERANCE * gradient).clamp(0.5, 1.0);
        let proportion = if window.failed > 0 { proportion.min(0.8) } else { proportion };
        let proportion = if flat { proportion.min(0.9) } else { proportion };
        let limit = if self.doubling {
            self.limit * 2.0
        } else if proportion < 1.0 {
            self.limit - STEP_DOWN * (1.0 - proportion) * self.limit
        } else {
            self.limit + self.limit.sqrt()
        };
        self.set(limit);
        Learning::Nothing
    }

    fn set(&mut self, limit: f64) {
        self.limit = limit.clamp(self.min, self.max);
    }
}

/// The usual time over that which was spent; 1 at most.
fn gradient(window: &Window) -> f64 {
    let spent = window.spent.as_secs_f64();
    if spent > 0.0 { (window.usual.as_secs_f64() / spent).min(1.0) } else { 1.0 }
}

/// Doing more at once got no more done.
fn is_flat(elasticity: Elasticity) -> bool {
    elasticity.value < FLAT
}

/// Doing more at once surely got more done.
fn scales(elasticity: Elasticity) -> bool {
    elasticity.value > SCALES && elasticity.spread > SURE
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn gradient() -> Gradient {
        Gradient::new(&AdmissionSettings::default())
    }

    /// A second in which `peak` were in flight all the time, each for `times` the usual time of 10 ms.
    fn window(peak: u32, times: f64) -> Window {
        let answered = f64::from(peak) / (0.01 * times);
        let usual = Duration::from_secs_f64(0.01 * answered);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
        let answered = answered as u64;
        Window {
            length: SECOND,
            answered,
            spent: usual.mul_f64(times),
            usual,
            failed: 0,
            ended: answered,
            concurrency: f64::from(peak),
            peak,
        }
    }

    #[test]
    fn a_limit_that_is_not_used_stays() {
        let mut gradient = gradient();
        for times in [1.0, 10.0] {
            let verdict = gradient.close(&window(15, times));
            assert_eq!(verdict, Verdict { limit: 32, learning: Learning::Usual });
        }
    }

    #[test]
    fn it_doubles_until_it_was_too_high_and_then_grows_slowly() {
        let mut gradient = gradient();
        assert_eq!(gradient.close(&window(32, 1.0)).limit, 64);
        assert_eq!(gradient.close(&window(64, 1.2)).limit, 128);
        assert!(gradient.close(&window(128, 4.0)).limit < 128);
        let before = gradient.limit();
        let after = gradient.close(&window(before, 1.0)).limit;
        assert!(after > before && after < before + 12, "{before} {after}");
    }

    #[test]
    fn it_keeps_its_bounds() {
        let mut gradient = gradient();
        for _ in 0..100 {
            let limit = gradient.limit();
            gradient.close(&window(limit, 2.5));
        }
        assert_eq!(gradient.limit(), 4);
        for _ in 0..2_000 {
            let limit = gradient.limit();
            gradient.close(&window(limit, 1.0));
        }
        assert_eq!(gradient.limit(), 4096);
    }

    #[test]
    fn failures_make_it_fall_even_when_all_else_is_fast() {
        let mut gradient = gradient();
        let verdict = gradient.close(&Window { failed: 1, ..window(32, 1.0) });
        assert_eq!(verdict, Verdict { limit: 28, learning: Learning::Nothing });
    }

    #[test]
    fn windows_without_time_or_answers_do_no_harm() {
        let mut gradient = gradient();
        for _ in 0..10 {
            let verdict = gradient.close(&Window { peak: 32, ..Window::default() });
            assert!((4..=4096).contains(&verdict.limit));
        }
    }
}
