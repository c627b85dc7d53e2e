//! The two steps of stopping.

use tokio_util::sync::CancellationToken;

/// Tells tasks to stop: first politely, then at once.
///
/// *Soft* means: finish what you hold, take nothing new. *Hard* means: return now; what you hold is lost.
/// Clones share both steps, and both are idempotent.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// Handles that nobody has pulled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles below these: they are pulled when these are, and can be pulled alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { soft: self.soft.child_token(), hard: self.hard.child_token() }
    }

    /// Asks everyone to finish.
    pub fn begin(&self) {
        self.soft.cancel();
    }

    /// Tells everyone to return now. Implies [`Shutdown::begin`].
    pub fn force(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Whether stopping has begun.
    pub fn has_begun(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Whether returning at once is demanded.
    pub fn is_forced(&self) -> bool {
        self.hard.is_cancelled()
    }

    /// Waits until stopping begins.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub async fn begun(&self) {
        self.soft.cancelled().await;
    }

    /// Waits until returning at once is demanded.
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait loses nothing.
    pub async fn forced(&self) {
        self.hard.cancelled().await;
    }
}
