//! A peer's stream with what has been read ahead of it, and bounds on writing and closing.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Sleep, sleep, timeout};

use super::Linger;

/// How much is read at a time.
const READ_BYTES: usize = 16 * 1024;

/// A stream that remembers what was read ahead and gives up on a peer that takes nothing.
///
/// As a stream it first yields what was read ahead, which lets the protocol be recognised by its first bytes
/// and then be spoken from the beginning.
#[derive(Debug)]
pub(super) struct Wire<IO> {
    io: IO,
    ahead: BytesMut,
    ended: bool,
    stall_timeout: Duration,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(super) fn new(io: IO, stall_timeout: Duration) -> Self {
        Self { io, ahead: BytesMut::new(), ended: false, stall_timeout, stall: None }
    }

    /// What has been read and not been used.
    pub(super) fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Drops bytes from the front of what was read ahead.
    pub(super) fn skip(&mut self, count: usize) {
        self.ahead.advance(count);
    }

    /// Moves up to `most` bytes of what was read ahead into `into`, and tells how many.
    pub(super) fn hand_over(&mut self, most: usize, into: &mut ReadBuf<'_>) -> usize {
        let count = most.min(into.remaining()).min(self.ahead.len());
        into.put_slice(&self.ahead[..count]);
        self.ahead.advance(count);
        count
    }

    /// Gives memory back while nothing is being read. A no-op when something is read ahead.
    pub(super) fn rest(&mut self) {
        if self.ahead.is_empty() {
            self.ahead = BytesMut::new();
        }
    }

    /// Whether the peer has closed its sending side.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads further ahead once. Zero means that the peer has closed its sending side.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        let mut space = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
        self.ahead.extend_from_slice(read.filled());
        self.ended = read.filled().is_empty();
        Poll::Ready(Ok(read.filled().len()))
    }

    /// As [`Wire::poll_fill`].
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        std::future::poll_fn(|cx| self.poll_fill(cx)).await
    }

    /// Says a last word, closes the sending side, and reads on for as long as `linger` allows.
    pub(super) async fn close(mut self, last_word: Option<Bytes>, linger: Option<Linger>) -> io::Result<()> {
        if let Some(last_word) = last_word {
            self.write_all(&last_word).await?;
            self.flush().await?;
        }
        self.shutdown().await?;
        if let Some(linger) = linger {
            // Time is up: the peer had its chance to read the answer.
            let _ = timeout(linger.total, self.discard(linger)).await;
        }
        Ok(())
    }

    async fn discard(&mut self, linger: Linger) {
        let mut left = linger.bytes;
        let mut space = vec![0; READ_BYTES];
        while left > 0 && !self.ended {
            match timeout(linger.idle, self.io.read(&mut space)).await {
                Ok(Ok(count)) if count > 0 => left = left.saturating_sub(count as u64),
                _ => return,
            }
        }
    }

    /// Turns a write that waits too long into an error.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(self.stall_timeout)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read its answer")))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        self.hand_over(usize::MAX, buffer);
        self.rest();
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.io).poll_shutdown(cx);
        self.watch(cx, closed)
    }
}
