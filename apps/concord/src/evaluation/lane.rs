//! Heavy work: apart from the threads that serve requests, and only so much of it at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Tasks, random};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::AnswerError;

/// The name of the tasks, in the list of what is late at the end of the process.
const TASK: &str = "evaluation";

/// How many may wait for each that works. Whoever comes later would wait in vain.
const WAITING_PER_PLACE: usize = 64;

/// Soonest and latest time that somebody is told to come back.
const RETRY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// Lets so many heavy evaluations work at once.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    tasks: Tasks,
    places: usize,
    free: Arc<Semaphore>,
    /// Room for long answers, which is taken for as long as somebody reads them.
    room: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// How long work takes, in microseconds: an average in which the last ones count most.
    usual_us: AtomicU64,
}

/// The right to do one piece of heavy work.
#[derive(Debug)]
pub(super) struct Place {
    lane: Lane,
    entered: Instant,
    deadline: Instant,
    _permit: OwnedSemaphorePermit,
}

/// Tells work whether anybody still waits for it.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    left: Arc<AtomicBool>,
    clock: Clock,
    deadline: Instant,
}

/// Stops the work when whoever waits for it goes away.
struct StopOnDrop(Stop);

/// Counts somebody who waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Lane {
    /// A lane with so many places, and with room for so many long answers.
    pub(super) fn new(clock: &Clock, tasks: &Tasks, places: usize, room: usize) -> Self {
        let [places, room] = [places, room].map(|number| number.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            shared: Arc::new(Shared {
                clock: clock.clone(),
                tasks: tasks.clone(),
                places,
                free: Arc::new(Semaphore::new(places)),
                room: Arc::new(Semaphore::new(room)),
                waiting: AtomicUsize::new(0),
                usual_us: AtomicU64::new(0),
            }),
        }
    }

    /// Waits for a place, for half of the time that is left: who gets one later would hardly finish.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Overloaded`] if too many wait already, or no place became free.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait gives up its turn.
    pub(super) async fn enter(&self, deadline: Instant) -> Result<Place, AnswerError> {
        let shared = &*self.shared;
        let Some(_waiting) = Waiting::begin(&shared.waiting, shared.places * WAITING_PER_PLACE) else {
            return Err(self.overloaded());
        };
        let asked = shared.clock.now();
        let until = asked + deadline.saturating_duration_since(asked) / 2;
        // The semaphore is never closed, so an error can only be that of the time.
        let Ok(Ok(permit)) = timeout_at(until, Arc::clone(&shared.free).acquire_owned()).await else {
            return Err(self.overloaded());
        };
        Ok(self.place(permit, deadline))
    }

    /// Waits for a place until the deadline, for the rest of work that has begun: better slow than broken off.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Late`] if no place became free.
    ///
    /// # Cancel safety
    ///
    /// As [`Lane::enter`].
    pub(super) async fn enter_again(&self, deadline: Instant) -> Result<Place, AnswerError> {
        match timeout_at(deadline, Arc::clone(&self.shared.free).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(self.place(permit, deadline)),
            _ => Err(AnswerError::Late),
        }
    }

    /// Room for one long answer, if there is any: how long it would have to be waited for depends on clients.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Overloaded`].
    pub(super) fn room(&self) -> Result<OwnedSemaphorePermit, AnswerError> {
        Arc::clone(&self.shared.room).try_acquire_owned().map_err(|_| self.overloaded())
    }

    /// Starts the part of an answer that outlives its handler.
    pub(super) fn follow(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.shared.tasks.spawn(TASK, work));
    }

    fn place(&self, permit: OwnedSemaphorePermit, deadline: Instant) -> Place {
        Place { lane: self.clone(), entered: self.shared.clock.now(), deadline, _permit: permit }
    }

    /// When those who wait now are likely to be through.
    fn overloaded(&self) -> AnswerError {
        let shared = &*self.shared;
        let ahead = shared.waiting.load(Ordering::Relaxed) + 1;
        let ahead = u32::try_from(ahead.div_ceil(shared.places)).unwrap_or(u32::MAX);
        let usual = Duration::from_micros(shared.usual_us.load(Ordering::Relaxed));
        let [soonest, latest] = RETRY;
        let wait = usual.saturating_mul(ahead).clamp(soonest, latest);
        let spread = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) / 2;
        AnswerError::Overloaded { retry_after: wait + Duration::from_millis(random::below(spread)) }
    }
}

impl Place {
    /// Does the work on a thread that may block. The place is free again when the work has ended, whether or not
    /// anybody still waits for it.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Panicked`]: a defect in one evaluation must not end the service.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future tells the work to [stop](Stop).
    pub(super) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce(&Stop) -> T + Send + 'static,
    ) -> Result<T, AnswerError> {
        let stop = Stop::at(&self.lane.shared.clock, self.deadline);
        let waits = StopOnDrop(stop.clone());
        let tasks = self.lane.shared.tasks.clone();
        let work = tasks.spawn_blocking(TASK, move || {
            let place = self;
            let done = catch_unwind(AssertUnwindSafe(|| work(&stop)));
            drop(place);
            done
        });
        let done = work.await;
        drop(waits);
        done.ok().and_then(Result::ok).ok_or(AnswerError::Panicked)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let shared = &*self.lane.shared;
        let took = shared.clock.now().saturating_duration_since(self.entered);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        shared.usual_us.update(Ordering::Relaxed, Ordering::Relaxed, |usual| {
            if usual == 0 { took } else { (usual / 8).saturating_mul(7).saturating_add(took / 8) }
        });
    }
}

impl Stop {
    /// For work that is done where somebody waits for it: only the time can make it vain.
    pub(super) fn at(clock: &Clock, deadline: Instant) -> Self {
        Self { left: Arc::default(), clock: clock.clone(), deadline }
    }

    /// Whether the work is in vain: nobody waits for it any more, or the time is up.
    pub(super) fn is_due(&self) -> bool {
        self.left.load(Ordering::Relaxed) || self.clock.now() >= self.deadline
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.left.store(true, Ordering::Relaxed);
    }
}

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let one_more = |waiting| (waiting < most).then_some(waiting + 1);
        count.try_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(|_| Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
