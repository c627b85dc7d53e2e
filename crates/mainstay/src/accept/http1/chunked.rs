//! Where a chunked body ends on the wire.

/// Most bytes of chunk extensions in one body, and most of its trailers: as hyper, which reads them after us.
const MOST_EXTENSION_BYTES: usize = 16 * 1024;
const MOST_TRAILER_BYTES: usize = 16 * 1024;

/// Why a chunked body cannot be followed to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("chunked body: {0}")]
pub(super) struct BadChunk(&'static str);

/// Follows a chunked body byte by byte, without decoding it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkedScanner {
    step: Step,
    extension_bytes: usize,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// In the size; `None` before its first digit.
    Size(Option<u64>),
    Extension(u64),
    SizeEnd(u64),
    Data(u64),
    DataReturn,
    DataEnd,
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastEnd,
    Done,
}

impl ChunkedScanner {
    pub(super) fn new() -> Self {
        Self { step: Step::Size(None), extension_bytes: 0, trailer_bytes: 0 }
    }

    /// Whether the whole body has been seen.
    pub(super) fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Reads on, and tells how many of these bytes belong to the body.
    pub(super) fn read(&mut self, wire: &[u8]) -> Result<usize, BadChunk> {
        let mut position = 0;
        while position < wire.len() && !self.is_done() {
            if let Step::Data(left) = self.step {
                let present = wire.len() - position;
                let skipped = usize::try_from(left).map_or(present, |left| left.min(present));
                position += skipped;
                let left = left - skipped as u64;
                self.step = if left == 0 { Step::DataReturn } else { Step::Data(left) };
            } else {
                self.step = self.next(wire[position])?;
                position += 1;
            }
        }
        Ok(position)
    }

    fn next(&mut self, byte: u8) -> Result<Step, BadChunk> {
        match (self.step, byte) {
            (Step::Size(size), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                Ok(Step::Size(Some(longer(size.unwrap_or(0), byte)?)))
            }
            (Step::Size(Some(size)) | Step::Extension(size), b'\r') => Ok(Step::SizeEnd(size)),
            (Step::Size(Some(size)), b';') => Ok(Step::Extension(size)),
            (Step::Size(_), _) => Err(BadChunk("size")),
            (Step::Extension(size), byte) if is_text(byte) => {
                self.extension_bytes += 1;
                within(self.extension_bytes, MOST_EXTENSION_BYTES, "extensions are too long")?;
                Ok(Step::Extension(size))
            }
            (Step::SizeEnd(0) | Step::TrailerEnd, b'\n') => Ok(Step::TrailerStart),
            (Step::SizeEnd(size), b'\n') => Ok(Step::Data(size)),
            (Step::DataReturn, b'\r') => Ok(Step::DataEnd),
            (Step::DataEnd, b'\n') => Ok(Step::Size(None)),
            (Step::DataReturn | Step::DataEnd, _) => Err(BadChunk("longer than its size")),
            (Step::TrailerStart, b'\r') => Ok(Step::LastEnd),
            (Step::LastEnd, b'\n') => Ok(Step::Done),
            (Step::Trailer, b'\r') => Ok(Step::TrailerEnd),
            (Step::TrailerStart | Step::Trailer, byte) if is_text(byte) => {
                self.trailer_bytes += 1;
                within(self.trailer_bytes, MOST_TRAILER_BYTES, "trailers are too long")?;
                Ok(Step::Trailer)
            }
            _ => Err(BadChunk("control character")),
        }
    }
}

fn longer(size: u64, digit: u8) -> Result<u64, BadChunk> {
    let digit = char::from(digit).to_digit(16).map_or(0, u64::from);
    let longer = size.checked_mul(16).and_then(|size| size.checked_add(digit));
    longer.ok_or(BadChunk("size is too large"))
}

fn within(count: usize, most: usize, otherwise: &'static str) -> Result<(), BadChunk> {
    if count > most { Err(BadChunk(otherwise)) } else { Ok(()) }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(chunks: &[(Vec<u8>, String)], trailer: &str) -> Vec<u8> {
        let mut wire = Vec::new();
        for (data, extension) in chunks {
            wire.extend_from_slice(format!("{:x}{extension}\r\n", data.len()).as_bytes());
            wire.extend_from_slice(data);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(format!("0\r\n{trailer}\r\n").as_bytes());
        wire
    }

    proptest! {
        #[test]
        fn the_end_is_found_wherever_the_bytes_are_cut(
            chunks in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..40), "(;[a-z]{1,3}=[a-z]{1,3})?"), 0..6),
            trailer in "([a-z]{1,3}: [a-z]{0,3}\r\n){0,2}",
            piece in 1_usize..20,
            rest in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let body = encoded(&chunks, &trailer);
            let wire = [body.as_slice(), &rest].concat();
            let mut scanner = ChunkedScanner::new();
            let mut position = 0;
            while !scanner.is_done() {
                prop_assert!(position < body.len());
                let end = (position + piece).min(wire.len());
                position += scanner.read(&wire[position..end]).unwrap();
            }
            prop_assert_eq!(position, body.len());
        }

        #[test]
        fn no_bytes_are_too_strange_to_be_looked_at(wire in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut scanner = ChunkedScanner::new();
            if let Ok(read) = scanner.read(&wire) {
                prop_assert!(read <= wire.len());
            }
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let long = "x".repeat(MOST_EXTENSION_BYTES);
        assert!(ChunkedScanner::new().read(format!("1;{long}\r\n").as_bytes()).is_ok());
        assert!(ChunkedScanner::new().read(format!("1;{long}y\r\n").as_bytes()).is_err());
        assert!(ChunkedScanner::new().read(format!("0\r\nx: {long}\r\n").as_bytes()).is_err());
    }
}
