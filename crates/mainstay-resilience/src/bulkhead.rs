//! A bound on how many calls are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// So many places for calls to one dependency; who finds none waits a while, and no more may wait than there is patience
/// for. Clones share the places.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// use mainstay_resilience::Bulkhead;
///
/// let bulkhead = Bulkhead::new(1, 10);
/// let place = bulkhead.enter(Duration::from_millis(5)).await.unwrap();
/// assert!(bulkhead.enter(Duration::from_millis(5)).await.is_err());
/// drop(place);
/// assert!(bulkhead.enter(Duration::from_millis(5)).await.is_ok());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Bulkhead {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    most_waiting: usize,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// There was no place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no place became free in time")]
pub struct Full;

impl Bulkhead {
    /// With so many places (at least one), for which so many may wait.
    pub fn new(most: usize, most_waiting: usize) -> Self {
        let places = Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS));
        Self { places: Arc::new(places), waiting: Arc::default(), most_waiting }
    }

    /// Takes a place, waiting for it no longer than `within`. First come, first served.
    ///
    /// # Errors
    ///
    /// [`Full`] when none became free in time, or too many wait already.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait gives up its place in the line.
    pub async fn enter(&self, within: Duration) -> Result<Place, Full> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Place { _permit: permit });
        }
        let _waiting = Waiting::among(&self.waiting, self.most_waiting).ok_or(Full)?;
        match timeout(within, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Full),
        }
    }
}

/// Counts a caller for as long as it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let counted = waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(waiting);
        // One too many is counted off again by its drop.
        (counted < most).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    /// How many places are free, and how many wait for one.
    fn stand(bulkhead: &Bulkhead) -> (usize, usize) {
        (bulkhead.places.available_permits(), bulkhead.waiting.load(Ordering::Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn places_and_those_who_wait_are_bounded_and_given_back() {
        let bulkhead = Bulkhead::new(2, 1);
        let held = [bulkhead.enter(LONG).await.unwrap(), bulkhead.enter(LONG).await.unwrap()];
        let mut waiting = Box::pin(bulkhead.enter(LONG));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(stand(&bulkhead), (0, 1));
        // The line is full: no wait at all.
        assert_eq!(bulkhead.enter(LONG).now_or_never().unwrap().unwrap_err(), Full);
        drop(held);
        let place = waiting.await.unwrap();
        assert_eq!(stand(&bulkhead), (1, 0));
        drop(place);
        assert_eq!(stand(&bulkhead), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_in_vain_or_goes_away_leaves_nothing_behind() {
        let bulkhead = Bulkhead::new(1, 10);
        let held = bulkhead.enter(LONG).await.unwrap();
        assert_eq!(bulkhead.enter(Duration::from_secs(1)).await.unwrap_err(), Full);
        let mut gone = Box::pin(bulkhead.enter(LONG));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        assert_eq!(stand(&bulkhead), (0, 0));
        drop(held);
        assert!(bulkhead.enter(Duration::ZERO).await.is_ok());
    }
}
