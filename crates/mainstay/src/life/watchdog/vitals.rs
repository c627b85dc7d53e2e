//! What the watchdog knows, for whoever asks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::observer::Look;

/// The time over which stalls are counted.
const WINDOW: Duration = Duration::from_mins(10);

/// More stalls in the window than this are not told apart.
const MOST_STALLS: usize = 100;

/// How the runtime goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gait {
    /// It does what it is given.
    Moving,
    /// It has done nothing for 250 ms or more.
    Slow,
    /// It has done nothing for a second or more: the service is not ready.
    Stalled,
    /// It moves again, and is watched for a second before it is believed.
    Recovering,
}

impl Gait {
    /// The name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moving => "moving",
            Self::Slow => "slow",
            Self::Stalled => "stalled",
            Self::Recovering => "recovering",
        }
    }
}

/// How the runtime is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeVitals {
    /// How it goes.
    pub gait: Gait,
    /// For how long it has done nothing.
    pub still: Duration,
    /// How often it stood still for a second or more, in the last ten minutes.
    pub stalls: u32,
    /// The longest halt since the process began.
    pub longest: Duration,
    /// Whether every accept loop turns.
    pub is_accepting: bool,
}

impl Default for RuntimeVitals {
    fn default() -> Self {
        let zero = Duration::ZERO;
        Self { gait: Gait::Moving, still: zero, stalls: 0, longest: zero, is_accepting: true }
    }
}

/// What the watchdog knows. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
    shared: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    now: RuntimeVitals,
    stalls: VecDeque<Instant>,
}

impl Vitals {
    /// How the runtime is.
    pub fn runtime(&self) -> RuntimeVitals {
        self.lock().now
    }

    pub(super) fn note(&self, now: Instant, look: Look, is_accepting: bool) {
        let mut known = self.lock();
        if look.gait == Gait::Stalled && look.was != Gait::Stalled {
            known.stalls.push_back(now);
        }
        known.stalls.retain(|stall| now.saturating_duration_since(*stall) < WINDOW);
        while known.stalls.len() > MOST_STALLS {
            known.stalls.pop_front();
        }
        known.now = RuntimeVitals {
            gait: look.gait,
            still: look.still,
            stalls: u32::try_from(known.stalls.len()).unwrap_or(u32::MAX),
            longest: known.now.longest.max(look.still),
            is_accepting,
        };
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Plain values that are replaced together: a panic elsewhere cannot leave them half written.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
