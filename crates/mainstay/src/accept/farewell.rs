//! How a listener takes leave before it stops.

use tokio_util::sync::CancellationToken;

/// Sends clients away without turning any of them down. Clones share it, and each step is idempotent.
///
/// A connection that is closed just as its client sends a request is a request lost. So before a listener stops, each
/// answer says that it is the last of its connection (`Connection: close`, or a GOAWAY), while everything is still
/// served: whoever comes back does so on a new connection, which then may be another instance's.
#[derive(Clone, Debug, Default)]
pub struct Farewell {
    begun: CancellationToken,
    handed_over: CancellationToken,
}

impl Farewell {
    /// From now on each answer is the last of its connection. New connections are still served.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Somebody else accepts on the same socket from now on: the listener is let go of at once, and whoever stands in
    /// its queue is left to them. Implies [`Farewell::begin`].
    pub fn hand_over(&self) {
        self.begun.cancel();
        self.handed_over.cancel();
    }

    /// Whether somebody else accepts on the same socket.
    pub fn is_handed_over(&self) -> bool {
        self.handed_over.is_cancelled()
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    pub(super) async fn begun(&self) {
        self.begun.cancelled().await;
    }

    pub(super) async fn handed_over(&self) {
        self.handed_over.cancelled().await;
    }
}
