//! What hyper gets to see of an HTTP/1 connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::chunked::{BadChunk, ChunkedScanner};
use super::exchange::{Exchange, Phase};
use super::head::{Fault, Framing, Head, HeadLimits, HeadScanner};
use crate::accept::admission::Event;
use crate::accept::connection::Link;
use crate::accept::wire::Wire;
use crate::accept::{ConnectionSettings, Handle};

/// Hands hyper one whole message after the other, each only when the exchange before it is over.
///
/// Because hyper gets nothing while an exchange goes on that does not belong to it, two things hold on which the
/// rest is built:
///
/// - When the gate has nothing more to give, hyper is between two messages, so the end of the stream is a clean
///   end to it, and an answer of our own can follow on the wire.
/// - What hyper writes while no handler has a request is its own refusal. It has neither our envelope nor a
///   request id, so it is taken out and our own answer of the same status written in its place.
pub(super) struct Gate<'link, IO, H> {
    wire: Wire<IO>,
    link: &'link Link<H>,
    exchange: Arc<Exchange>,
    message: Message,
    /// How many of the bytes that were read ahead are hyper's.
    released: usize,
    /// Bounds the wait for a head, or for the first byte of one.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Bounds the work for a peer that has closed its sending side.
    farewell: Option<Pin<Box<Sleep>>>,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    refusal: Option<Fault>,
}

/// The message whose bytes come next on the wire.
#[derive(Debug)]
enum Message {
    /// No byte of it has come, or a part of its head.
    Head {
        scanner: HeadScanner,
        begun: bool,
        after_blank_line: bool,
    },
    /// So many bytes of its body are still to come.
    Sized(u64),
    Chunked(ChunkedScanner),
    /// None: nothing that follows is interpreted.
    End,
}

impl Message {
    fn next() -> Self {
        Self::Head { scanner: HeadScanner::default(), begun: false, after_blank_line: false }
    }
}

impl<'link, IO, H> Gate<'link, IO, H>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    H: Handle,
{
    /// `deadline` bounds the first head, of which the first byte may already have come.
    pub(super) fn new(
        wire: Wire<IO>,
        deadline: Pin<Box<Sleep>>,
        exchange: Arc<Exchange>,
        link: &'link Link<H>,
    ) -> Self {
        let shutdown = link.shutdown.clone();
        let stopping = Box::pin(async move { shutdown.begun().await });
        Self {
            wire,
            link,
            exchange,
            message: Message::Head { scanner: HeadScanner::default(), begun: true, after_blank_line: false },
            released: 0,
            deadline: Some(deadline),
            farewell: None,
            stopping,
            refusal: None,
        }
    }

    /// Ends the connection: the refusal, if there is one; then no more from us; then what the peer still sends
    /// is read for a while, if it was in the middle of something.
    pub(super) async fn close(self) -> io::Result<()> {
        let amid_request = self.exchange.is_request_arriving();
        let slow = self.refusal == Some(Fault::TooSlow);
        let linger = (amid_request || self.refusal.is_some()) && !slow;
        let last_word = self.refusal.map(|fault| {
            tracing::debug!(status = fault.status().as_u16(), ?fault, "head refused");
            self.link.handler.refuse(fault.status())
        });
        let limits = self.settings().linger;
        tokio::select! {
            closed = self.wire.close(last_word, linger.then_some(limits)) => closed,
            // A peer that sends on and on must not be what a stop waits for.
            () = self.link.stopping_for(limits.idle) => Ok(()),
        }
    }

    fn settings(&self) -> &'link ConnectionSettings {
        &self.link.settings
    }

    fn refuse(&mut self, fault: Fault) {
        let event = if fault == Fault::TooSlow { Event::TimedOut } else { Event::Malformed };
        self.link.seat.count(event);
        self.refusal = Some(fault);
        self.message = Message::End;
    }

    /// Reads until bytes are released or the message has ended.
    fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.released == 0 {
            match &self.message {
                Message::End => break,
                _ if self.exchange.phase() == Phase::Parsing => {
                    // hyper has a whole head and still asks for more: it reads the head in another way.
                    self.refuse(Fault::Malformed("the head is not understood"));
                }
                Message::Head { .. } if self.exchange.phase() != Phase::Idle => {
                    return self.poll_peer_left(cx);
                }
                Message::Head { .. } => ready!(self.poll_head(cx))?,
                Message::Sized(_) | Message::Chunked(_) => {
                    if self.wire.ahead().is_empty() && ready!(self.wire.poll_fill(cx))? == 0 {
                        // hyper reports the incomplete body to whoever reads it.
                        self.message = Message::End;
                        break;
                    }
                    if let Err(fault) = self.release_body() {
                        self.message = Message::End;
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
                    }
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for the end of the current exchange. Meanwhile a peer may pipeline its next request, which is kept
    /// as far as one read goes, or leave, which ends the work for it.
    fn poll_peer_left(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.exchange.wait(cx.waker());
        if self.wire.ahead().is_empty() && !self.wire.has_ended() {
            ready!(self.wire.poll_fill(cx))?;
        }
        // Once the answer flows, the writing itself shows whether anyone takes it.
        if !self.wire.has_ended() || !self.wire.ahead().is_empty() || self.exchange.phase() != Phase::Working
        {
            return Poll::Pending;
        }
        let wait = self.link.settings.half_closed_timeout;
        let farewell = self.farewell.get_or_insert_with(|| Box::pin(sleep(wait)));
        ready!(farewell.as_mut().poll(cx));
        self.message = Message::End;
        Poll::Ready(Ok(()))
    }

    /// Takes one step towards a head: looks at what is there, or reads more, or finds that time is up.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.decide_head() {
            return Poll::Ready(Ok(()));
        }
        // Before anything else: a request that has arrived is served, however late it is and whatever happens.
        if let Poll::Ready(filled) = self.wire.poll_fill(cx) {
            return Poll::Ready(filled.map(drop));
        }
        let is_idle = self.wire.ahead().is_empty();
        if is_idle && self.is_stopping(cx) {
            self.message = Message::End;
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_deadline(cx));
        if is_idle {
            self.link.seat.count(Event::TimedOut);
            self.message = Message::End;
        } else {
            self.refuse(Fault::TooSlow);
        }
        Poll::Ready(Ok(()))
    }

    /// Looks at what is there of a head. False when more is needed to decide.
    fn decide_head(&mut self) -> bool {
        let limits = HeadLimits::of(self.settings());
        let Message::Head { scanner, begun, after_blank_line } = &mut self.message else { return true };
        let wire = self.wire.ahead();
        if wire.is_empty() {
            if self.wire.has_ended() {
                self.message = Message::End;
            }
            return self.wire.has_ended();
        }
        if !*begun {
            *begun = true;
            self.deadline = None;
        }
        // An empty line before a request: old clients end a body with one (RFC 9112, section 2.2).
        if wire.starts_with(b"\r\n") && !*after_blank_line {
            *after_blank_line = true;
            self.wire.skip(2);
            return true;
        }
        match scanner.read(wire, limits) {
            Ok(Some(head)) => self.release(head),
            Ok(None) if !self.wire.has_ended() => return false,
            Ok(None) => self.refuse(Fault::Malformed("the head is incomplete")),
            Err(fault) => self.refuse(fault),
        }
        true
    }

    fn is_stopping(&mut self, cx: &mut Context<'_>) -> bool {
        self.link.shutdown.has_begun() || self.stopping.as_mut().poll(cx).is_ready()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let settings = self.settings();
        let begun = matches!(self.message, Message::Head { begun: true, .. });
        let wait = if begun { settings.header_read_timeout } else { settings.keep_alive_timeout };
        self.deadline.get_or_insert_with(|| Box::pin(sleep(wait))).as_mut().poll(cx)
    }

    /// Gives hyper a head that is complete, with what has come of its body.
    fn release(&mut self, head: Head) {
        self.deadline = None;
        self.message = match head.framing {
            Framing::Length(length) => Message::Sized(length),
            Framing::Chunked => Message::Chunked(ChunkedScanner::new()),
        };
        self.released = head.bytes;
        if self.release_body().is_err() {
            self.released = 0;
            return self.refuse(Fault::Malformed("the body's first bytes"));
        }
        if !self.link.seat.begin_request() {
            // This connection gave way to another one a moment ago, and is about to be cut.
            self.released = 0;
            self.message = Message::End;
            return;
        }
        self.exchange.release();
    }

    /// Releases what has been read ahead as far as it belongs to the current body. After a fault nothing
    /// more is.
    fn release_body(&mut self) -> Result<(), BadChunk> {
        let unreleased = &self.wire.ahead()[self.released..];
        let done = match &mut self.message {
            Message::Sized(left) => {
                let present =
                    usize::try_from(*left).map_or(unreleased.len(), |left| left.min(unreleased.len()));
                *left -= present as u64;
                self.released += present;
                *left == 0
            }
            Message::Chunked(scanner) => {
                self.released += scanner.read(unreleased)?;
                scanner.is_done()
            }
            Message::Head { .. } | Message::End => return Ok(()),
        };
        self.exchange.set_request_arriving(!done);
        if done {
            self.message = Message::next();
        }
        Ok(())
    }

    /// Takes out what hyper says on its own: see [`Gate`].
    fn intercept(&mut self, bytes: &[u8]) -> bool {
        if !matches!(self.exchange.phase(), Phase::Idle | Phase::Parsing) {
            return false;
        }
        let status = bytes.get(9..12).and_then(|status| StatusCode::from_bytes(status).ok());
        self.refuse(Fault::Parser(status.unwrap_or(StatusCode::BAD_REQUEST)));
        true
    }
}

impl<IO, H> AsyncRead for Gate<'_, IO, H>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    H: Handle,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_release(cx))?;
        let released = self.released;
        let handed_over = self.wire.hand_over(released, buffer);
        self.released -= handed_over;
        self.wire.rest();
        Poll::Ready(Ok(()))
    }
}

impl<IO, H> AsyncWrite for Gate<'_, IO, H>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    H: Handle,
{
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.intercept(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.intercept(slices.first().map_or(&[], |slice| slice)) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        Pin::new(&mut self.wire).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.wire).poll_flush(cx))?;
        if self.exchange.flushed() {
            self.link.seat.end_request();
        }
        Poll::Ready(Ok(()))
    }

    /// Closing is left to [`Gate::close`], which may have something to add.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
