//! Long answers in pieces, rendered in parallel and yielded in order.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;

use super::workers::Workers;

/// How large a piece should be: large enough to be worth a write, small enough to come from the allocator's free
/// lists and not from the system.
const PIECE_BYTES: usize = 64 * 1024;
/// A piece that has grown beyond this is cut, whatever was expected of it.
const MOST_PIECE_BYTES: usize = 4 * PIECE_BYTES;
/// Pieces rendered ahead, per thread. Bounds what an answer holds in memory.
const PIECES_PER_THREAD: usize = 8;
/// How many places the first pieces cover, when nothing is known of their size.
const FIRST_STEP: usize = 32;

/// What is rendered: a head, a body of independent places, and a tail that knows what was counted on the way.
pub(super) trait Body: Send + Sync {
    /// The places of the body.
    fn places(&self) -> Range<usize>;

    /// Appends what stands before the first place.
    fn head(&self, out: &mut String);

    /// Appends the places one after the other until `full` bytes are there, at least one of them.
    fn render(&self, places: Range<usize>, full: usize, out: &mut String) -> Rendered;

    /// Appends what stands behind the last place.
    fn tail(&self, compatible: usize, out: &mut String);
}

/// How far a rendering came.
pub(super) struct Rendered {
    /// The first place that is not rendered.
    pub(super) end: usize,
    /// How many compatible pairs were among the places.
    pub(super) compatible: usize,
}

/// An answer as pieces of bytes of some 64 KiB each. The memory that it needs does not grow with its length.
///
/// Rendering happens inside `next`, on the threads of the engine's pool; dropping the iterator stops it. Take it from a
/// thread that may block.
pub struct Chunks {
    body: Box<dyn Body>,
    workers: Workers,
    /// The places not yet rendered.
    rest: Range<usize>,
    step: usize,
    ready: VecDeque<Vec<u8>>,
    compatible: usize,
    finished: bool,
}

impl Chunks {
    pub(super) fn new(body: impl Body + 'static, workers: Workers) -> Self {
        let body = Box::new(body);
        let rest = body.places();
        let mut head = String::new();
        body.head(&mut head);
        let ready = VecDeque::from([head.into_bytes()]);
        Self { body, workers, rest, step: FIRST_STEP, ready, compatible: 0, finished: false }
    }

    /// How many compatible pairs were among those rendered so far; some of them may not have been yielded yet.
    pub fn compatible(&self) -> usize {
        self.compatible
    }

    /// Renders one piece for each thread several times over.
    fn render_ahead(&mut self) {
        let pieces = self.workers.threads() * PIECES_PER_THREAD;
        let ranges: Vec<Range<usize>> = (0..pieces)
            .map(|piece| self.rest.start.saturating_add(piece * self.step))
            .take_while(|start| *start < self.rest.end)
            .map(|start| start..start.saturating_add(self.step).min(self.rest.end))
            .collect();
        let body = &*self.body;
        let rendered = self.workers.map(ranges, |range| {
            let mut out = String::with_capacity(PIECE_BYTES + PIECE_BYTES / 4);
            let rendered = body.render(range.clone(), MOST_PIECE_BYTES, &mut out);
            (range, rendered, out)
        });
        let (from, mut bytes) = (self.rest.start, 0);
        for (range, rendered, out) in rendered {
            bytes += out.len();
            self.rest.start = rendered.end;
            self.compatible += rendered.compatible;
            self.ready.push_back(out.into_bytes());
            if rendered.end < range.end {
                // Cut: what was rendered behind the cut does not join on, and is rendered again.
                break;
            }
        }
        let places = self.rest.start - from;
        self.step = (PIECE_BYTES * places / bytes.max(1)).max(1);
    }
}

impl Iterator for Chunks {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if let Some(piece) = self.ready.pop_front() {
            return Some(piece);
        }
        if !self.rest.is_empty() {
            self.render_ahead();
            return self.ready.pop_front();
        }
        if self.finished {
            return None;
        }
        self.finished = true;
        let mut tail = String::new();
        self.body.tail(self.compatible, &mut tail);
        Some(tail.into_bytes())
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Chunks").field("rest", &self.rest).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places that take as many bytes as their number says.
    struct Widths(Vec<usize>);

    impl Body for Widths {
        fn places(&self) -> Range<usize> {
            0..self.0.len()
        }

        fn head(&self, out: &mut String) {
            out.push('<');
        }

        fn render(&self, places: Range<usize>, full: usize, out: &mut String) -> Rendered {
            let mut end = places.start;
            while end < places.end && (end == places.start || out.len() < full) {
                out.push_str(&"x".repeat(self.0[end]));
                out.push('.');
                end += 1;
            }
            Rendered { end, compatible: end - places.start }
        }

        fn tail(&self, compatible: usize, out: &mut String) {
            out.push_str(&compatible.to_string());
            out.push('>');
        }
    }

    fn whole(widths: &[usize]) -> String {
        let body: String = widths.iter().map(|width| "x".repeat(*width) + ".").collect();
        format!("<{body}{}>", widths.len())
    }

    #[test]
    fn pieces_join_to_the_whole_whatever_their_sizes() {
        let rows =
            [vec![], vec![0], vec![5; 3000], [vec![1; 2000], vec![300_000; 40], vec![1; 2000]].concat()];
        for widths in rows {
            for workers in [Workers::none(), Workers::start(3).unwrap()] {
                let pieces: Vec<_> = Chunks::new(Widths(widths.clone()), workers).collect();
                assert!(pieces.iter().all(|piece| piece.len() <= MOST_PIECE_BYTES + 300_002));
                assert_eq!(String::from_utf8(pieces.concat()).unwrap(), whole(&widths));
            }
        }
    }
}
