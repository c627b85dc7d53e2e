//! `/api/v1/events`: what happens, as it happens.
//!
//! Server-sent events. The id of each is its position in the log, so a client that was cut off goes on where it
//! was: it sends the last id it has seen as `Last-Event-ID`, as browsers do by themselves.

mod feed;
mod follower;
mod tail;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use mainstay::identity::{How, Identity};
use mainstay::routes::{DescribeRequest, DescribeResponse, Operation};
use mainstay::session::{Session, Sessions};
use mainstay::{ErrorCode, Refusal, Role, Routes};
use mainstay_events::Position;
use schemars::SchemaGenerator;

pub use self::feed::Feed;
use self::follower::{Follower, HEARTBEAT};
use crate::api::Catalogues;
use crate::api::policy::READING;

/// A stream ends after this time, and the client comes back: its rights are looked at anew. With a session, a stream
/// also ends when that does.
const LONGEST: Duration = Duration::from_mins(10);

/// The same for API tokens, which nothing tells of their end.
const LONGEST_BY_TOKEN: Duration = Duration::from_mins(2);

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/events")
        .tag("Activity")
        .get("", follow)
        .summary("Tells what happens as it happens; Last-Event-ID says where to go on")
        .role(Role::Viewer)
        .errors(&[ErrorCode::Overloaded])
        .errors(READING)
}

/// The last event that the client has seen.
struct LastSeen(Option<Position>);

impl<S: Send + Sync> FromRequestParts<S> for LastSeen {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(value) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let position = value.to_str().ok().and_then(|text| text.parse().ok()).map(Position::new);
        match position {
            Some(position) => Ok(Self(Some(position))),
            None => {
                Err(Refusal::new(ErrorCode::BadRequest)
                    .message("Last-Event-ID is the id of an event: a number."))
            }
        }
    }
}

impl DescribeRequest for LastSeen {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.headers.push(("Last-Event-ID", "the id of the last event that was seen: go on behind it"));
        operation.errors.push(ErrorCode::BadRequest);
    }
}

/// The answer: it goes on as long as the client stays.
struct Live {
    follower: Follower,
    /// What ends with whoever listens.
    session: Option<(Sessions, Session)>,
}

impl IntoResponse for Live {
    fn into_response(self) -> Response {
        let Self { follower, session } = self;
        let frames = stream::unfold(follower, async |mut follower| {
            let frame = follower.next().await?;
            Some((Ok::<_, std::convert::Infallible>(frame), follower))
        });
        let over: Pin<Box<dyn Future<Output = ()> + Send>> = match session {
            Some((sessions, session)) => Box::pin(async move { sessions.over(&session).await }),
            None => Box::pin(std::future::pending()),
        };
        let frames = frames.take_until(over);
        let mut response = Body::from_stream(frames).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        // Some proxies would keep a page together before they let any of it through.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}

impl DescribeResponse for Live {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation
            .answers
            .push(mainstay::routes::Answer::new(StatusCode::OK).content("text/event-stream", None));
    }
}

async fn follow(
    State(feed): State<Feed>,
    identity: Identity,
    session: Session,
    LastSeen(last_seen): LastSeen,
) -> Result<Live, Refusal> {
    let Ok(place) = Arc::clone(&feed.places).try_acquire_owned() else {
        return Err(Refusal::new(ErrorCode::Overloaded).retry_after(HEARTBEAT));
    };
    let watch = feed.store.watch();
    let head = feed.store.head().await?;
    feed.tail.ends_at(head);
    let mut first = VecDeque::from([Bytes::from_static(b"retry: 2000\n\n")]);
    let after = last_seen.unwrap_or(head);
    if after > head {
        // The log was restored: what the client has seen is not what is there.
        first.push_back(Bytes::from(format!("id: {head}\nevent: reset\ndata: {{\"position\":{head}}}\n\n")));
    }
    let Feed { tail, clock, stopping, sessions, .. } = feed;
    let (session, longest) = match identity.how {
        How::Session => (sessions.map(|sessions| (sessions, session)), LONGEST),
        _ => (None, LONGEST_BY_TOKEN),
    };
    let ends = clock.now() + longest;
    let after = after.min(head);
    let follower = Follower { tail, head: watch, after, clock, ends, stopping, first, _place: place };
    Ok(Live { follower, session })
}
