//! Small text files, read with suspicion.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Why a file gives no text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("does not exist")]
    Missing,
    /// A directory, a pipe, a device: reading it could fail strangely, or wait for ever.
    #[error("is not a regular file")]
    NotRegular,
    /// More than it may hold.
    #[error("is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The most that it may hold.
        limit_bytes: u64,
    },
    /// Not text, or not in UTF-8; both numbers count from 1.
    #[error("is not UTF-8: line {line}, byte {byte} of that line")]
    NotUtf8 {
        /// The line of the first bad byte.
        line: usize,
        /// Its place in that line.
        byte: usize,
    },
    /// The system refused.
    #[error("cannot be read: {0}")]
    Io(io::Error),
}

/// The text of a regular file of at most `limit_bytes`.
///
/// # Errors
///
/// See [`FileError`].
pub fn read_text(path: &Path, limit_bytes: u64) -> Result<String, FileError> {
    let metadata = fs::metadata(path).map_err(FileError::from)?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular);
    }
    let mut content = Vec::new();
    // The limit holds for what is read, not for what the file said of itself.
    File::open(path)?.take(limit_bytes + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit_bytes {
        return Err(FileError::TooLarge { limit_bytes });
    }
    String::from_utf8(content).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line_start = good.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = good.split(|byte| *byte == b'\n').count();
        FileError::NotUtf8 { line, byte: good.len() - line_start + 1 }
    })
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}
