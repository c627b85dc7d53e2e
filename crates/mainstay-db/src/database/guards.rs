//! Connections as callers hold them.

use std::ops::{Deref, DerefMut};

use super::Connection;
use super::lane::Lease;
use crate::DbError;

/// A connection for reading. Dropping it gives it back.
///
/// From [`Database::read`](crate::Database::read) each statement sees the newest committed state; from
/// [`Database::read_snapshot`](crate::Database::read_snapshot) all statements see the same one.
#[derive(Debug)]
pub struct ReadConnection {
    lease: Lease,
}

/// The transaction that may write. Dropping it rolls it back.
///
/// After an error of any statement only the rollback is left: later statements and the commit are refused
/// with [`Aborted`](crate::DbErrorKind::Aborted), so half a change can never be committed by oversight.
#[derive(Debug)]
pub struct WriteTransaction {
    lease: Lease,
}

impl ReadConnection {
    pub(super) fn new(lease: Lease) -> Self {
        Self { lease }
    }

    /// Closes the connection instead of giving it back: with it goes what was changed about its session, and what
    /// its session held.
    pub(crate) fn discard(self) {
        self.lease.discard();
    }
}

impl WriteTransaction {
    pub(super) fn new(lease: Lease) -> Self {
        Self { lease }
    }

    /// Makes the changes last. When this returns, they survive a crash of the process and a power cut.
    ///
    /// # Errors
    ///
    /// [`Aborted`](crate::DbErrorKind::Aborted) after a failed statement; nothing was changed then. For
    /// other errors, see [`DbError`].
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the changes are made either completely or not at all, and which of the
    /// two is not known.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.lease.connection.commit().await
    }

    /// Undoes the changes, as dropping does.
    pub fn rollback(self) {
        drop(self);
    }
}

impl Deref for ReadConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.lease.connection
    }
}

impl DerefMut for ReadConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.lease.connection
    }
}

impl Deref for WriteTransaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.lease.connection
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.lease.connection
    }
}
