//! A session in the hands of a handler.

mod user;
mod values;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use http::HeaderValue;
use http::request::Parts;
use jiff::Timestamp;

use super::cache::Found;
use super::config::SessionSettings;
use super::data::SessionData;
use super::error::SessionError;
use super::expiry::Expiry;
use super::record::{Device, SessionId, Subject};
use super::staged::{Change, Staged};
use crate::pipeline::Unguarded;
use crate::routes::DescribeRequest;
use crate::{ErrorCode, Refusal};

/// The session of a request, as a handler uses it. Clones share it.
///
/// Whatever a handler does here is *staged*: it is stored after the handler, before the answer leaves. If that fails,
/// the answer does not leave.
///
/// ```no_run
/// use mainstay::session::Session;
/// use mainstay::{Json, Refusal};
///
/// async fn count(session: Session) -> Result<Json<u32>, Refusal> {
///     let visits = session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
///     Ok(Json(visits))
/// }
/// ```
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    opened: Opened,
    now: Timestamp,
    settings: Arc<SessionSettings>,
    user_agent: Option<HeaderValue>,
    address: IpAddr,
    staged: Mutex<Staged>,
    is_personal: AtomicBool,
}

/// What the request brought.
#[derive(Debug)]
pub(in crate::session) enum Opened {
    /// No token.
    Absent,
    /// A token that is no good.
    Refused(RefusedToken),
    /// A token of which nobody knows whether it is good.
    Unknown,
    /// The token of a live session.
    Live(Arc<Found>),
}

/// Why a token is no good. It is for the log: a client is not told, and has to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedToken {
    /// It came in two cookies or more, so at least one is not from here.
    Doubled,
    /// It is no token.
    Malformed,
    /// There is no such session (any more).
    Unknown,
    /// The session is over.
    Expired,
    /// The session is there, but its secret is another.
    Forged,
}

/// How a request stands, for the control that demands a signed-in user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It brought no token.
    Absent,
    /// It brought a token that is no good.
    Refused(RefusedToken),
    /// It brought a token, and the store did not answer.
    Unknown,
    /// It has a session, and nobody has signed in.
    Anonymous,
    /// Somebody has signed in.
    SignedIn(Subject),
}

/// What a session knows of its request.
pub(in crate::session) struct Visitor {
    pub(in crate::session) now: Timestamp,
    pub(in crate::session) settings: Arc<SessionSettings>,
    pub(in crate::session) user_agent: Option<HeaderValue>,
    pub(in crate::session) address: IpAddr,
}

impl Session {
    pub(in crate::session) fn new(opened: Opened, visitor: Visitor) -> Self {
        let Visitor { now, settings, user_agent, address } = visitor;
        let (staged, is_personal) = Default::default();
        Self { shared: Arc::new(Shared { opened, now, settings, user_agent, address, staged, is_personal }) }
    }

    /// How the request stands, whatever the handler has staged.
    pub fn standing(&self) -> Standing {
        match &self.shared.opened {
            Opened::Absent => Standing::Absent,
            Opened::Refused(why) => Standing::Refused(*why),
            Opened::Unknown => Standing::Unknown,
            Opened::Live(found) => found.record.subject.map_or(Standing::Anonymous, Standing::SignedIn),
        }
    }

    /// The name of the session in the list of its owner; `None` while it is not stored.
    pub fn id(&self) -> Option<SessionId> {
        self.live().map(|found| found.record.id)
    }

    /// Whether the handler has looked at what is personal: the answer must not be kept by any cache then.
    pub fn is_personal(&self) -> bool {
        self.shared.is_personal.load(Ordering::Relaxed)
    }

    pub(in crate::session) fn opened(&self) -> &Opened {
        &self.shared.opened
    }

    pub(in crate::session) fn live(&self) -> Option<&Arc<Found>> {
        match &self.shared.opened {
            Opened::Live(found) => Some(found),
            Opened::Absent | Opened::Refused(_) | Opened::Unknown => None,
        }
    }

    pub(in crate::session) fn device(&self) -> Device {
        let user_agent = self.shared.user_agent.as_ref().map(HeaderValue::as_bytes);
        Device::new(user_agent, Some(self.shared.address))
    }

    pub(in crate::session) fn new_expiry(&self) -> Expiry {
        let SessionSettings { idle_timeout, lifetime, .. } = *self.shared.settings;
        Expiry::begin(self.shared.now, idle_timeout, lifetime)
    }

    pub(in crate::session) fn now(&self) -> Timestamp {
        self.shared.now
    }

    /// What was staged; nothing the second time. From here on nothing more is, but what is can still be read.
    pub(in crate::session) fn seal(&self) -> Staged {
        let mut staged = self.staged();
        let is_first = !std::mem::replace(&mut staged.is_sealed, true);
        if is_first { staged.clone() } else { Staged::default() }
    }

    /// The data that edits change.
    fn base(&self, change: &Change) -> &SessionData {
        static EMPTY: SessionData = SessionData::EMPTY;
        let found = self.live().filter(|_| !change.gives_up());
        found.map_or(&EMPTY, |found| &found.record.data)
    }

    fn mark_personal(&self) {
        self.shared.is_personal.store(true, Ordering::Relaxed);
    }

    fn writable(&self) -> Result<MutexGuard<'_, Staged>, SessionError> {
        let staged = self.staged();
        match self.shared.opened {
            _ if staged.is_sealed => Err(SessionError::TooLate),
            // A new session in its place would be a loss that nobody notices.
            Opened::Unknown => Err(SessionError::Unknown),
            Opened::Absent | Opened::Refused(_) | Opened::Live(_) => Ok(staged),
        }
    }

    fn staged(&self) -> MutexGuard<'_, Staged> {
        // What is staged is changed in single steps: a panic in a handler cannot leave it half written.
        self.shared.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("standing", &self.standing()).finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let session = parts.extensions.get::<Self>().cloned();
        session.ok_or_else(|| Refusal::new(ErrorCode::InternalError).because(Unguarded))
    }
}

impl DescribeRequest for Session {}
