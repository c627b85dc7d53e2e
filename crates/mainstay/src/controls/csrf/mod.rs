//! Whether a change comes from our own pages (CSRF).
//!
//! A browser sends cookies with every request, whoever made the page that caused it. So a change that is allowed
//! because of a cookie must show that it comes from a page of ours, in two ways that do not depend on each other:
//! by what the browser says of its *source*, and by a *token* that only our own pages can read.
//!
//! Which token, if any:
//!
//! | method | session cookie | `Authorization: Bearer` | route | token |
//! |---|---|---|---|---|
//! | GET, HEAD, OPTIONS, TRACE | any | any | any | none: they change nothing |
//! | any other | of a live session | any | any | of the session |
//! | any other | of no live session | yes | any | of the visit |
//! | any other | none | yes | any | none: no page can make a browser send it |
//! | any other | none, or of no live session | no | public, such as signing in | of the visit |
//! | any other | none, or of no live session | no | for signed-in users | none: nobody is asked who would be refused next (401) |
//!
//! Where a token is due, these are checked in this order, and the first that fails is told to the client:
//!
//! 1. the source: `Origin`, if present, decides; else `Sec-Fetch-Site`; else `Referer`; none of them is refused
//!    (`source.rs` has the table);
//! 2. the token, from the header `X-CSRF-Token` if present, else from the form field `csrf_token`, never from the
//!    query string:
//!
//! | token | verdict |
//! |---|---|
//! | in neither place | no: `token_missing` |
//! | two headers, two fields | no: `token_doubled` |
//! | not 64 characters of the URL-safe alphabet | no: `token_malformed` |
//! | of a session: made for its current secret, or for the former one within ten minutes | yes |
//! | of a visit, without its cookie | no: `visit_missing` |
//! | of a visit whose cookie is forged, doubled or older than twelve hours | no: `visit_invalid` |
//! | of a visit: made for the secret in its cookie | yes |
//! | made for anything else, or with another key | no: `token_foreign` |
//!
//! The content type plays no part in the decision: JSON and forms are judged alike.

mod config;
mod desk;
mod failure;
mod form;
mod multipart;
mod secret;
mod source;
#[cfg(test)]
mod tests;
mod token;
mod visit;

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Method, Request, header};
use jiff::Timestamp;
use mainstay_core::Clock;

pub(crate) use config::EXPLANATIONS;
pub use config::{CsrfMode, CsrfSettings};
pub use desk::CsrfTokens;
pub(crate) use desk::TokenDesk;
pub use failure::CsrfFailure;
pub(crate) use form::without_token;
pub use secret::{CsrfSecret, CsrfSecrets};

use crate::controls::origin::Origin;
use crate::keys::{Keys, Mac, Purpose};
use crate::session::{Session, Standing};
use crate::telemetry::metrics::Family;
use crate::{Exchange, Refusal};
use form::Found;
use source::OwnOrigins;
use token::Holder;
use visit::{Visit, VisitCookie, Visited};

/// The form field that carries a token. It belongs to this control: extractors of forms leave it out.
pub(crate) const FIELD: &str = "csrf_token";

const REPORTED: Family = Family::counter(
    "csrf_reported_total",
    &["check"],
    "Requests that CSRF_MODE=report let through, by the check that failed.",
);

/// What this control counts.
pub(crate) const FAMILIES: &[Family] = &[REPORTED];

/// The control.
#[derive(Debug)]
pub(crate) struct Csrf {
    mode: CsrfMode,
    own: OwnOrigins,
    mac: Mac,
    cookie: VisitCookie,
    clock: Clock,
}

/// What a request shows of a session.
#[derive(Clone, Debug)]
pub(crate) enum SessionShown {
    /// No session cookie.
    None,
    /// A session cookie that belongs to no live session.
    Dead,
    /// The cookie of a live session.
    Live(CsrfSecrets),
}

/// The token that a request must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    OfSession,
    OfVisit,
}

impl Csrf {
    /// The control of a service whose people use `public_origin`, such as `https://app.example.org`.
    pub(crate) fn new(settings: &CsrfSettings, public_origin: &str, keys: &Keys, clock: Clock) -> Arc<Self> {
        let public = Origin::of_browser_form(public_origin);
        Arc::new(Self {
            mode: settings.mode,
            cookie: VisitCookie::new(public.is_secure()),
            own: OwnOrigins::new(public, &settings.trusted_origins),
            mac: keys.purpose(Purpose::Csrf),
            clock,
        })
    }

    /// Makes tokens available to the handler. To be called once the session is known, also on routes that waive the
    /// control: their pages may hold forms for other routes.
    pub(crate) fn open(self: &Arc<Self>, exchange: &Exchange, session: SessionShown, headers: &HeaderMap) {
        exchange.token_desk().open(self, session, headers);
    }

    /// Lets a request pass that needs no token or brings a good one. Its body is the one that came.
    ///
    /// # Errors
    ///
    /// `csrf_failed` with the check that failed; and, where a form had to be read, what is wrong with the body.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped together with the request.
    pub(crate) async fn admit(
        &self,
        exchange: &Exchange,
        is_public: bool,
        request: Request<Body>,
    ) -> Result<Request<Body>, Refusal> {
        let Some(desk) = exchange.token_desk().opened() else {
            return Err(Refusal::new(crate::ErrorCode::InternalError).because(crate::pipeline::Unguarded));
        };
        let due = due(request.method(), &desk.session, has_bearer(request.headers()), is_public);
        if due == Due::Nothing {
            return Ok(request);
        }
        let (request, verdict) = self.judge(due, desk, request).await?;
        match (verdict, self.mode) {
            (Ok(()), _) => Ok(request),
            (Err(failure), CsrfMode::Report) => {
                let (check, cause) = (failure.check(), failure.to_string());
                metrics::counter!(REPORTED.name, "check" => check).increment(1);
                tracing::warn!(check, cause, "a request that may be forged was let through");
                Ok(request)
            }
            (Err(failure), CsrfMode::Enforce) => {
                let (check, cause) = (failure.check(), failure.to_string());
                tracing::info!(check, cause, "a request that may be forged was refused");
                Err(failure.refusal(self.own.public()))
            }
        }
    }

    async fn judge(
        &self,
        due: Due,
        desk: &desk::Open,
        request: Request<Body>,
    ) -> Result<(Request<Body>, Result<(), CsrfFailure>), Refusal> {
        let (head, body) = request.into_parts();
        let in_header = token::in_header(&head.headers).map(|token| token.map(str::to_owned));
        let early = self.own.check(&head.headers);
        // A body is read only where the rest of the request is in order, and only for what is not in the header.
        let (found, body) = match in_header {
            Ok(None) if early.is_ok() => form::take(&head.headers, body).await?,
            found => (found, body),
        };
        let verdict = early.and_then(|()| self.weigh(due, desk, found, self.clock.timestamp()));
        Ok((Request::from_parts(head, body), verdict))
    }

    /// Weighs the token of a request whose source is in order.
    fn weigh(&self, due: Due, desk: &desk::Open, found: Found, now: Timestamp) -> Result<(), CsrfFailure> {
        let token = found?.ok_or(CsrfFailure::TokenMissing)?;
        match (due, &desk.session, &desk.visited) {
            (Due::OfSession, SessionShown::Live(secrets), _) => {
                token::verify(&self.mac, Holder::Session, secrets.accepted(now), &token)
            }
            (_, _, Visited::Yes(visit)) => {
                let secret = std::iter::once(Visit::secret(visit));
                token::verify(&self.mac, Holder::Visitor, secret, &token)
            }
            (_, _, Visited::No) => Err(CsrfFailure::VisitMissing),
            (_, _, Visited::Invalid) => Err(CsrfFailure::VisitInvalid),
        }
    }
}

/// The first table of the module.
fn due(method: &Method, session: &SessionShown, has_bearer: bool, is_public: bool) -> Due {
    if method.is_safe() {
        return Due::Nothing;
    }
    match session {
        SessionShown::Live(_) => Due::OfSession,
        // With a token beside a dead cookie the request may yet be carried out: it is judged by the cookie.
        SessionShown::Dead if has_bearer || is_public => Due::OfVisit,
        SessionShown::None if is_public && !has_bearer => Due::OfVisit,
        SessionShown::None | SessionShown::Dead => Due::Nothing,
    }
}

/// Whether a request names an API token. Other schemes do not count: browsers send those of their own accord.
fn has_bearer(headers: &HeaderMap) -> bool {
    headers.get_all(header::AUTHORIZATION).iter().any(|value| {
        let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"bearer")
    })
}

impl SessionShown {
    /// What a request shows of a session that was opened for it.
    ///
    /// A cookie whose session could not be looked up counts as one of no live session: it must not pass for none.
    pub(crate) fn of(session: &Session) -> Self {
        match session.standing() {
            Standing::Absent => Self::None,
            Standing::Refused(_) | Standing::Unknown => Self::Dead,
            Standing::Anonymous | Standing::SignedIn(_) => {
                session.csrf_secrets().map_or(Self::Dead, Self::Live)
            }
        }
    }

    fn secrets(&self) -> Option<&CsrfSecrets> {
        match self {
            Self::Live(secrets) => Some(secrets),
            Self::None | Self::Dead => None,
        }
    }
}
