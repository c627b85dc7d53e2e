//! Which pages of other origins may read an answer (CORS, by the Fetch standard).
//!
//! | request | answer |
//! |---|---|
//! | no `Origin` | as it is, no grant |
//! | `Origin` equal to a listed one, byte by byte | granted: that origin, and with credentials where they are on |
//! | `Origin` while `*` is listed | granted: `*`, never with credentials |
//! | `Origin: null`, two of them, any other | as it is, no grant: the browser keeps the answer from the page |
//!
//! A *preflight* is an `OPTIONS` with `Origin` and `Access-Control-Request-Method`. It is answered here, before
//! sessions and limits, and reaches no handler:
//!
//! | preflight | answer |
//! |---|---|
//! | origin not granted | 403 `forbidden`, no grant |
//! | asks for access to a private network | 403 `forbidden`, no grant |
//! | method that no route of the path takes | 403 `forbidden`, no grant |
//! | a request header that is not listed | 403 `forbidden`, no grant |
//! | anything else | 204 with the grant, the path's methods, the listed headers and `Access-Control-Max-Age` |
//!
//! Every answer of a service that grants anything says `Vary: Origin`, also one without a grant: a cache must
//! not give the answer for one origin to another. Refusals carry grants like any other answer, so that a page
//! can read why it was refused. A grant decides who may *read*: whether a request is *carried out* is decided
//! by [`csrf`](super::csrf).

mod config;
mod methods;
#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::vary;
use crate::{ErrorCode, Refusal};

pub(crate) use config::EXPLANATIONS;
pub use config::{AllowedOrigin, CorsSettings};
pub(crate) use methods::{MethodTable, Methods};

/// The request headers that a granted origin may send, beyond those that need no grant.
const REQUEST_HEADERS: &str = "accept, accept-language, authorization, content-language, content-type, \
                               idempotency-key, if-match, if-none-match, last-event-id, prefer, range, \
                               x-csrf-token, x-min-position, x-request-id";

/// The headers of an answer that a granted origin may read, beyond those that need no grant.
const EXPOSED_HEADERS: &str = "content-disposition, etag, idempotency-replayed, link, location, ratelimit, \
                               ratelimit-policy, retry-after, x-position, x-ratelimit-limit, \
                               x-ratelimit-remaining, x-ratelimit-reset, x-request-id, x-total-count";

/// By these a preflight asks to reach from a public page into a private network. We do not know that we want it.
const PRIVATE_NETWORK: [HeaderName; 2] = [
    HeaderName::from_static("access-control-request-private-network"),
    HeaderName::from_static("access-control-request-local-network"),
];

/// More names than any honest preflight lists.
const MAX_REQUEST_HEADERS: usize = 64;

/// The rules, with all header values made.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    origins: Vec<HeaderValue>,
    any: bool,
    credentials: bool,
    max_age: HeaderValue,
}

/// Who may read an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Nobody but our own pages.
    #[default]
    Own,
    /// Pages of this origin.
    Origin(HeaderValue),
    /// Every page.
    Any,
}

/// What is decided before routing.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// To be given to [`Cors::seal`] on the way out.
    pub(crate) grant: Grant,
    /// The answer to a preflight; any other request goes on to its route.
    pub(crate) preflight: Option<Result<Response, Refusal>>,
}

impl Cors {
    /// Makes the rules. That `*` comes without credentials is a rule of the settings, and kept here too.
    pub(crate) fn new(settings: &CorsSettings) -> Self {
        let any = settings.is_any();
        let exact = |entry: &AllowedOrigin| match entry {
            AllowedOrigin::Exact(origin) => HeaderValue::from_str(origin.as_str()).ok(),
            AllowedOrigin::Any => None,
        };
        Self {
            origins: settings.origins.iter().filter_map(exact).collect(),
            any,
            credentials: settings.credentials && !any,
            max_age: HeaderValue::from(settings.max_age.as_secs()),
        }
    }

    /// Decides by the tables above. `methods` are those of the path, and asked for by preflights only.
    pub(crate) fn check<'a>(
        &self,
        method: &Method,
        headers: &HeaderMap,
        methods: impl FnOnce() -> Option<&'a Methods>,
    ) -> Verdict {
        let grant = self.grant(headers);
        let asked = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        match asked {
            Some(asked) if *method == Method::OPTIONS && headers.contains_key(header::ORIGIN) => {
                let answer = self.preflight(&grant, headers, asked, methods());
                // A refused preflight must not look like half a grant.
                let grant = if answer.is_ok() { grant } else { Grant::Own };
                Verdict { grant, preflight: Some(answer) }
            }
            _ => Verdict { grant, preflight: None },
        }
    }

    /// Writes the grant on an answer, whatever became of the request. A grant that the handler wrote itself is
    /// taken off: there is one rule, and one line.
    pub(crate) fn seal(&self, grant: &Grant, headers: &mut HeaderMap) {
        headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        if !self.any && self.origins.is_empty() {
            return;
        }
        vary::add(headers, "Origin");
        let origin = match grant {
            Grant::Own => return,
            Grant::Origin(origin) => origin.clone(),
            Grant::Any => HeaderValue::from_static("*"),
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    fn grant(&self, headers: &HeaderMap) -> Grant {
        let mut lines = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (lines.next(), lines.next()) else { return Grant::Own };
        if origin == "null" {
            Grant::Own
        } else if self.any {
            Grant::Any
        } else {
            // Our own copy of the value, so nothing that a client sent is reflected.
            self.origins.iter().find(|listed| *listed == origin).cloned().map_or(Grant::Own, Grant::Origin)
        }
    }

    fn preflight(
        &self,
        grant: &Grant,
        headers: &HeaderMap,
        asked: &HeaderValue,
        methods: Option<&Methods>,
    ) -> Result<Response, Refusal> {
        let forbidden = |message: &'static str| Refusal::new(ErrorCode::Forbidden).message(message);
        if *grant == Grant::Own {
            return Err(forbidden("Pages of this origin may not use this service."));
        }
        if PRIVATE_NETWORK.iter().any(|name| headers.contains_key(name)) {
            return Err(forbidden("Pages of a public network may not reach into this one."));
        }
        let Some(methods) = methods.filter(|methods| methods.contains(asked.as_bytes())) else {
            return Err(forbidden("No resource with this path knows the requested method."));
        };
        if !are_listed(headers) {
            return Err(forbidden("A requested header is not among those that other origins may send."));
        }
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let headers = answer.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods.value());
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        vary::add(headers, "Access-Control-Request-Method");
        vary::add(headers, "Access-Control-Request-Headers");
        Ok(answer)
    }
}

/// Whether all headers that a preflight asks for may be sent.
fn are_listed(headers: &HeaderMap) -> bool {
    let mut count = 0;
    headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter().all(|line| {
        let Ok(line) = line.to_str() else { return false };
        line.split(',').map(str::trim).filter(|name| !name.is_empty()).all(|name| {
            count += 1;
            count <= MAX_REQUEST_HEADERS
                && REQUEST_HEADERS.split(", ").any(|listed| listed.eq_ignore_ascii_case(name))
        })
    })
}
