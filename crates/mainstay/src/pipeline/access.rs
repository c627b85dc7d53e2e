//! The access line and the metrics of a request, written when its answer has ended.
//!
//! It is written at `info`; for a probe that found all well, at `debug`.
//!
//! | field | meaning |
//! |---|---|
//! | `method`, `path` | as sent; the query string is never logged |
//! | `route` | the route's path, `(unmatched)` where there is none |
//! | `status` | of the answer |
//! | `code` | of the refusal, where it was one |
//! | `outcome` | `complete`, or `aborted` when the client left or the answer broke off |
//! | `duration_ms` | from the request's head to the end of the answer |
//! | `bytes` | of the answer's body |
//! | `client` | the client's address |
//! | `user_id`, `api_id` | who asked, once that was known: the user, the API token |
//! | `client_request_id`, `user_agent` | as sent, bounded |

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use mainstay_core::Clock;

use super::Exchange;
use crate::ErrorCode;
use crate::routes::Priority;
use crate::telemetry::metrics::{HttpMeter, InFlight, RouteMeter};

/// The route in the access line of requests that no route was reached for.
const UNMATCHED: &str = "(unmatched)";

/// The status of a client that left before its answer.
const CLIENT_LEFT: u16 = 499;

/// What the access line will say. It is written when this is dropped, so no request goes without one.
pub(super) struct Access {
    exchange: Exchange,
    clock: Clock,
    span: tracing::Span,
    meter: HttpMeter,
    unrouted: RouteMeter,
    _in_flight: InFlight,
    answer: Option<(StatusCode, Option<ErrorCode>)>,
    bytes: u64,
    complete: bool,
}

impl Access {
    pub(super) fn open(
        exchange: Exchange,
        clock: Clock,
        span: tracing::Span,
        meter: HttpMeter,
        unrouted: RouteMeter,
    ) -> Self {
        let in_flight = meter.begin();
        Self {
            exchange,
            clock,
            span,
            meter,
            unrouted,
            _in_flight: in_flight,
            answer: None,
            bytes: 0,
            complete: false,
        }
    }

    /// Counts the requests of the whole service.
    pub(super) fn meter(&self) -> &HttpMeter {
        &self.meter
    }

    pub(super) fn answered(mut self, status: StatusCode, code: Option<ErrorCode>) -> Self {
        self.answer = Some((status, code));
        self
    }

    fn write(&self) {
        let exchange = &self.exchange;
        let elapsed = self.clock.now().saturating_duration_since(exchange.received());
        let (status, code) = self.answer.unzip();
        let route = exchange.row().map_or(UNMATCHED, |row| row.path.as_str());
        let (user_id, api_id) = exchange.caller();
        let outcome = if self.complete { "complete" } else { "aborted" };
        let _inside = self.span.enter();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "mainstay::access",
                    method = %exchange.method(),
                    path = exchange.path(),
                    route,
                    status = status.map(|status| status.as_u16()),
                    code = code.flatten().map(ErrorCode::as_str),
                    outcome,
                    duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3,
                    bytes = self.bytes,
                    client = %exchange.client(),
                    user_id = user_id.map(display),
                    api_id = api_id.map(display),
                    client_request_id = exchange.client_request_id(),
                    user_agent = exchange.user_agent(),
                    "answered"
                )
            };
        }
        if self.is_probe_as_ever() {
            line!(debug);
        } else {
            line!(info);
        }
        // A client that left before its answer counts as 499, as nginx has it.
        let status = status.map_or(CLIENT_LEFT, |status| status.as_u16());
        exchange.row().map_or(&self.unrouted, |row| &row.meter).record(status, elapsed);
    }

    /// Whether this is a probe that found all well: one every few seconds, for ever, says nothing.
    fn is_probe_as_ever(&self) -> bool {
        let is_probe = self.exchange.row().is_some_and(|row| row.policy.priority == Priority::Operations);
        is_probe && self.complete && self.answer.is_some_and(|(status, _)| status.is_success())
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        self.write();
        if let Some(row) = self.exchange.row() {
            row.meter.leave();
        }
    }
}

/// An answer's body: counts its bytes, survives its panics, and writes the access line when it ends.
pub(super) struct Tail {
    body: Body,
    access: Access,
    ended: bool,
    broken: bool,
}

/// The body of an answer panicked while it was being produced.
#[derive(Debug, thiserror::Error)]
#[error("the answer's body panicked")]
struct BodyPanicked;

impl Tail {
    pub(super) fn new(body: Body, access: Access) -> Self {
        Self { body, access, ended: false, broken: false }
    }
}

impl HttpBody for Tail {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let span = this.access.span.clone();
        let _inside = span.enter();
        let body = Pin::new(&mut this.body);
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| body.poll_frame(context)));
        let frame = match polled {
            Ok(poll) => ready!(poll),
            // The head has left: all that can still be said is that the body is not whole.
            Err(_) => Some(Err(axum::Error::new(BodyPanicked))),
        };
        match &frame {
            Some(Ok(frame)) => this.access.bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(error)) => {
                this.broken = true;
                tracing::error!(error = %mainstay_core::Chain(error), "the answer broke off");
            }
            None => this.ended = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // hyper does not ask again for a body whose last byte it has, nor at all for the answer to a HEAD.
        let ended = self.ended || self.body.is_end_stream() || self.access.exchange.method() == Method::HEAD;
        self.access.complete = ended && !self.broken;
    }
}
