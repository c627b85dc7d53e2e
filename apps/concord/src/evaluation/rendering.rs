//! Long answers, at the pace of whoever reads them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, timeout_at};

use super::AnswerError;
use super::lane::{Lane, Stop};
use crate::engine::Chunks;

/// How much is rendered in one go, in bytes. An answer that is not longer is sent as a whole.
const BURST: usize = 1 << 20;

/// How many pieces wait for a reader that is slower than the work.
const WAITING: usize = 8;

/// The bytes of an answer.
#[derive(Debug)]
pub enum Rendering {
    /// All of them.
    Whole(Bytes),
    /// One piece after the other.
    Pieces(Pieces),
}

/// The pieces of an answer that is still being rendered. Dropping it ends the work.
#[derive(Debug)]
pub struct Pieces {
    receiver: mpsc::Receiver<Bytes>,
    whole: Arc<AtomicBool>,
    ended: bool,
}

/// The answer ends before its end: its time was up, or rendering failed. What was sent is not the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the evaluation was not finished")]
pub struct BrokenOff;

/// What was rendered in one go.
pub(super) struct Burst {
    pieces: Vec<Vec<u8>>,
    /// Whether nothing comes after it.
    is_last: bool,
}

impl Burst {
    /// Renders until there is enough for one go.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Late`] once that is in vain.
    pub(super) fn render(mut chunks: Chunks, stop: &Stop) -> Result<(Self, Chunks), AnswerError> {
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        while bytes < BURST {
            if stop.is_due() {
                return Err(AnswerError::Late);
            }
            let Some(piece) = chunks.next() else { return Ok((Self { pieces, is_last: true }, chunks)) };
            bytes += piece.len();
            pieces.push(piece);
        }
        Ok((Self { pieces, is_last: false }, chunks))
    }

    /// The answer, if this is all of it.
    pub(super) fn whole(self) -> Result<Bytes, Self> {
        if self.is_last { Ok(Bytes::from(self.pieces.concat())) } else { Err(self) }
    }
}

/// Renders what comes after the first burst, as fast as it is read.
///
/// While the reader is busy this holds neither a thread nor a place in the lane, only what is rendered already: one
/// burst and some pieces. All of it is let go when the deadline has passed.
pub(super) struct Feed {
    pub(super) lane: Lane,
    pub(super) chunks: Chunks,
    pub(super) deadline: Instant,
    /// The right to keep so much in memory.
    pub(super) room: OwnedSemaphorePermit,
}

impl Feed {
    /// The pieces, and the work that feeds them. The work ends with the chunks, whose last piece was sent, or with
    /// the reason why it was not.
    pub(super) fn start(
        self,
        first: Burst,
    ) -> (Pieces, impl Future<Output = Result<Chunks, AnswerError>> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let whole = Arc::new(AtomicBool::new(false));
        let pieces = Pieces { receiver, whole: Arc::clone(&whole), ended: false };
        (pieces, self.run(first, sender, whole))
    }

    async fn run(
        self,
        first: Burst,
        sender: mpsc::Sender<Bytes>,
        whole: Arc<AtomicBool>,
    ) -> Result<Chunks, AnswerError> {
        let Self { lane, mut chunks, deadline, room: _room } = self;
        let mut burst = first;
        loop {
            for piece in burst.pieces {
                let sent = timeout_at(deadline, sender.send(Bytes::from(piece))).await;
                // Nobody reads any more, or not fast enough.
                sent.ok().and_then(Result::ok).ok_or(AnswerError::Late)?;
            }
            if burst.is_last {
                whole.store(true, Ordering::Release);
                return Ok(chunks);
            }
            let place = lane.enter_again(deadline).await?;
            (burst, chunks) = place.work(move |stop| Burst::render(chunks, stop)).await??;
        }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, BrokenOff>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(piece) = ready!(self.receiver.poll_recv(context)) {
            return Poll::Ready(Some(Ok(piece)));
        }
        self.ended = true;
        // The end of the channel alone proves nothing: the work may have stopped half way.
        let whole = self.whole.load(Ordering::Acquire);
        Poll::Ready(if whole { None } else { Some(Err(BrokenOff)) })
    }
}
