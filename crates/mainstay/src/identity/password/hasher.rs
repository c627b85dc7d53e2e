//! Hashing within bounds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use argon2::Block;
use mainstay_core::{Clock, Tasks, random};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::hash::Parsed;
use super::memory::Buffers;
use super::pace::Pace;
use super::{HashError, Parameters, Password, PasswordHash, PasswordSettings};

/// Nobody waits longer for a place: a person has given up by then.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The floor of `retry_after`, and how much jitter is put on top of it.
const SHORTEST_RETRY: Duration = Duration::from_secs(1);
const RETRY_JITTER_MILLIS: u64 = 2_000;

/// Hashes and verifies passwords on the blocking pool, within a ceiling of memory. Clones share it.
///
/// A hash takes as many places as it takes MiB of memory, and there are as many places as the ceiling has MiB. They
/// are held by the work itself: a client that hangs up does not make room for another hash before its own has ended.
#[derive(Clone)]
pub struct Hasher {
    inner: Arc<Inner>,
}

struct Inner {
    current: Parameters,
    ceiling_mib: u32,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    buffers: Buffers,
    decoy: Parsed,
    pace: Pace,
    hashed: AtomicU64,
    most_in_use_mib: AtomicU64,
    clock: Clock,
    tasks: Tasks,
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It is another password, or there was nothing to compare with.
    No,
    /// It is the password.
    Yes,
    /// It is the password, and its hash was made with other parameters than a new one would be.
    Outdated,
}

/// What a hasher has done, and how busy it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Load {
    /// Hashes computed, those of decoys included.
    pub hashed: u64,
    /// The most memory that was in use at once, in MiB.
    pub most_in_use_mib: u64,
    /// Who waits for a place now.
    pub waiting: usize,
}

/// Counts somebody who waits, for as long as they do.
struct Waiting<'a>(&'a AtomicUsize);

impl Hasher {
    /// A hasher with the parameters of this release.
    ///
    /// # Errors
    ///
    /// [`HashError::Failed`] when the parameters are none: a mistake of the release.
    pub fn new(settings: &PasswordSettings, clock: &Clock, tasks: &Tasks) -> Result<Self, HashError> {
        Self::with_parameters(Parameters::CURRENT, settings, clock, tasks)
    }

    pub(crate) fn with_parameters(
        current: Parameters,
        settings: &PasswordSettings,
        clock: &Clock,
        tasks: &Tasks,
    ) -> Result<Self, HashError> {
        let ceiling_mib = settings.hash_memory_mib.max(current.mebibytes());
        let inner = Inner {
            current,
            ceiling_mib,
            places: Arc::new(Semaphore::new(ceiling_mib as usize)),
            waiting: AtomicUsize::new(0),
            buffers: Buffers::new(current),
            decoy: Parsed::decoy(current)?,
            pace: Pace::new(),
            hashed: AtomicU64::new(0),
            most_in_use_mib: AtomicU64::new(0),
            clock: clock.clone(),
            tasks: tasks.clone(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Hashes a password with a new salt.
    ///
    /// # Errors
    ///
    /// [`HashError::Overloaded`], or that of the computation.
    ///
    /// # Cancel safety
    ///
    /// Safe. What has begun is computed to its end, and keeps its places until then.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let (current, password) = (self.inner.current, password.clone());
        self.run(current, move |memory| PasswordHash::compute(current, &password, memory)).await
    }

    /// Verifies a password. Without a hash to compare with, the same work is done and the answer is no: the time it
    /// takes does not tell whether there is one.
    ///
    /// # Errors
    ///
    /// [`HashError::Overloaded`]; that of a stored hash that is none or asks for too much, after the same work; or that
    /// of the computation.
    ///
    /// # Cancel safety
    ///
    /// As [`Hasher::hash`].
    pub async fn verify(
        &self,
        password: &Password,
        against: Option<&PasswordHash>,
    ) -> Result<Verified, HashError> {
        let parsed = against.map(|hash| hash.parse(self.inner.ceiling_mib.saturating_mul(1024))).transpose();
        let (parsed, broken) = match parsed {
            Ok(parsed) => (parsed, None),
            Err(error) => (None, Some(error)),
        };
        let current = self.inner.current;
        let parameters = parsed.as_ref().map_or(current, |parsed| parsed.parameters);
        let (inner, password) = (Arc::clone(&self.inner), password.clone());
        let verified = self.run(parameters, move |memory| match &parsed {
            Some(parsed) => parsed.verify(&password, memory),
            None => inner.decoy.verify(&password, memory).map(|_| false),
        });
        match (verified.await?, broken) {
            (_, Some(error)) => Err(error),
            (false, None) => Ok(Verified::No),
            (true, None) if parameters == current => Ok(Verified::Yes),
            (true, None) => Ok(Verified::Outdated),
        }
    }

    /// What this hasher has done, and how busy it was.
    pub fn load(&self) -> Load {
        let Inner { hashed, most_in_use_mib, waiting, .. } = &*self.inner;
        Load {
            hashed: hashed.load(Ordering::Relaxed),
            most_in_use_mib: most_in_use_mib.load(Ordering::Relaxed),
            waiting: waiting.load(Ordering::Relaxed),
        }
    }

    #[cfg(test)]
    pub(super) fn inner_places(&self) -> Arc<Semaphore> {
        Arc::clone(&self.inner.places)
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        parameters: Parameters,
        work: impl FnOnce(&mut [Block]) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let places = self.places(parameters).await?;
        let inner = Arc::clone(&self.inner);
        let task = self.inner.tasks.spawn_blocking("password hash", move || {
            // The places belong to the work, not to whoever waits for it.
            let _places = places;
            inner.note_use();
            let began = inner.clock.now();
            let result = inner.buffers.with(parameters, work);
            inner.pace.note(inner.clock.now() - began);
            inner.hashed.fetch_add(1, Ordering::Relaxed);
            result
        });
        task.await.map_err(|error| HashError::Failed(Box::new(error)))?
    }

    /// Waits for the places of a hash, if that promises not to take too long.
    async fn places(&self, parameters: Parameters) -> Result<OwnedSemaphorePermit, HashError> {
        let Inner { places, waiting, pace, current, ceiling_mib, .. } = &*self.inner;
        let at_a_time = (ceiling_mib / current.mebibytes()) as usize;
        let ahead = waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(waiting);
        let expected = pace.wait(ahead, at_a_time);
        let overloaded = || {
            let jitter = Duration::from_millis(random::below(RETRY_JITTER_MILLIS));
            HashError::Overloaded { retry_after: expected.max(SHORTEST_RETRY) + jitter }
        };
        if expected > LONGEST_WAIT {
            return Err(overloaded());
        }
        let acquired = Arc::clone(places).acquire_many_owned(parameters.mebibytes());
        match timeout(LONGEST_WAIT, acquired).await {
            Ok(Ok(places)) => Ok(places),
            // Nobody closes the semaphore.
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
    }
}

impl Inner {
    fn note_use(&self) {
        let in_use = u64::from(self.ceiling_mib) - self.places.available_permits() as u64;
        self.most_in_use_mib.fetch_max(in_use, Ordering::Relaxed);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hasher").field(&self.load()).finish()
    }
}
