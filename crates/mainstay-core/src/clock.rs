//! Time as a value that is handed in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The clock of a process: a monotonic reading for measuring, a timestamp for records.
///
/// Everything that needs the time takes a `Clock`; `clippy.toml` forbids the ambient sources. Cloning is
/// cheap, and all clones of a manual clock move together.
///
/// ```
/// use std::time::Duration;
/// use mainstay_core::Clock;
///
/// let (clock, hands) = Clock::manual();
/// let start = clock.now();
/// hands.advance(Duration::from_secs(5));
/// assert_eq!(clock.now() - start, Duration::from_secs(5));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock {
    manual: Option<Arc<Mutex<Reading>>>,
}

/// The hands of a manual clock.
#[derive(Clone, Debug)]
pub struct ManualClock {
    reading: Arc<Mutex<Reading>>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    now: Instant,
    timestamp: Timestamp,
}

impl Clock {
    /// The system's own clocks.
    pub fn system() -> Self {
        Self { manual: None }
    }

    /// A clock that stands still until its hands are moved.
    pub fn manual() -> (Self, ManualClock) {
        let reading = Reading { now: Self::system().now(), timestamp: Timestamp::UNIX_EPOCH };
        let reading = Arc::new(Mutex::new(reading));
        (Self { manual: Some(Arc::clone(&reading)) }, ManualClock { reading })
    }

    /// A monotonic reading, for measuring durations. Never goes back; means nothing outside this process.
    pub fn now(&self) -> Instant {
        match &self.manual {
            Some(reading) => lock(reading).now,
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
            None => Instant::now(),
        }
    }

    /// The time of day in UTC, for records. May jump when the system's clock is set.
    pub fn timestamp(&self) -> Timestamp {
        match &self.manual {
            Some(reading) => lock(reading).timestamp,
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
            None => Timestamp::now(),
        }
    }
}

impl ManualClock {
    /// Moves both hands forward.
    pub fn advance(&self, by: Duration) {
        let mut reading = lock(&self.reading);
        reading.now += by;
        reading.timestamp += SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    }
}

fn lock(reading: &Mutex<Reading>) -> std::sync::MutexGuard<'_, Reading> {
    // A reading is two plain values: a panic elsewhere cannot leave it half written.
    reading.lock().unwrap_or_else(PoisonError::into_inner)
}
