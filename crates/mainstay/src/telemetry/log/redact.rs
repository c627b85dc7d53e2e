//! What a record may not show, and no text that leaves the house by another way.

use std::fmt::Write as _;

/// Stands for a value that is not shown.
pub(crate) const REDACTED: &str = "[redacted]";

/// Stands for a part of a text that is not shown.
const MASK: &str = "***";

/// Parts of names that speak of secrets.
const SECRET_NAMES: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "cookie",
    "api_key",
    "credential",
    "private_key",
];

/// What a secret follows in a text, in lower case, and whether it fills the rest of the line, not just a word.
const INTRODUCTIONS: [(&str, bool); 8] = [
    ("authorization: ", true),
    ("cookie: ", true),
    ("bearer ", false),
    ("password=", false),
    ("passwd=", false),
    ("secret=", false),
    ("token=", false),
    ("api_key=", false),
];

/// Whether a field of this name is never shown.
pub(crate) fn is_secret(name: &str) -> bool {
    SECRET_NAMES.iter().any(|part| {
        let mut windows = name.as_bytes().windows(part.len());
        windows.any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    })
}

/// Whether a character could break a line, hide text, or drive a terminal.
pub(super) fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Masks passwords and query strings of URLs, and what follows words that introduce a secret.
pub(crate) fn text(text: String) -> String {
    let text = if text.contains("://") { mask_urls(&text) } else { text };
    mask_introduced(text)
}

/// Cuts a text of more than so many bytes between two characters, and says how much was cut.
pub(crate) fn bounded(mut text: String, most_bytes: usize) -> String {
    if text.len() > most_bytes {
        let end = text.floor_char_boundary(most_bytes);
        let cut = text.len() - end;
        text.truncate(end);
        // Writing into a String does not fail.
        let _ = write!(text, " [cut {cut} bytes]");
    }
    text
}

fn mask_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        let end = after.find(|c: char| c.is_whitespace() || "\"'`<>(){}|".contains(c)).unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        out.push_str(before);
        mask_url(&mut out, url);
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Writes what follows `://`.
fn mask_url(out: &mut String, url: &str) {
    let (path, query) = url.split_once('?').map_or((url, ""), |(path, query)| (path, query));
    // A password may hold a slash, so the last `@` before the query ends the user information.
    match path.rsplit_once('@') {
        Some((user, host)) => {
            out.push_str(user.split(':').next().unwrap_or_default());
            out.push_str(if user.contains(':') { ":***@" } else { "@" });
            out.push_str(host);
        }
        None => out.push_str(path),
    }
    if !query.is_empty() {
        out.push('?');
        out.push_str(REDACTED);
    }
}

fn mask_introduced(mut text: String) -> String {
    for (introduction, whole_line) in INTRODUCTIONS {
        let ends = |c: char| match c {
            '"' | '\'' | '\n' | '\r' => true,
            c => !whole_line && (c.is_whitespace() || ",;&".contains(c)),
        };
        let mut from = 0;
        while let Some(start) = find_ignoring_case(&text, introduction, from) {
            let value = start + introduction.len();
            let end = text[value..].find(ends).map_or(text.len(), |length| value + length);
            if end > value {
                text.replace_range(value..end, MASK);
            }
            from = value;
        }
    }
    text
}

/// Finds `needle`, which is ASCII and so can only begin and end between two characters.
fn find_ignoring_case(text: &str, needle: &str, from: usize) -> Option<usize> {
    let windows = text.as_bytes().get(from..)?.windows(needle.len());
    windows.into_iter().position(|window| window.eq_ignore_ascii_case(needle.as_bytes())).map(|at| at + from)
}
