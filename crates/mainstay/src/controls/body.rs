//! Bounds on the body of a request: its size and the time it may take to arrive.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;

use crate::{ErrorCode, Refusal};

/// How much body a request may bring, and how slowly.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Most bytes, declared or counted.
    pub bytes: u64,
    /// From the first look at the body to its last byte.
    pub time: Duration,
    /// Each so many bytes that have come allow one more second: a slow line is not an attack, a drip is.
    pub bytes_per_second: u64,
}

/// Why the rest of a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyFailure {
    /// More bytes than allowed.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// Not all there in time.
    #[error("the body did not arrive within {} s", .limit.as_secs_f32())]
    TooSlow {
        /// The limit.
        limit: Duration,
    },
    /// The client went away, or what it sent breaks the framing.
    #[error("the body broke off")]
    Broken,
}

impl From<BodyFailure> for Refusal {
    fn from(failure: BodyFailure) -> Self {
        match failure {
            BodyFailure::TooLarge { limit } => Refusal::new(ErrorCode::PayloadTooLarge)
                .message(format!("The request's body is larger than {limit} bytes.")),
            BodyFailure::TooSlow { .. } => Refusal::new(ErrorCode::RequestTimeout),
            BodyFailure::Broken => {
                Refusal::new(ErrorCode::BadRequest).message("The request's body broke off.")
            }
        }
        .because(failure)
    }
}

/// Where a body leaves word of its failure.
///
/// A foreign extractor turns the error of a body into some 4xx of its own; the guard reads the truth here.
#[derive(Clone, Debug, Default)]
pub(crate) struct BodyReport(Arc<OnceLock<BodyFailure>>);

impl BodyReport {
    pub(crate) fn failure(&self) -> Option<BodyFailure> {
        self.0.get().copied()
    }
}

impl BodyLimits {
    /// Refuses by the declared length, before a byte is read.
    pub(crate) fn check(self, headers: &HeaderMap) -> Result<(), Refusal> {
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        match declared {
            Some(bytes) if bytes > self.bytes => Err(BodyFailure::TooLarge { limit: self.bytes }.into()),
            _ => Ok(()),
        }
    }

    /// Puts the limits around a body whose length is not to be believed.
    pub(crate) fn wrap(self, body: Body) -> (Body, BodyReport) {
        let report = BodyReport::default();
        if body.is_end_stream() {
            return (body, report);
        }
        let limited = Limited {
            body,
            limits: self,
            seen: 0,
            timer: None,
            added: Duration::ZERO,
            report: report.clone(),
        };
        (Body::new(limited), report)
    }
}

struct Limited {
    body: Body,
    limits: BodyLimits,
    seen: u64,
    timer: Option<Pin<Box<Sleep>>>,
    /// What was added to the time already.
    added: Duration,
    report: BodyReport,
}

impl Limited {
    /// Whether the time is up, with what the bytes that have come add to it.
    fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        let time = self.limits.time;
        let added = Duration::from_secs(self.seen / self.limits.bytes_per_second.max(1));
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        while timer.as_mut().poll(context).is_ready() {
            let more = added.saturating_sub(self.added);
            if more.is_zero() {
                return true;
            }
            self.added = added;
            let deadline = timer.deadline() + more;
            timer.as_mut().reset(deadline);
        }
        false
    }

    fn fail(&self, failure: BodyFailure) -> Poll<Option<Result<Frame<Bytes>, BodyFailure>>> {
        // Only the first failure is the cause; what follows from it is not.
        let _ = self.report.0.set(failure);
        Poll::Ready(Some(Err(failure)))
    }
}

impl HttpBody for Limited {
    type Data = Bytes;
    type Error = BodyFailure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFailure>>> {
        if let Some(failure) = self.report.failure() {
            return Poll::Ready(Some(Err(failure)));
        }
        if self.is_too_slow(context) {
            return self.fail(BodyFailure::TooSlow { limit: self.limits.time });
        }
        match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None => Poll::Ready(None),
            Some(Err(_)) => self.fail(BodyFailure::Broken),
            Some(Ok(frame)) => {
                self.seen += frame.data_ref().map_or(0, |data| data.len() as u64);
                if self.seen > self.limits.bytes {
                    return self.fail(BodyFailure::TooLarge { limit: self.limits.bytes });
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.report.failure().is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use http_body_util::BodyExt;
    use mainstay_core::Clock;

    use super::*;

    const LIMITS: BodyLimits =
        BodyLimits { bytes: 1_000_000, time: Duration::from_secs(20), bytes_per_second: 1_000 };

    /// Sends so many pieces of a body, one a second; tells how much was taken, after how many seconds, and what ended it.
    async fn dripped(pieces: usize, bytes: usize) -> (usize, u64, Option<BodyFailure>) {
        let (clock, piece) = (Clock::system(), Bytes::from(vec![0; bytes]));
        let drips = futures_util::stream::repeat(piece).take(pieces).then(async |piece| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, std::convert::Infallible>(piece)
        });
        let begun = clock.now();
        let (mut body, report) = LIMITS.wrap(Body::from_stream(drips));
        let mut taken = 0;
        while let Some(Ok(frame)) = body.frame().await {
            taken += frame.data_ref().map_or(0, Bytes::len);
        }
        (taken, (clock.now() - begun).as_secs(), report.failure())
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_is_cut_and_a_slow_line_is_not() {
        let too_slow = Some(BodyFailure::TooSlow { limit: LIMITS.time });
        // Fewer bytes a second than it takes to be given one.
        for (pieces, bytes, expected) in [
            (1_000, 1, (19, 20, too_slow)),
            (1_000, 500, (19_500, 39, too_slow)),
            (19, 1, (19, 19, None)),
            (300, 1_000, (300_000, 300, None)),
        ] {
            let (taken, seconds, failure) = dripped(pieces, bytes).await;
            assert_eq!(failure, expected.2, "{bytes}");
            assert!(taken.abs_diff(expected.0) <= 2 * bytes, "{bytes}: {taken}");
            assert!(seconds.abs_diff(expected.1) <= 2, "{bytes}: {seconds}");
        }
    }
}
