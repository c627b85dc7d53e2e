//! One connection, from its first byte to its last.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use mainstay_core::{Shutdown, Tasks};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::admission::{Event, Seat};
use super::wire::Wire;
use super::{ConnectionSettings, Context, Farewell, Handle, Peer, http1, http2};

/// Every HTTP/2 connection begins with these bytes (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a connection that has said nothing yet is waited for once stopping has begun. Its first request
/// may be on the way, and unlike on an idle connection nobody expects it to be lost.
const NEWCOMER_GRACE: Duration = Duration::from_secs(1);

/// What the parts of a connection know of it.
#[derive(Debug)]
pub(super) struct Link<H> {
    pub(super) handler: H,
    pub(super) peer: Peer,
    pub(super) seat: Arc<Seat>,
    pub(super) settings: Arc<ConnectionSettings>,
    pub(super) shutdown: Shutdown,
    pub(super) farewell: Farewell,
    pub(super) tasks: Tasks,
}

impl<H> Link<H> {
    /// Waits until stopping has begun, and then for so long.
    pub(super) async fn stopping_for(&self, grace: Duration) {
        self.shutdown.begun().await;
        sleep(grace).await;
    }
}

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
    /// Nothing, or not enough.
    Silence,
}

/// Serves a connection over any stream, as [`serve`](super::serve) does over each socket that it accepts.
/// Returns when the connection has ended; at once if there is no place for it.
///
/// # Cancel safety
///
/// Not safe: a dropped connection is cut.
pub async fn serve_connection<IO, H>(
    stream: IO,
    peer: Peer,
    settings: Arc<ConnectionSettings>,
    handler: H,
    context: Context,
) where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
    H: Handle,
{
    let Ok(seat) = context.connections.admit(peer.address.ip()) else { return };
    let Context { tasks, shutdown, farewell, .. } = context;
    let seat = Arc::new(seat);
    run(stream, Link { handler, peer, seat, settings, shutdown, farewell, tasks }).await;
}

/// Serves a connection that has its place.
pub(super) async fn run<IO, H>(stream: IO, link: Link<H>)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
    H: Handle,
{
    tokio::select! {
        biased;
        () = link.shutdown.forced() => {}
        () = link.seat.evicted() => {}
        // A panic that reaches this place ends this connection and no other.
        outcome = AssertUnwindSafe(speak(stream, &link)).catch_unwind() => {
            if outcome.is_err() {
                tracing::error!(peer = %link.peer.address, "panic while serving a connection");
            }
        }
    }
}

async fn speak<IO, H>(stream: IO, link: &Link<H>)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
    H: Handle,
{
    let mut wire = Wire::new(stream, link.settings.write_stall_timeout);
    let mut deadline = Box::pin(sleep(link.settings.header_read_timeout));
    let protocol = tokio::select! {
        biased;
        protocol = recognise(&mut wire) => protocol,
        () = &mut deadline => {
            link.seat.count(Event::TimedOut);
            Protocol::Silence
        }
        () = link.stopping_for(NEWCOMER_GRACE) => Protocol::Silence,
    };
    match protocol {
        Protocol::Http1 => http1::serve(wire, deadline, link).await,
        // Boxed: a connection takes the room of the largest of these, and most speak HTTP/1.
        Protocol::Http2 => Box::pin(http2::serve(wire, deadline, link)).await,
        Protocol::Silence => {
            // Nobody is owed an answer; closing can only fail because the peer is gone.
            let _ = wire.close(None, None).await;
        }
    }
}

/// Reads until the bytes can belong to one protocol only.
async fn recognise<IO>(wire: &mut Wire<IO>) -> Protocol
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        if let Some(protocol) = protocol_of(wire.ahead()) {
            return protocol;
        }
        match wire.fill().await {
            Ok(0) if !wire.ahead().is_empty() => return Protocol::Http1,
            Ok(0) | Err(_) => return Protocol::Silence,
            Ok(_) => {}
        }
    }
}

fn protocol_of(bytes: &[u8]) -> Option<Protocol> {
    let common = bytes.len().min(PREFACE.len());
    if bytes[..common] != PREFACE[..common] {
        Some(Protocol::Http1)
    } else if common == PREFACE.len() {
        Some(Protocol::Http2)
    } else {
        None
    }
}
