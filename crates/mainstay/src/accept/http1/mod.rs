//! HTTP/1 on one connection.
//!
//! hyper speaks the protocol; a [`Gate`](gate::Gate) stands between it and the wire. The gate holds each head
//! back until it is complete and beyond doubt, and cuts the stream at the end of each message, so that hyper
//! never sees a byte that could begin another request than the one everybody else sees.
//!
//! What the gate refuses, although some parser somewhere takes it: Content-Length beside Transfer-Encoding, more
//! than one of either, any transfer coding but `chunked`, any in HTTP/1.0, a line that ends in LF alone, a lone
//! CR, other control characters, white space before a colon or at the start of a line, an empty or a bent
//! request line. RFC 9112 allows a server to be lenient in some of these; leniency is what request smuggling
//! is made of.

mod chunked;
mod exchange;
mod gate;
mod head;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;

use self::exchange::{AnswerBody, Exchange};
use self::gate::Gate;
use super::connection::Link;
use super::wire::Wire;
use super::{ConnectionSettings, Handle};

/// hyper's own buffers. Heads reach it whole, so its read buffer must hold the largest one.
fn buffer_bytes(settings: &ConnectionSettings) -> usize {
    let head = settings.max_target_bytes.saturating_add(settings.max_header_bytes as usize);
    head.saturating_add(16 * 1024)
}

/// Serves a connection to its end. `deadline` bounds the first head.
pub(super) async fn serve<IO, H>(wire: Wire<IO>, deadline: Pin<Box<Sleep>>, link: &Link<H>)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
    H: Handle,
{
    let settings = &*link.settings;
    let exchange = Arc::new(Exchange::default());
    let mut gate = Gate::new(wire, deadline, Arc::clone(&exchange), link);
    let service = service_fn(|request| {
        // Not within the future: the phase must change before hyper reads on.
        exchange.begin();
        // Boxed: it is large, and a connection that rests, or whose answer goes on and on, has none.
        Box::pin(answer(request, link, &exchange))
    });
    let served = hyper::server::conn::http1::Builder::new()
        .max_headers(settings.max_header_fields)
        .max_buf_size(buffer_bytes(settings))
        // Both waits are the gate's: it alone can tell an idle connection from a slow head.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(&mut gate), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "HTTP/1 connection ended early");
    }
    if let Err(error) = gate.close().await {
        tracing::debug!(%error, "HTTP/1 connection was not closed cleanly");
    }
}

async fn answer<H: Handle>(
    request: Request<Incoming>,
    link: &Link<H>,
    exchange: &Arc<Exchange>,
) -> Result<Response<AnswerBody>, Infallible> {
    let mut response = link.handler.handle(request, link.peer).await;
    // An answer to half a request is followed by a close, and so is every answer while we take leave or stop. Who
    // reads this does not send its next request into a closing connection.
    let is_last = link.farewell.has_begun() || link.shutdown.has_begun();
    if exchange.is_request_arriving() || is_last {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    exchange.respond();
    Ok(response.map(|body| AnswerBody::new(body, Arc::clone(exchange))))
}
