//! HTTP/2 with prior knowledge on one connection.

mod executor;
mod streams;

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;

use self::executor::StreamExecutor;
use self::streams::{StreamBody, StreamGuard, Streams};
use super::admission::Event;
use super::connection::Link;
use super::wire::Wire;
use super::{ConnectionSettings, Handle, HeadTooLarge, Peer};

/// What is buffered of one answer; times the streams, this bounds a connection.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Streams that were reset before the handler got them, and errors of the peer's that we answered with a
/// reset, before the connection is closed (CVE-2023-44487, CVE-2025-8671).
const PENDING_RESETS: usize = 20;
const LOCAL_RESETS: usize = 64;

/// How many times as long as `max_header_bytes` a head may be to be refused in the shape of all refusals. A longer one
/// is refused by the library below: with 431, and without a body.
const READ_TO_REFUSE: u32 = 2;
/// What HTTP/2 adds to each field when it counts the size of a head (RFC 9113, 6.5.2).
const FIELD_OVERHEAD: usize = 32;

/// Serves a connection to its end. `deadline` bounds the wait for the first request.
pub(super) async fn serve<IO, H>(wire: Wire<IO>, deadline: Pin<Box<Sleep>>, link: &Link<H>)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
    H: Handle,
{
    let settings = &*link.settings;
    let streams = Arc::new(Streams::default());
    let (executor, _cut) =
        StreamExecutor::new(link.tasks.clone(), Arc::clone(&streams), settings.write_stall_timeout);
    let service = service_fn(|request| {
        // Not within the future: the executor that runs it takes over the stream that begins here.
        let stream = streams.begin(&link.seat);
        let request = judged(request, settings.max_header_bytes);
        answer(request, link.handler.clone(), link.peer, stream)
    });
    let connection = builder(settings, executor).serve_connection(TokioIo::new(wire), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = streams.abused(settings.http2_reset_budget) => {
            tracing::debug!(peer = %link.peer.address, "HTTP/2 peer resets more than it reads");
            return;
        }
        () = is_over(link, &streams, deadline) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = &mut connection => ended,
                () = streams.abused(settings.http2_reset_budget) => return,
                // A peer that does not acknowledge the GOAWAY must not keep the connection.
                () = streams.quiet(settings.linger.idle) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "HTTP/2 connection ended early");
    }
}

/// Waits until it is time to say GOAWAY.
async fn is_over<H>(link: &Link<H>, streams: &Streams, deadline: Pin<Box<Sleep>>) {
    tokio::select! {
        () = link.shutdown.begun() => {}
        () = link.farewell.begun() => {}
        () = streams.idle(deadline, link.settings.keep_alive_timeout) => link.seat.count(Event::TimedOut),
    }
}

fn builder(
    settings: &ConnectionSettings,
    executor: StreamExecutor,
) -> hyper::server::conn::http2::Builder<StreamExecutor> {
    let mut builder = hyper::server::conn::http2::Builder::new(executor);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.http2_max_streams)
        .max_header_list_size(settings.max_header_bytes.saturating_mul(READ_TO_REFUSE))
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(LOCAL_RESETS)
        .keep_alive_interval(settings.http2_ping_interval)
        .keep_alive_timeout(settings.http2_ping_timeout);
    builder
}

/// Marks a request whose fields are too long.
fn judged(mut request: Request<Incoming>, limit: u32) -> Request<Incoming> {
    let size =
        |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + FIELD_OVERHEAD;
    if request.headers().iter().map(size).sum::<usize>() > limit as usize {
        request.extensions_mut().insert(HeadTooLarge);
    }
    request
}

async fn answer<H: Handle>(
    request: Request<Incoming>,
    handler: H,
    peer: Peer,
    stream: StreamGuard,
) -> Result<Response<StreamBody>, Infallible> {
    let response = handler.handle(request, peer).await;
    Ok(response.map(|body| stream.respond(body)))
}
