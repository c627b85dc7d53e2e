//! The token in the body of a form, found without taking the body from the handler.
//!
//! | body | looked at |
//! |---|---|
//! | `application/x-www-form-urlencoded` | the whole, within the limits of the route; then given back whole |
//! | `multipart/form-data` | its first part, if that is the token: at most 2 KiB; then the stream goes on from its first byte |
//! | any other type, none | not at all: the token comes in the header |
//!
//! So a page puts the hidden field before all others, and an upload of any size streams to its handler.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;

use super::{CsrfFailure, FIELD, multipart};
use crate::Refusal;
use crate::extract::body;

/// How much of a multipart body is looked at: delimiter, head and content of one small part.
const PEEK_BYTES: usize = 2048;

/// What was found: no token, one, or several.
pub(super) type Found = Result<Option<String>, CsrfFailure>;

/// Looks for the token, and gives the body back as it was.
///
/// # Errors
///
/// When the body cannot be read: it is too large, too slow, or broke off.
pub(super) async fn take(headers: &HeaderMap, body: Body) -> Result<(Found, Body), Refusal> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let bytes = body::read(body).await?;
        Ok((in_fields(&bytes), Body::from(bytes)))
    } else if let Some(boundary) = multipart::boundary(sent) {
        peek(&boundary, body).await
    } else {
        Ok((Ok(None), body))
    }
}

/// The token among URL-encoded fields.
fn in_fields(bytes: &[u8]) -> Found {
    let mut values = form_urlencoded::parse(bytes).filter(|(name, _)| name == FIELD).map(|(_, value)| value);
    let value = values.next();
    if values.next().is_some() { Err(CsrfFailure::TokenDoubled) } else { Ok(value.map(String::from)) }
}

/// URL-encoded fields without the token: it is no field of the application's, which may refuse unknown ones.
pub(crate) fn without_token(fields: &[u8]) -> Cow<'_, [u8]> {
    if !form_urlencoded::parse(fields).any(|(name, _)| name == FIELD) {
        return Cow::Borrowed(fields);
    }
    let others = form_urlencoded::parse(fields).filter(|(name, _)| name != FIELD);
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(others).finish();
    Cow::Owned(written.into_bytes())
}

/// Reads as much as the first part needs.
async fn peek(boundary: &str, mut body: Body) -> Result<(Found, Body), Refusal> {
    let mut frames = VecDeque::new();
    let mut start = Vec::new();
    let found = loop {
        match multipart::first_part(boundary, &start) {
            multipart::First::Field(value) => break Some(value),
            multipart::First::Other => break None,
            multipart::First::Incomplete if start.len() >= PEEK_BYTES => break None,
            multipart::First::Incomplete => {}
        }
        let Some(frame) = body.frame().await else { break None };
        let frame = frame.map_err(|error| body::refusal(&error))?;
        if let Some(data) = frame.data_ref() {
            let room = PEEK_BYTES - start.len();
            start.extend_from_slice(data.get(..room).unwrap_or(data));
        }
        frames.push_back(frame);
    };
    let body = if frames.is_empty() { body } else { Body::new(Rewound { frames, rest: body }) };
    Ok((Ok(found), body))
}

/// A body whose first frames were read already.
struct Rewound {
    frames: VecDeque<Frame<Bytes>>,
    rest: Body,
}

impl HttpBody for Rewound {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(frame) = self.frames.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        Poll::Ready(ready!(Pin::new(&mut self.rest).poll_frame(context)))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let read = self.frames.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum::<u64>();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(read));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(read));
        }
        hint
    }
}
