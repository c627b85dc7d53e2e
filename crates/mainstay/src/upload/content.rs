//! What a file holds, by its bytes.

use std::fmt;

use super::Kind;
use crate::ErrorCode;

/// How far a reader of PDF looks for its mark.
const PDF_BYTES: usize = 1024;

/// Why the content of a file is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentProblem {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is something else, whatever it is called.
    #[error("it looks like {0}")]
    Looks(Looks),
    /// It is not text: not UTF-8, or with NUL and other control characters.
    #[error("it is not UTF-8 text: the byte at {at} is {byte:#04x}")]
    NotText {
        /// The place of the first wrong byte.
        at: usize,
        /// The byte.
        byte: u8,
    },
    /// It is text, but cannot be of the kind.
    #[error("it does not begin like {0}")]
    Beginning(Kind),
}

/// What else a content looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant says it by its name")]
pub enum Looks {
    Archive,
    Program,
    Script,
    Markup,
    Pdf,
    Image,
    OfficeDocument,
    Database,
    Utf16,
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archive => "an archive or a compressed file",
            Self::Program => "a program",
            Self::Script => "a script",
            Self::Markup => "markup such as HTML, SVG or XML",
            Self::Pdf => "a PDF or PostScript document",
            Self::Image => "an image or a recording",
            Self::OfficeDocument => "an office document",
            Self::Database => "a database",
            Self::Utf16 => "UTF-16 or UTF-32; UTF-8 is accepted",
        })
    }
}

impl ContentProblem {
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Self::Empty => ErrorCode::ValidationFailed,
            _ => ErrorCode::UnsupportedMediaType,
        }
    }

    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            _ => "content",
        }
    }
}

/// Marks of formats that are not text.
const BINARY: &[(&[u8], Looks)] = &[
    (b"PK\x03\x04", Looks::Archive),
    (b"PK\x05\x06", Looks::Archive),
    (b"PK\x07\x08", Looks::Archive),
    (b"\x1f\x8b", Looks::Archive),
    (b"\x1f\x9d", Looks::Archive),
    (b"BZh", Looks::Archive),
    (b"\xfd7zXZ\0", Looks::Archive),
    (b"\x28\xb5\x2f\xfd", Looks::Archive),
    (b"\x04\x22\x4d\x18", Looks::Archive),
    (b"7z\xbc\xaf\x27\x1c", Looks::Archive),
    (b"Rar!\x1a\x07", Looks::Archive),
    (b"MSCF\0", Looks::Archive),
    (b"\x78\x01", Looks::Archive),
    (b"\x78\x9c", Looks::Archive),
    (b"\x78\xda", Looks::Archive),
    (b"\x7fELF", Looks::Program),
    (b"MZ", Looks::Program),
    (b"\xfe\xed\xfa", Looks::Program),
    (b"\xce\xfa\xed\xfe", Looks::Program),
    (b"\xcf\xfa\xed\xfe", Looks::Program),
    (b"\xca\xfe\xba\xbe", Looks::Program),
    (b"\0asm", Looks::Program),
    (b"dex\n", Looks::Program),
    (b"\x89PNG", Looks::Image),
    (b"\xff\xd8\xff", Looks::Image),
    (b"RIFF", Looks::Image),
    (b"II*\0", Looks::Image),
    (b"MM\0*", Looks::Image),
    (b"\0\0\x01\0", Looks::Image),
    (b"\xd0\xcf\x11\xe0", Looks::OfficeDocument),
    (b"SQLite format 3\0", Looks::Database),
    (b"\xff\xfe", Looks::Utf16),
    (b"\xfe\xff", Looks::Utf16),
    (b"\0\0\xfe\xff", Looks::Utf16),
];

/// Marks of formats that can be text all through, and so text of another kind at the same time.
const TEXTUAL: &[(&str, Looks)] = &[
    ("#!", Looks::Script),
    ("<", Looks::Markup),
    ("%!PS", Looks::Pdf),
    ("%PDF-", Looks::Pdf),
    ("GIF87a", Looks::Image),
    ("GIF89a", Looks::Image),
    ("{\\rtf", Looks::OfficeDocument),
    ("MIME-Version:", Looks::Archive),
];

/// The text of a file, without its byte order mark.
///
/// | content | verdict |
/// |---|---|
/// | nothing, or blanks | empty |
/// | bytes that are not UTF-8; NUL or another control character but tab, line feed, carriage return | what its first bytes look like, else no text |
/// | text that begins as a script, as markup, as PostScript, a GIF or RTF do | looks like it |
/// | text with the mark of a PDF in its first 1024 bytes | looks like it |
/// | JSON that does not begin as a JSON value does | beginning |
/// | YAML whose first line with content begins as markup does | looks like it |
/// | anything else | the text |
///
/// So a file that is two things at once is neither: archives, programs and images need bytes that text has not.
///
/// # Errors
///
/// See [`ContentProblem`].
pub(super) fn text_of(bytes: Vec<u8>, kind: Kind) -> Result<String, ContentProblem> {
    if let Some((at, byte)) = first_beyond_text(&bytes) {
        let marked = BINARY.iter().find(|(mark, _)| bytes.starts_with(mark));
        return Err(match marked {
            Some((_, looks)) => ContentProblem::Looks(*looks),
            None => ContentProblem::NotText { at, byte },
        });
    }
    // Checked above; a text that is not one after all is refused like any other.
    let mut text = String::from_utf8(bytes).map_err(|_| ContentProblem::NotText { at: 0, byte: 0 })?;
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    match problem_of(&text, kind) {
        Some(problem) => Err(problem),
        None => Ok(text),
    }
}

/// The byte order mark: some editors still write it, no parser wants it.
const MARK: char = '\u{feff}';

/// The first byte that no text holds.
fn first_beyond_text(bytes: &[u8]) -> Option<(usize, u8)> {
    let control = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    let at_control = bytes.iter().position(control);
    let at_broken = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
    let at = [at_control, at_broken].into_iter().flatten().min()?;
    bytes.get(at).map(|byte| (at, *byte))
}

fn problem_of(text: &str, kind: Kind) -> Option<ContentProblem> {
    let start = text.trim_start();
    let Some(first) = start.chars().next() else { return Some(ContentProblem::Empty) };
    if let Some((_, looks)) = TEXTUAL.iter().find(|(mark, _)| start.starts_with(mark)) {
        return Some(ContentProblem::Looks(*looks));
    }
    let head = text.as_bytes().get(..PDF_BYTES).unwrap_or(text.as_bytes());
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Some(ContentProblem::Looks(Looks::Pdf));
    }
    match kind {
        Kind::Json => {
            let begins = matches!(first, '{' | '[' | '"' | '-' | '0'..='9' | 't' | 'f' | 'n');
            (!begins).then_some(ContentProblem::Beginning(Kind::Json))
        }
        Kind::Yaml => {
            let mut lines = text.lines().map(str::trim_start);
            let content =
                lines.find(|line| !line.is_empty() && !line.starts_with(['#', '%']) && *line != "---");
            let is_markup = content.is_some_and(|line| line.trim_start_matches("--- ").starts_with('<'));
            is_markup.then_some(ContentProblem::Looks(Looks::Markup))
        }
        Kind::Csv | Kind::Text => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_taken() {
        let rows = [
            (Kind::Json, "{}", "{}"),
            (Kind::Json, "\u{feff} [1]", " [1]"),
            (Kind::Json, "{\"a\": \"<script>PK\"}", "{\"a\": \"<script>PK\"}"),
            (Kind::Json, "nonsense", "nonsense"),
            (Kind::Yaml, "a: <b>\n", "a: <b>\n"),
            (Kind::Yaml, "# a comment\r\n---\r\na:\t1", "# a comment\r\n---\r\na:\t1"),
            (Kind::Csv, "MZ,BZh,RIFF\n", "MZ,BZh,RIFF\n"),
            (Kind::Text, "ü\u{85}", "ü\u{85}"),
        ];
        for (kind, text, expected) in rows {
            assert_eq!(text_of(text.as_bytes().to_vec(), kind).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn decision_table() {
        let looks = ContentProblem::Looks;
        let not_text = |at, byte| ContentProblem::NotText { at, byte };
        let late_pdf = format!("# {}\n# %PDF-1.7\na: 1", "x".repeat(900));
        let rows: &[(Kind, &[u8], ContentProblem)] = &[
            (Kind::Json, b"", ContentProblem::Empty),
            (Kind::Yaml, b" \r\n", ContentProblem::Empty),
            (Kind::Json, b"\xef\xbb\xbf", ContentProblem::Empty),
            (Kind::Json, b"PK\x03\x04\x14\0\0\0", looks(Looks::Archive)),
            (Kind::Json, b"\x1f\x8b\x08\0", looks(Looks::Archive)),
            (Kind::Yaml, b"BZh91AY&SY\0", looks(Looks::Archive)),
            (Kind::Csv, b"MZ\x90\0\x03", looks(Looks::Program)),
            (Kind::Yaml, b"\x7fELF\x02", looks(Looks::Program)),
            (Kind::Yaml, b"\0asm\x01", looks(Looks::Program)),
            (Kind::Json, b"\x89PNG\r\n\x1a\n", looks(Looks::Image)),
            (Kind::Text, b"\xff\xd8\xff\xe0", looks(Looks::Image)),
            (Kind::Json, b"\xff\xfe{\0}\0", looks(Looks::Utf16)),
            (Kind::Json, b"{\0}\0", not_text(1, 0)),
            (Kind::Json, b"{\"a\":\"\0\"}", not_text(6, 0)),
            (Kind::Json, b"{}\nPK\x05\x06", not_text(5, 5)),
            (Kind::Yaml, b"a: \x1b[31m", not_text(3, 27)),
            (Kind::Yaml, b"a: \xff", not_text(3, 255)),
            (Kind::Csv, b"a\xc3", not_text(1, 0xc3)),
            (Kind::Csv, b"\xc0\xaf", not_text(0, 0xc0)),
            (Kind::Json, b"\xed\xa0\x80", not_text(0, 0xed)),
            (Kind::Yaml, b"#!/bin/sh\na: 1", looks(Looks::Script)),
            (Kind::Yaml, b"<svg onload=alert(1)>: 1", looks(Looks::Markup)),
            (Kind::Csv, b"\xef\xbb\xbf  <!DOCTYPE html>", looks(Looks::Markup)),
            (Kind::Json, b"<?xml version='1.0'?>", looks(Looks::Markup)),
            (Kind::Yaml, b"# harmless\n\n---\n  <html>", looks(Looks::Markup)),
            (Kind::Yaml, b"--- <html>", looks(Looks::Markup)),
            (Kind::Yaml, b"GIF89a: 1", looks(Looks::Image)),
            (Kind::Yaml, b"{\\rtf1: 1}", looks(Looks::OfficeDocument)),
            (Kind::Yaml, b"%!PS", looks(Looks::Pdf)),
            (Kind::Yaml, late_pdf.as_bytes(), looks(Looks::Pdf)),
            (Kind::Yaml, b"MIME-Version: 1.0\n", looks(Looks::Archive)),
            (Kind::Json, b"a: 1", ContentProblem::Beginning(Kind::Json)),
            (Kind::Json, b"// comment\n{}", ContentProblem::Beginning(Kind::Json)),
            (Kind::Json, b"'a'", ContentProblem::Beginning(Kind::Json)),
        ];
        for (kind, bytes, expected) in rows {
            let found = text_of(bytes.to_vec(), *kind);
            assert_eq!(found.as_ref(), Err(expected), "{kind}: {}", bytes.escape_ascii());
        }
    }

    proptest! {
            #[test]
            fn what_is_taken_is_plain_text(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
                for kind in [Kind::Json, Kind::Yaml, Kind::Csv, Kind::Text] {
                    if let Ok(text) = text_of(bytes.clone(), kind) {
    let is_plain = !text.contains(['\0', '\u{1}', '\u{1b}', '\u{7f}']);
                        prop_assert!(is_plain);
                        prop_assert!(bytes.ends_with(text.as_bytes()));
                    }
                }
            }

            #[test]
            fn no_mark_of_a_binary_format_passes_with_what_follows_it(at in 0..BINARY.len(), rest in ".{0,20}") {
                let bytes = [BINARY[at].0, b"\0", rest.as_bytes()].concat();
                prop_assert_eq!(text_of(bytes, Kind::Csv), Err(ContentProblem::Looks(BINARY[at].1)));
            }
        }
}
