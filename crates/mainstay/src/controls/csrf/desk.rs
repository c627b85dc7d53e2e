//! Where an exchange hands out tokens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use super::token::{self, Holder};
use super::visit::{Visit, Visited};
use super::{Csrf, CsrfSecrets, SessionShown};
use crate::pipeline::Unguarded;
use crate::routes::DescribeRequest;
use crate::{ErrorCode, Exchange, Refusal};

/// What an exchange knows of tokens: whom they are for, and whether one was handed out.
#[derive(Default)]
pub(crate) struct TokenDesk(OnceLock<Open>);

/// A desk once the session of the request is known.
pub(super) struct Open {
    csrf: Arc<Csrf>,
    pub(super) session: SessionShown,
    pub(super) visited: Visited,
    /// The session that began or ended while the request was handled.
    changed: OnceLock<Option<CsrfSecrets>>,
    /// The visit that began with a token, or was renewed with it.
    begun: OnceLock<Visit>,
    has_issued: AtomicBool,
}

impl TokenDesk {
    /// Opens the desk. Only the first opening counts.
    pub(super) fn open(&self, csrf: &Arc<Csrf>, session: SessionShown, headers: &HeaderMap) {
        let _ = self.0.set(Open {
            csrf: Arc::clone(csrf),
            session,
            visited: csrf.cookie.read(&csrf.mac, headers, csrf.clock.timestamp()),
            changed: OnceLock::new(),
            begun: OnceLock::new(),
            has_issued: AtomicBool::new(false),
        });
    }

    pub(super) fn opened(&self) -> Option<&Open> {
        self.0.get()
    }

    /// A new token, if the desk is open.
    pub(crate) fn token(&self) -> Option<String> {
        self.opened().map(Open::token)
    }

    /// Writes what the tokens that were handed out need: the cookie of a visit, and that no cache keeps them.
    pub(crate) fn seal(&self, headers: &mut HeaderMap) {
        if let Some(open) = self.opened() {
            open.seal(headers);
        }
    }
}

impl Open {
    fn token(&self) -> String {
        let mac = &self.csrf.mac;
        self.has_issued.store(true, Ordering::Relaxed);
        let session = match self.changed.get() {
            Some(changed) => changed.as_ref(),
            None => self.session.secrets(),
        };
        match session {
            Some(secrets) => token::issue(mac, Holder::Session, secrets.current()),
            None => token::issue(mac, Holder::Visitor, self.visit().secret()),
        }
    }

    /// The visit of the request, or one that begins now.
    fn visit(&self) -> &Visit {
        let now = self.csrf.clock.timestamp();
        match &self.visited {
            Visited::Yes(visit) => visit.renewed(now).map_or(visit, |later| self.begun.get_or_init(|| later)),
            Visited::No | Visited::Invalid => self.begun.get_or_init(|| Visit::begin(now)),
        }
    }

    fn seal(&self, headers: &mut HeaderMap) {
        let Csrf { cookie, mac, .. } = &*self.csrf;
        let has_signed_in = matches!(self.changed.get(), Some(Some(_)));
        let line = if has_signed_in && !matches!(self.visited, Visited::No) {
            // The visit is over; whoever planted its cookie gains nothing from it any more.
            cookie.remove()
        } else {
            self.begun.get().and_then(|visit| cookie.set(mac, visit))
        };
        if let Some(line) = line {
            headers.append(header::SET_COOKIE, line);
        }
        if self.has_issued.load(Ordering::Relaxed) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// Hands a handler tokens for the pages and answers that it writes.
///
/// An answer with a token is `no-store`, and sets the cookie of a visitor where nobody is signed in.
#[derive(Clone, Debug)]
pub struct CsrfTokens {
    pub(super) exchange: Exchange,
}

impl CsrfTokens {
    /// A new token for whoever sent the request. Each call gives another text.
    pub fn token(&self) -> String {
        self.exchange.mark_personal();
        self.exchange.token_desk().token().unwrap_or_default()
    }

    /// Tokens are for another session from here on: the one that began with a sign-in, or none after a sign-out.
    /// Only the first change counts.
    pub fn rebind(&self, session: Option<CsrfSecrets>) {
        if let Some(open) = self.exchange.token_desk().opened() {
            let _ = open.changed.set(session);
        }
    }
}

impl<S: Sync> FromRequestParts<S> for CsrfTokens {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let exchange = Exchange::from_request_parts(parts, state).await?;
        if exchange.token_desk().opened().is_none() {
            return Err(Refusal::new(ErrorCode::InternalError).because(Unguarded));
        }
        Ok(Self { exchange })
    }
}

impl DescribeRequest for CsrfTokens {}
