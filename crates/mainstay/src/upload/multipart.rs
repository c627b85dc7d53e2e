//! The framing of `multipart/form-data` (RFC 7578), read as it arrives.
//!
//! Each byte is looked at once, whatever the sizes of the frames, and no more than a delimiter or the head of a
//! part is held back. The grammar is the one that clients write and no wider: what a lenient reader would skip,
//! another reader in front of us may have believed.
//!
//! | in the body | verdict |
//! |---|---|
//! | anything before the first delimiter | malformed |
//! | blanks or anything else on the line of a delimiter | malformed |
//! | a head larger than 4 KiB | too large |
//! | a head with a control character, not UTF-8, folded, with a line without a name | malformed |
//! | no closing delimiter; more behind it than the end of its line | malformed |

use memchr::memmem::{self, Finder};

use super::UploadError;

/// The largest head of a part, in bytes: a disposition with a long name, and a few lines that nobody asked for.
const HEAD_BYTES: usize = 4096;

/// Where the parts go.
pub(super) trait Sink {
    /// A part begins. Its head is lines of `name: value`.
    fn begin(&mut self, head: &str) -> Result<(), UploadError>;

    /// Its next bytes.
    fn content(&mut self, bytes: &[u8]) -> Result<(), UploadError>;

    /// It is complete.
    fn end(&mut self) -> Result<(), UploadError>;
}

/// Cuts a body into parts.
pub(super) struct Reader {
    delimiter: Finder<'static>,
    state: State,
    /// What is not yet decided upon.
    held: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Opening,
    /// Behind a delimiter, on its line.
    Line,
    Head,
    Content,
    /// Behind the closing delimiter.
    Closed,
}

impl Reader {
    pub(super) fn new(boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}");
        // As if a line ended before the body: so the first delimiter is like all others.
        Self {
            delimiter: Finder::new(delimiter.as_bytes()).into_owned(),
            state: State::Opening,
            held: b"\r\n".to_vec(),
        }
    }

    /// Takes the next bytes of the body.
    pub(super) fn push(&mut self, data: &[u8], sink: &mut impl Sink) -> Result<(), UploadError> {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(data);
        let mut rest = held.as_slice();
        while let Some(next) = self.step(rest, sink)? {
            rest = next;
        }
        let done = held.len() - rest.len();
        held.drain(..done);
        self.held = held;
        Ok(())
    }

    /// The body ends here.
    pub(super) fn finish(self) -> Result<(), UploadError> {
        let is_closed = self.state == State::Closed;
        if is_closed { Ok(()) } else { Err(UploadError::Malformed("the closing delimiter is missing")) }
    }

    /// Decides upon the beginning of `rest`; `None` where more is needed for that.
    fn step<'a>(&mut self, rest: &'a [u8], sink: &mut impl Sink) -> Result<Option<&'a [u8]>, UploadError> {
        match self.state {
            State::Opening => self.opening(rest),
            State::Line => self.line(rest),
            State::Head => self.head(rest, sink),
            State::Content => self.content(rest, sink),
            State::Closed if b"\r\n".starts_with(rest) => Ok(None),
            State::Closed => Err(UploadError::Malformed("there is more behind the closing delimiter")),
        }
    }

    fn opening<'a>(&mut self, rest: &'a [u8]) -> Result<Option<&'a [u8]>, UploadError> {
        let delimiter = self.delimiter.needle();
        if let Some(rest) = rest.strip_prefix(delimiter) {
            self.state = State::Line;
            return Ok(Some(rest));
        }
        let may_become = delimiter.starts_with(rest);
        if may_become {
            Ok(None)
        } else {
            Err(UploadError::Malformed("it does not begin with its delimiter"))
        }
    }

    fn line<'a>(&mut self, rest: &'a [u8]) -> Result<Option<&'a [u8]>, UploadError> {
        let Some((end, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
        self.state = match end {
            b"\r\n" => State::Head,
            b"--" => State::Closed,
            _ => return Err(UploadError::Malformed("there is more on the line of a delimiter")),
        };
        Ok(Some(rest))
    }

    fn head<'a>(&mut self, rest: &'a [u8], sink: &mut impl Sink) -> Result<Option<&'a [u8]>, UploadError> {
        const END: &[u8] = b"\r\n\r\n";
        let within = rest.get(..HEAD_BYTES + END.len()).unwrap_or(rest);
        let Some(end) = memmem::find(within, END) else {
            let is_full = rest.len() >= HEAD_BYTES + END.len();
            return if is_full { Err(UploadError::HeadTooLarge { limit: HEAD_BYTES }) } else { Ok(None) };
        };
        let (head, rest) = rest.split_at(end);
        let head = std::str::from_utf8(head)
            .ok()
            .filter(|head| head.split("\r\n").all(is_line))
            .ok_or(UploadError::Malformed("the head of a part is not lines of plain text"))?;
        sink.begin(head)?;
        self.state = State::Content;
        Ok(rest.strip_prefix(END))
    }

    fn content<'a>(&mut self, rest: &'a [u8], sink: &mut impl Sink) -> Result<Option<&'a [u8]>, UploadError> {
        let delimiter = self.delimiter.needle().len();
        if let Some(at) = self.delimiter.find(rest) {
            let (content, rest) = rest.split_at(at);
            sink.content(content)?;
            sink.end()?;
            self.state = State::Line;
            return Ok(rest.get(delimiter..));
        }
        // The last bytes may be the beginning of a delimiter.
        let sure = rest.len().saturating_sub(delimiter - 1);
        let (content, rest) = rest.split_at(sure);
        if content.is_empty() {
            return Ok(None);
        }
        sink.content(content)?;
        Ok(Some(rest))
    }
}

/// `name: value`, without control characters; a blank first is a line folded into the one before.
fn is_line(line: &str) -> bool {
    let is_plain = line.chars().all(|letter| letter == '\t' || !letter.is_control());
    let has_name =
        line.split_once(':').is_some_and(|(name, _)| !name.is_empty() && !name.contains([' ', '\t']));
    is_plain && has_name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes down what it is told.
    #[derive(Default)]
    struct Parts(Vec<(String, Vec<u8>)>, usize);

    impl Sink for Parts {
        fn begin(&mut self, head: &str) -> Result<(), UploadError> {
            self.0.push((head.to_owned(), Vec::new()));
            Ok(())
        }

        fn content(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
            self.0.last_mut().unwrap().1.extend_from_slice(bytes);
            Ok(())
        }

        fn end(&mut self) -> Result<(), UploadError> {
            self.1 += 1;
            Ok(())
        }
    }

    /// Reads a body in frames of `size` bytes.
    fn read(body: &[u8], size: usize) -> Result<Vec<(String, Vec<u8>)>, UploadError> {
        let (mut reader, mut parts) = (Reader::new("b"), Parts::default());
        for frame in body.chunks(size) {
            reader.push(frame, &mut parts)?;
            assert!(reader.held.len() <= HEAD_BYTES + 8, "more is held back than a head");
        }
        reader.finish()?;
        assert_eq!(parts.0.len(), parts.1, "each part that begins ends");
        Ok(parts.0)
    }

    /// A body, and its parts or why it has none.
    type Row<'a> = (&'a str, Result<&'a [(&'a str, &'a str)], &'a str>);

    #[test]
    fn decision_table() {
        let long_head = format!("--b\r\nA: {}\r\n\r\n\r\n--b--", "x".repeat(HEAD_BYTES));
        let rows: &[Row<'_>] = &[
            ("--b\r\nA: 1\r\n\r\nx\r\n--b--\r\n", Ok(&[("A: 1", "x")])),
            ("--b\r\nA: 1\r\n\r\nx\r\n--b--", Ok(&[("A: 1", "x")])),
            ("--b\r\nA: 1\r\nB: ü\r\n\r\n\r\n--b--", Ok(&[("A: 1\r\nB: ü", "")])),
            (
                "--b\r\nA:\r\n\r\n\r\n\r\n--b\r\nC:\r\n\r\n\n--b\r\n--b--",
                Ok(&[("A:", "\r\n"), ("C:", "\n--b")]),
            ),
            ("--b\r\nA:\r\n\r\n\r\n-b\r\n--a--\r\n--b--", Ok(&[("A:", "\r\n-b\r\n--a--")])),
            ("--b--", Ok(&[])),
            ("", Err("the closing delimiter is missing")),
            ("--b", Err("the closing delimiter is missing")),
            ("--b\r\nA:\r\n\r\nx", Err("the closing delimiter is missing")),
            ("--b\r\nA:\r\n\r\nx\r\n--b", Err("the closing delimiter is missing")),
            ("--b\r\nA:\r\n\r\nx\r\n--b\r\n", Err("the closing delimiter is missing")),
            ("preamble\r\n--b--", Err("it does not begin with its delimiter")),
            ("\r\n--b--", Err("it does not begin with its delimiter")),
            ("--a\r\n", Err("it does not begin with its delimiter")),
            ("--b \r\nA:\r\n\r\n\r\n--b--", Err("there is more on the line of a delimiter")),
            ("--bb\r\nA:\r\n\r\n\r\n--b--", Err("there is more on the line of a delimiter")),
            ("--b\nA:\n\n\n--b--", Err("there is more on the line of a delimiter")),
            ("--b\r\nA:\r\n\r\nx\r\n--bad", Err("there is more on the line of a delimiter")),
            ("--b--\r\nepilogue", Err("there is more behind the closing delimiter")),
            ("--b--\r\n\r\n", Err("there is more behind the closing delimiter")),
            ("--b\r\n\r\n\r\n\r\n--b--", Err("the head of a part is not lines of plain text")),
            ("--b\r\nA\r\n\r\n\r\n--b--", Err("the head of a part is not lines of plain text")),
            ("--b\r\nA : 1\r\n\r\n\r\n--b--", Err("the head of a part is not lines of plain text")),
            ("--b\r\nA: 1\r\n folded\r\n\r\n\r\n--b--", Err("the head of a part is not lines of plain text")),
            ("--b\r\nA: 1\nB: 2\r\n\r\n\r\n--b--", Err("the head of a part is not lines of plain text")),
            ("--b\r\nA: \0\r\n\r\n\r\n--b--", Err("the head of a part is not lines of plain text")),
            (&long_head, Err("the head of a part is larger than 4096 bytes")),
        ];
        for (body, expected) in rows {
            for size in [1, 2, 3, 7, 64, usize::MAX] {
                let found = read(body.as_bytes(), size).map_err(|error| match error {
                    UploadError::Malformed(reason) => reason.to_owned(),
                    other => other.to_string(),
                });
                let expected = expected.map_err(str::to_owned).map(|parts| {
                    let owned =
                        |(head, content): &(&str, &str)| ((*head).to_owned(), content.as_bytes().to_vec());
                    parts.iter().map(owned).collect::<Vec<_>>()
                });
                assert_eq!(found, expected, "{body:?} in frames of {size}");
            }
        }
        assert!(read(b"--b\r\nA: \xff\r\n\r\n\r\n--b--", 64).is_err(), "a head that is not UTF-8");
    }

    #[test]
    fn a_head_without_an_end_is_not_waited_for() {
        let (mut reader, mut parts) = (Reader::new("b"), Parts::default());
        reader.push(b"--b\r\n", &mut parts).unwrap();
        let mut pushed = 0;
        let refused = loop {
            pushed += 100;
            match reader.push(&[b'x'; 100], &mut parts) {
                Ok(()) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, UploadError::HeadTooLarge { .. }));
        assert!(pushed <= HEAD_BYTES + 200, "refused only after {pushed} bytes");
    }

    /// Bytes that are likely to look like framing.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"--b".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"--".to_vec()),
            Just(b"A: b".to_vec()),
            Just(b"\r\n\r\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..8),
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn whatever_arrives_is_cut_the_same_in_all_frames(body in hostile(), size in 1_usize..20) {
            let whole = read(&body, usize::MAX);
            prop_assert_eq!(read(&body, size), whole);
        }

        #[test]
        fn what_is_written_is_read(
            contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..5),
            size in 1_usize..50,
        ) {
            prop_assume!(contents.iter().all(|content| memmem::find(content, b"--b").is_none()));
            let mut body = Vec::new();
            for content in &contents {
                body.extend_from_slice(b"--b\r\nA: 1\r\n\r\n");
                body.extend_from_slice(content);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"--b--\r\n");
            let parts: Vec<_> = read(&body, size).unwrap().into_iter().map(|(_, content)| content).collect();
            prop_assert_eq!(parts, contents);
        }
    }
}
