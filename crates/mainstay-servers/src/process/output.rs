//! What a program prints.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// So many lines are kept.
const KEPT: usize = 5_000;

/// The last lines that a program printed. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Output {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    kept: VecDeque<String>,
    /// How many lines there were before the first that is kept.
    dropped: u64,
    /// How many pipes are still read.
    open: usize,
}

impl Output {
    /// Reads a pipe until its end, on a thread of its own: a program whose pipe nobody reads stands still.
    pub(super) fn follow(&self, pipe: impl Read + Send + 'static) {
        self.shared.lines().open += 1;
        let shared = Arc::clone(&self.shared);
        let read = move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                shared.push(String::from_utf8_lossy(&line).into_owned());
            }
            shared.lines().open -= 1;
            shared.changed.notify_all();
        };
        thread::Builder::new().name("output of a server".to_owned()).spawn(read).expect("a thread");
    }

    pub(super) fn text(&self) -> String {
        self.shared.lines().text()
    }

    /// All of it, once the program has ended; does not wait for children of it that keep the pipe.
    pub(super) fn complete(&self) -> String {
        let lines = self.shared.lines();
        let second = Duration::from_secs(1);
        let waited = self.shared.changed.wait_timeout_while(lines, second, |lines| lines.open > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.text()
    }

    /// The cursor behind the last line.
    pub(super) fn end(&self) -> u64 {
        self.shared.lines().end()
    }

    pub(super) fn next_line(&self, cursor: &mut u64, within: Duration) -> Option<String> {
        let lines = self.shared.lines();
        let waited = self.shared.changed.wait_timeout_while(lines, within, |lines| lines.end() <= *cursor);
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *cursor = (*cursor).max(lines.dropped);
        let index = usize::try_from(*cursor - lines.dropped).ok()?;
        let line = lines.kept.get(index)?.clone();
        *cursor += 1;
        Some(line)
    }
}

impl Shared {
    fn push(&self, line: String) {
        let mut lines = self.lines();
        if lines.kept.len() == KEPT {
            lines.kept.pop_front();
            lines.dropped += 1;
        }
        lines.kept.push_back(line);
        self.changed.notify_all();
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn end(&self) -> u64 {
        self.dropped + self.kept.len() as u64
    }

    fn text(&self) -> String {
        self.kept.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_followed_and_the_oldest_forgotten() {
        let output = Output::default();
        let text: String = (0..KEPT + 3).flat_map(|number| [number.to_string(), "\n".to_owned()]).collect();
        output.follow(std::io::Cursor::new(text));
        assert!(output.complete().starts_with("3\n4\n"));
        let mut cursor = 0;
        assert_eq!(output.next_line(&mut cursor, Duration::ZERO).as_deref(), Some("3"));
        assert_eq!(output.next_line(&mut cursor, Duration::ZERO).as_deref(), Some("4"));
        cursor = output.end();
        assert_eq!(output.next_line(&mut cursor, Duration::ZERO), None);
    }
}
