//! Where the lines go.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Takes finished lines.
pub trait Sink: Send + Sync + 'static {
    /// Writes a whole line, its end included. Must not log.
    fn write(&self, line: &[u8]);

    /// Whether a person watches, so that colour and blocks of text are welcome.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// Standard error: what a process says, as against the data it puts out.
#[derive(Clone, Copy, Debug)]
pub struct StandardError {
    terminal: bool,
}

/// Keeps the lines in memory, for tests.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    lines: Arc<Mutex<Vec<u8>>>,
}

impl Default for StandardError {
    fn default() -> Self {
        Self { terminal: std::io::stderr().is_terminal() }
    }
}

impl Sink for StandardError {
    fn write(&self, line: &[u8]) {
        // Nobody is left to be told when standard error is closed.
        let _ = std::io::stderr().lock().write_all(line);
    }

    fn is_terminal(&self) -> bool {
        self.terminal
    }
}

impl Captured {
    /// All that was written so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock()).into_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Captured {
    fn write(&self, line: &[u8]) {
        self.lock().extend_from_slice(line);
    }
}
