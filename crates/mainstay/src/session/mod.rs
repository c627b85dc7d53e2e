//! Sessions: who is signed in, from which browser, and what is kept for them meanwhile.
//!
//! [`Sessions`] is the service; each request opens its [`Session`] from it, handlers take that as an extractor, and
//! the answer leaves when what they did to it is stored.
//!
//! # What holds
//!
//! - **A store knows no token.** A browser holds an open half that finds the session and a secret half that proves
//!   it; of the secret half only an HMAC under a key of its own reaches a store. It is compared in constant time.
//! - **What is ended stays ended.** Signing out and ending sessions delete; saving only ever changes what is there.
//!   A save that comes late finds nothing.
//! - **A new user, a new token.** Signing in and confirming replace the token in one step, and the old one is dead.
//! - **Nothing is lost.** A save names the values it changes; two at once are both kept.
//! - **Nobody gets a session without need.** Until a handler sets a value or signs somebody in there is no row and
//!   no cookie.
//! - **All sessions of a user end by one counter.** Each session knows the user's [`Epoch`] at its sign-in, and is
//!   over when that moves.
//! - **Two clocks end a session:** `SESSION_IDLE_TIMEOUT` after its last request, and `SESSION_LIFETIME` after
//!   sign-in whatever happens ([`Expiry`]).
//!
//! A user may be signed in from `SESSION_MAX_PER_USER` browsers at once; one more ends the session that was seen longest
//! ago. Each is listed ([`Sessions::list`]), and can be ended by its owner or an operator.
//!
//! # Several instances
//!
//! They share the store, and each has a cache of its own, which is told at once what its own instance does, and asks the
//! store four times a second what others do ([`Sessions::follow`]). So an instance goes by a session that another one, or
//! a command, has ended or changed for a second at most; with `SESSION_CACHE=off`, not at all.
//!
//! # Where a request meets it
//!
//! | | |
//! |---|---|
//! | guard | [`Sessions::open`] with the request's headers; [`Session::standing`] decides; the session goes into the request's extensions |
//! | handler | [`Session::get`], [`Session::set`], [`Session::sign_in`], … |
//! | exit | [`Sessions::save`] with the answer's status, which gives the `Set-Cookie` line; [`Session::is_personal`] means `no-store` |
//! | stream | [`Sessions::over`] ends what goes on after the answer's head has left |
//! | worker | [`Sessions::upkeep`], [`Sessions::follow`] |
//!
//! # Example
//!
//! ```
//! # use std::sync::Arc;
//! # use mainstay::settings::secret_key;
//! # use mainstay_core::{Clock, Tasks};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use http::{HeaderMap, HeaderValue, StatusCode, header};
//! use mainstay::keys::Keys;
//! use mainstay::session::{MemoryStore, SessionCookie, SessionParts, SessionSettings, Sessions, Standing};
//! use mainstay::telemetry::metrics::Metrics;
//!
//! let (clock, hands) = Clock::manual();
//! let sessions = Sessions::new(SessionParts {
//!     settings: SessionSettings::default(),
//!     cookie: SessionCookie::new(true, true),
//!     keys: &Keys::new(&secret_key::generate(), &[]),
//!     store: Arc::new(MemoryStore::new(100)),
//!     clock: clock.clone(),
//!     tasks: Tasks::new(),
//!     meter: Metrics::new().sessions().clone(),
//! });
//!
//! // A request without a cookie, whose handler signs somebody in.
//! let client = "192.0.2.1".parse()?;
//! let session = sessions.open(&HeaderMap::new(), client).await;
//! assert_eq!(session.standing(), Standing::Absent);
//! let user = mainstay_core::random::uuid(&clock);
//! session.sign_in(user, sessions.epoch(user).await?)?;
//! let line = sessions.save(&session, StatusCode::OK).await?.expect("a cookie");
//!
//! // The next request brings the cookie.
//! let cookie = line.to_str()?.split(';').next().unwrap_or_default();
//! let mut headers = HeaderMap::new();
//! headers.insert(header::COOKIE, HeaderValue::from_str(cookie)?);
//! let session = sessions.open(&headers, client).await;
//! assert_eq!(session.subject().map(|subject| subject.user), Some(user));
//!
//! hands.advance(SessionSettings::default().idle_timeout);
//! let session = sessions.open(&headers, client).await;
//! assert!(matches!(session.standing(), Standing::Refused(_)));
//! # Ok(()) }
//! ```

mod cache;
mod config;
pub mod conformance;
mod cookie;
mod data;
mod error;
mod expiry;
mod follow;
mod handle;
mod last_seen;
mod over;
mod record;
mod save;
mod service;
mod staged;
pub mod store;
#[cfg(test)]
mod tests;
mod token;
mod upkeep;

pub use config::{CacheKind, EXPLANATIONS, SessionSettings, StoreKind};
pub use cookie::SessionCookie;
pub use data::{DataTooLarge, MAX_DATA_BYTES, MAX_NAME_BYTES, MAX_VALUES, Patch, SessionData};
pub use error::SessionError;
pub use expiry::Expiry;
pub use handle::{RefusedToken, Session, Standing};
pub use record::{
    AuthLevel, Device, Epoch, Generation, SessionId, SessionRecord, SessionSummary, Subject, UserId,
};
pub use service::{SessionParts, Sessions};
pub use store::{Changed, Changes, Mark, MemoryStore, SessionStore, SqlStore, StoreError, Whose};
pub use token::{SecretHash, TokenId};
