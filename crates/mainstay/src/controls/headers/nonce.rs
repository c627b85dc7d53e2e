//! The nonce of a page: what lets one script or style of our own run inside it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::request::Parts;
use mainstay_core::random;

use crate::routes::DescribeRequest;
use crate::{Exchange, Refusal};

/// A nonce for inline scripts and styles of one answer: 128 random bits.
///
/// ```html
/// <script nonce="{{ nonce }}">…</script>
/// ```
///
/// It is made when it is first asked for. From then on the answer's `Content-Security-Policy` names it, and the
/// answer is `no-store`: a page that is used twice would have a nonce that is known.
#[derive(Clone, PartialEq, Eq)]
pub struct PageNonce(Arc<str>);

/// Where an exchange keeps its nonce, if anybody asked for one.
#[derive(Default)]
pub(crate) struct NonceSlot(OnceLock<PageNonce>);

impl NonceSlot {
    /// The nonce of the exchange, made at the first call.
    pub(crate) fn nonce(&self) -> &PageNonce {
        self.0.get_or_init(|| PageNonce(STANDARD_NO_PAD.encode(random::bytes::<16>()).into()))
    }

    /// The nonce, if anybody asked for one.
    pub(crate) fn used(&self) -> Option<&PageNonce> {
        self.0.get()
    }
}

impl PageNonce {
    /// The text of the `nonce` attribute: letters, digits, `+` and `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PageNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageNonce(…)")
    }
}

impl<S: Sync> FromRequestParts<S> for PageNonce {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let exchange = Exchange::from_request_parts(parts, state).await?;
        Ok(exchange.nonce_slot().nonce().clone())
    }
}

impl DescribeRequest for PageNonce {}
