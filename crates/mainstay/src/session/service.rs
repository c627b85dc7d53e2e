//! The service: opening the session of a request, listing sessions, ending them.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use mainstay_core::{Clock, Tasks};
use tokio::sync::watch;

use super::cache::{Found, Lookup, SessionCache};
use super::config::SessionSettings;
use super::cookie::{Presented, SessionCookie};
use super::error::SessionError;
use super::handle::{Opened, RefusedToken, Session, Visitor};
use super::last_seen::{LastSeen, Seen};
use super::record::{Epoch, SessionId, SessionSummary, UserId};
use super::store::{SessionStore, Whose};
use super::token::Token;
use crate::keys::{Keys, Mac, Purpose};
use crate::telemetry::metrics::SessionMeter;

/// Most sessions in the list of a user.
const MAX_LISTED: u32 = 200;

/// The sessions of a service. Clones share them.
#[derive(Clone)]
pub struct Sessions {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) settings: Arc<SessionSettings>,
    pub(super) cookie: SessionCookie,
    pub(super) mac: Mac,
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) cache: SessionCache,
    pub(super) last_seen: LastSeen,
    /// Counts the endings, to wake whoever waits for one.
    pub(super) ended: watch::Sender<u64>,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) meter: SessionMeter,
}

/// What sessions are made of.
pub struct SessionParts<'a> {
    /// How long they last, and whether they are cached.
    pub settings: SessionSettings,
    /// The cookie that carries their tokens.
    pub cookie: SessionCookie,
    /// What their secrets are hashed with.
    pub keys: &'a Keys,
    /// Where they are kept; [`SessionSettings::open_store`] gives the one that the settings name.
    pub store: Arc<dyn SessionStore>,
    /// The clock.
    pub clock: Clock,
    /// Where changes are driven to their end, whatever becomes of their request.
    pub tasks: Tasks,
    /// What counts them.
    pub meter: SessionMeter,
}

impl Sessions {
    /// The sessions of a service.
    pub fn new(parts: SessionParts<'_>) -> Self {
        let SessionParts { settings, cookie, keys, store, clock, tasks, meter } = parts;
        let cache = SessionCache::new(settings.cache, &clock, meter.clone());
        let (settings, mac) = (Arc::new(settings), keys.purpose(Purpose::Session));
        let (last_seen, ended) = (LastSeen::default(), watch::Sender::new(0));
        let inner = Inner { settings, cookie, mac, store, cache, last_seen, ended, clock, tasks, meter };
        Self { inner: Arc::new(inner) }
    }

    /// The session of a request. Never fails: what is wrong with its token, or that the store did not answer, is its
    /// [`Standing`](super::Standing), and a route decides what that means for it.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn open(&self, headers: &HeaderMap, client: IpAddr) -> Session {
        let now = self.inner.clock.timestamp();
        let opened = match self.inner.cookie.find(headers) {
            Presented::Nothing => Opened::Absent,
            Presented::Malformed => Opened::Refused(RefusedToken::Malformed),
            Presented::Doubled => Opened::Refused(RefusedToken::Doubled),
            Presented::Token(token) => self.inner.look_up(&token, now).await,
        };
        if let Opened::Refused(why) = &opened {
            tracing::debug!(?why, "a session token was refused");
        }
        let settings = Arc::clone(&self.inner.settings);
        // Not a clone: that would hold the whole buffer that the head was read into, for as long as the session is.
        let user_agent = headers.get(header::USER_AGENT);
        let user_agent = user_agent.and_then(|agent| HeaderValue::from_bytes(agent.as_bytes()).ok());
        Session::new(opened, Visitor { now, settings, user_agent, address: client })
    }

    /// The epoch of a user, for [`Session::sign_in`]. Read it before the credentials: if all sessions of the user are
    /// ended while they are looked at, because the password was changed perhaps, nobody is signed in.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn epoch(&self, user: UserId) -> Result<Epoch, SessionError> {
        Ok(self.inner.store.epoch(user).await?)
    }

    /// The sessions of a user that go on, last seen first; 200 at most.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn list(&self, user: UserId) -> Result<Vec<SessionSummary>, SessionError> {
        let now = self.inner.clock.timestamp();
        let mut list = self.inner.store.list(user, MAX_LISTED).await?;
        list.retain_mut(|summary| {
            let noted = self.inner.last_seen.of(summary.id);
            summary.last_seen_at = noted.unwrap_or(summary.last_seen_at).max(summary.last_seen_at);
            !summary.expiry.is_over(summary.last_seen_at, now)
        });
        list.sort_by_key(|summary| (std::cmp::Reverse(summary.last_seen_at), summary.id));
        Ok(list)
    }

    /// Ends one session; with an `owner`, only if it is theirs. Says whether there was one to end.
    ///
    /// When this returns, no request passes with it here any more; nor, within a second, on another instance.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`]; try again then.
    ///
    /// # Cancel safety
    ///
    /// The session is ended all the same.
    pub async fn revoke(&self, id: SessionId, owner: Option<UserId>) -> Result<bool, SessionError> {
        self.revoking(move |inner| async move {
            let ended = inner.store.revoke(id, owner).await;
            // Also when somebody else has ended it, or when it is not known whether it is.
            inner.cache.forget_session(id);
            Ok(ended?)
        })
        .await
    }

    /// Ends all sessions of a user or of everybody, except one that is kept: that of the user who asks for it, perhaps.
    /// It costs the same for one session and for ten thousand.
    ///
    /// When this returns, no request passes with them here any more; nor, within a second, on another instance.
    /// A handler that ends its own session this way signs it out as well ([`Session::sign_out`]), to take the cookie
    /// back.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`]; try again then.
    ///
    /// # Cancel safety
    ///
    /// The sessions are ended all the same.
    pub async fn revoke_all(&self, whose: Whose, keep: Option<SessionId>) -> Result<(), SessionError> {
        self.revoking(move |inner| async move {
            let ended = inner.store.revoke_all(whose, keep).await;
            // Also when it is not known whether they are ended.
            match whose {
                Whose::User(user) => inner.cache.forget_user(user),
                Whose::Everybody => inner.cache.forget_all(),
            }
            Ok(ended?)
        })
        .await
    }

    /// Drives a revocation to its end, and measures it.
    async fn revoking<T, Fut>(
        &self,
        work: impl FnOnce(Arc<Inner>) -> Fut + Send + 'static,
    ) -> Result<T, SessionError>
    where
        T: Send + 'static,
        Fut: Future<Output = Result<T, SessionError>> + Send,
    {
        let inner = Arc::clone(&self.inner);
        self.inner
            .to_the_end("end sessions", async move {
                let began = inner.clock.now();
                let result = work(Arc::clone(&inner)).await;
                inner.announce_end();
                inner.meter.revoked(inner.clock.now() - began);
                result
            })
            .await
    }
}

impl Inner {
    /// Finds the session of a token, in the cache or the store.
    async fn look_up(&self, token: &Token, now: Timestamp) -> Opened {
        let ticket = match self.cache.get(token.id()) {
            Lookup::Hit(found) => return self.judge(token, found, now),
            Lookup::Miss(ticket) => Some(ticket),
            Lookup::Bypass => None,
        };
        let record = match self.store.load(token.id()).await {
            Ok(Some(record)) => record,
            Ok(None) => return Opened::Refused(RefusedToken::Unknown),
            Err(error) => {
                tracing::warn!(error = %mainstay_core::Chain(&error), "a session could not be looked for");
                return Opened::Unknown;
            }
        };
        let noted = self.last_seen.of(record.id);
        let seen = Seen::new(noted.unwrap_or(record.last_seen_at).max(record.last_seen_at));
        let opened = self.judge(token, Arc::new(Found { record, seen }), now);
        if let (Opened::Live(found), Some(ticket)) = (&opened, ticket) {
            self.cache.fill(ticket, found);
        }
        opened
    }

    /// Whether a token is good for the session that was found.
    ///
    /// | secret | time | verdict |
    /// |---|---|---|
    /// | another | any | forged |
    /// | the same | over | expired |
    /// | the same | goes on | good |
    fn judge(&self, token: &Token, found: Arc<Found>, now: Timestamp) -> Opened {
        if !token.matches(&self.mac, &found.record.secret_hash) {
            return Opened::Refused(RefusedToken::Forged);
        }
        if found.record.expiry.is_over(found.seen.at(), now) {
            return Opened::Refused(RefusedToken::Expired);
        }
        self.last_seen.note(found.record.id, &found.seen, now);
        Opened::Live(found)
    }

    /// Runs a change in a task of its own: a client that goes away cannot leave it half way, with the store changed
    /// and the cache not.
    pub(super) async fn to_the_end<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<T, SessionError> {
        self.tasks.spawn(name, work).await.unwrap_or(Err(SessionError::BrokenOff))
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { settings, cookie, store, .. } = &*self.inner;
        let store = store.name();
        f.debug_struct("Sessions")
            .field("settings", settings)
            .field("cookie", cookie)
            .field("store", &store)
            .finish_non_exhaustive()
    }
}
