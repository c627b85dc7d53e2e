//! Where sessions are kept.

mod changes;
mod memory;
mod sql;

use std::error::Error;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use mainstay_db::{AsDbError, DbError};

use super::data::{DataTooLarge, Patch};
use super::record::{Epoch, Generation, SessionId, SessionRecord, SessionSummary, UserId};
use super::token::TokenId;

pub use changes::{Changed, Changes, MAX_CHANGES, Mark};
pub use memory::MemoryStore;
pub use sql::SqlStore;

/// The future of a store's answer.
pub type Storing<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Keeps sessions. What every store must do is written down in [`conformance`](super::conformance), and checked there.
///
/// - **Nothing comes back.** Only [`insert`](SessionStore::insert) makes a row, under names that were never used.
///   Every other change finds its row or reports it gone, so what was ended stays ended.
/// - **Nothing is lost.** A change names the values it changes, and each change is atomic: two that come at once
///   are both in the row afterwards.
/// - **Only live sessions are found.** A session whose user's [epoch](Epoch) has moved on is gone for every function
///   here, although its row may still be there. Time is no matter of the store but for
///   [`sweep`](SessionStore::sweep).
///
/// # Cancel safety
///
/// When a future is dropped, the change is made either completely or not at all, and which of the two is not
/// known. [`Sessions`](super::Sessions) drives every change to its end, whatever becomes of the request.
///
/// # Errors
///
/// All functions fail with [`StoreError`] when the store cannot be reached. Nothing was changed then, but for a
/// time-out in the moment of committing.
pub trait SessionStore: Send + Sync + 'static {
    /// The name of the kind of store, for logs.
    fn name(&self) -> &'static str;

    /// The epoch of a user. A sign-in reads it before it looks at credentials, and brings it along: if all sessions of
    /// the user are ended meanwhile, the new one is not begun either.
    fn epoch(&self, user: UserId) -> Storing<'_, Epoch>;

    /// Makes a row, if neither of its names is taken and its user's epoch is the one it names.
    fn insert<'a>(&'a self, record: &'a SessionRecord) -> Storing<'a, Inserted>;

    /// The live session of a token, whether it is expired or not.
    fn load(&self, token: TokenId) -> Storing<'_, Option<SessionRecord>>;

    /// Changes single values. With an `expected` generation, only if no other change came between.
    fn patch<'a>(
        &'a self,
        token: TokenId,
        expected: Option<Generation>,
        patch: &'a Patch,
    ) -> Storing<'a, Patched>;

    /// Replaces the token of a live session, and what belongs to it, in one step: the old token is dead when the new
    /// one is good.
    fn rotate<'a>(&'a self, old: TokenId, rotation: &'a Rotation) -> Storing<'a, Rotated>;

    /// Ends a session, whatever its token is by now; with an `owner`, only if it is theirs. Says whether there was one
    /// to end.
    fn revoke(&self, id: SessionId, owner: Option<UserId>) -> Storing<'_, bool>;

    /// Ends all sessions of a user or of everybody, but for one that may be kept. The cost does not depend on how
    /// many there are: one row, and that of the kept one.
    fn revoke_all(&self, whose: Whose, keep: Option<SessionId>) -> Storing<'_, ()>;

    /// Ends the live sessions of a user but for the `most` that were seen last, one at least; `keep` comes first, if it
    /// is one of them. Says how many it was; a thousand at most.
    fn end_beyond(&self, user: UserId, most: u32, keep: SessionId) -> Storing<'_, u64>;

    /// What was changed since a mark, by whomever: what a patch, a rotation and an end have changed, and whose session
    /// was inserted. Without a mark, nothing but the mark of now.
    ///
    /// Each change that was made before this is called, is told with this mark or was told with an earlier one; what is
    /// noted by [`touch`](SessionStore::touch) and deleted by [`sweep`](SessionStore::sweep) is none.
    fn changes(&self, since: Option<Mark>) -> Storing<'_, Changes>;

    /// The live sessions of a user, last seen first, up to `limit`.
    fn list(&self, user: UserId, limit: u32) -> Storing<'_, Vec<SessionSummary>>;

    /// Notes when sessions were seen. Never moves one back; sessions that are not there are passed over. Says how many
    /// rows it found.
    fn touch<'a>(&'a self, seen: &'a [(SessionId, Timestamp)]) -> Storing<'a, u64>;

    /// Deletes up to `limit` sessions that are expired, and says how many.
    fn sweep(&self, now: Timestamp, limit: u32) -> Storing<'_, u64>;
}

/// Whose sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A user's.
    User(UserId),
    /// All that anybody signed in to.
    Everybody,
}

/// What a rotation makes of a session.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The row afterwards, but for its data and its generation.
    pub to: SessionRecord,
    /// Whether the data stays. It does not where another user takes over.
    pub keeps_data: bool,
    /// Changes to the data.
    pub patch: Patch,
    /// The generation that the patch was made from, if it depends on it.
    pub expected: Option<Generation>,
}

/// What came of [`SessionStore::insert`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The session is there.
    Done,
    /// A name is taken.
    Taken,
    /// All sessions of the user were ended since the epoch was read.
    Superseded,
}

/// What came of [`SessionStore::patch`].
#[derive(Clone, Debug)]
pub enum Patched {
    /// The values are in, and this is the generation now.
    Done(Generation),
    /// The generation is not the expected one: this is the session now.
    Stale(Box<SessionRecord>),
    /// There is no such session (any more).
    Gone,
}

/// What came of [`SessionStore::rotate`].
#[derive(Clone, Debug)]
pub enum Rotated {
    /// The old token is dead, the new one is good.
    Done,
    /// The generation is not the expected one: this is the session now.
    Stale(Box<SessionRecord>),
    /// There is no session with the old token (any more).
    Gone,
    /// A name is taken.
    Taken,
    /// All sessions of the user were ended since the epoch was read.
    Superseded,
}

/// Why a store did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database failed.
    #[error("the sessions in the database cannot be reached")]
    Database(#[from] DbError),
    /// The row cannot be read: it was damaged, or written by another release.
    #[error("a stored session cannot be read")]
    Damaged(#[source] Box<dyn Error + Send + Sync>),
    /// The values take more room than a session has.
    #[error("the session's data is too large")]
    TooLarge(#[from] DataTooLarge),
    /// There is no room for another session.
    #[error("the store of sessions is full")]
    Full,
    /// A store of another kind failed.
    #[error("the store of sessions cannot be reached")]
    Other(#[source] Box<dyn Error + Send + Sync>),
}

impl AsDbError for StoreError {
    fn as_db_error(&self) -> Option<&DbError> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}
