//! One shape for every refusal, whoever made it.
//!
//! A control, an extractor or a handler returns a [`Refusal`]; the exit of the pipeline renders it once,
//! in the form that the client asked for:
//!
//! | `Accept` prefers | answer |
//! |---|---|
//! | anything else, or nothing | `{"error":{"code","message","request_id","details"?,"retry_after"?}}` |
//! | `application/problem+json` | the same facts as RFC 9457 problem details |
//! | `text/html` | a page |
//!
//! The text of a 5xx is fixed. Its cause rides along for the log and reaches no client, but for a developer's own: with
//! `DEBUG`, which no strict environment heeds, each form has the chain of causes in one more field, `cause`.
//!
//! ```
//! use mainstay::{ErrorCode, Refusal};
//!
//! let refusal = Refusal::new(ErrorCode::NotFound).message("Schema 'cars' not found");
//! assert_eq!(refusal.code().status().as_u16(), 404);
//! ```

mod code;
mod database;
mod negotiate;
mod render;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

pub use code::ErrorCode;
pub use negotiate::Format;
pub(crate) use render::{CHALLENGE, connection_refusal, render};

/// Why a request is not answered as it wished.
#[derive(Clone, Debug)]
pub struct Refusal {
    // Boxed: this is the error half of every handler's result.
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    code: ErrorCode,
    message: Cow<'static, str>,
    details: Vec<Detail>,
    retry_after: Option<Duration>,
    headers: HeaderMap,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// One field that is not valid, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[non_exhaustive]
pub struct Detail {
    /// Where: a path such as `rules[2].condition`, or a parameter's name.
    pub field: String,
    /// A short machine-readable reason.
    pub code: Cow<'static, str>,
    /// The reason in words.
    pub message: String,
}

impl Detail {
    /// A field, a reason for machines, a reason for people.
    pub fn new(
        field: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

impl Refusal {
    /// A refusal that says what its code says.
    pub fn new(code: ErrorCode) -> Self {
        let message = Cow::Borrowed(code.message());
        let inner = Inner {
            code,
            message,
            details: Vec::new(),
            retry_after: None,
            headers: HeaderMap::new(),
            cause: None,
        };
        Self { inner: Box::new(inner) }
    }

    /// Says more than the code does. Ignored where the fault is ours: that text is fixed.
    #[must_use]
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        if !self.inner.code.is_ours() {
            self.inner.message = message.into();
        }
        self
    }

    /// Adds a field that is not valid.
    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        self.inner.details.push(detail);
        self
    }

    /// Adds fields that are not valid.
    #[must_use]
    pub fn details(mut self, details: impl IntoIterator<Item = Detail>) -> Self {
        self.inner.details.extend(details);
        self
    }

    /// When to come back. Rounded up to whole seconds on the wire.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.inner.retry_after = Some(wait);
        self
    }

    /// Adds a header to the answer, such as `Allow`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.inner.headers.append(name, value);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.inner.cause = Some(Arc::new(cause));
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.inner.code
    }

    /// What the client is told.
    pub fn text(&self) -> &str {
        &self.inner.message
    }

    /// When to come back.
    pub fn wait(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// What the log is told beyond the code.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.inner.cause.as_deref()
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.code.as_str(), self.inner.message)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner.cause.as_ref().map(|cause| &**cause as &(dyn Error + 'static))
    }
}

/// Carries the refusal to the exit, which renders it: only there the request's id and `Accept` are known.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.inner.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
