//! The syntax of env files.
//!
//! One `NAME=value` a line, as shells, Docker and systemd all read it; what they read differently is refused
//! rather than guessed at:
//!
//! | written | read as |
//! |---|---|
//! | `NAME=value`, `export NAME=value` | value; white space at the end is cut |
//! | `NAME=` | empty |
//! | `NAME='…'` | what is between, to the letter |
//! | `NAME="…"` | what is between, with `\n`, `\r`, `\t`, `\\`, `\"`, `\$` |
//! | `# …`, blank line, ` # …` after a value | nothing |
//! | `NAME =value`, `NAME= value`, `NAME` | malformed |
//! | `NAME=#…`, a quote inside an unquoted value, `${…}` or `$(…)` outside `'…'` | malformed |
//! | a quote that is not closed on its line, control characters | malformed |
//!
//! A byte order mark and `\r\n` are taken as what they are. What is malformed is never repeated in a message,
//! as it may be a piece of a secret.

use mainstay_core::settings::suggest::looks_like_name;

/// One line with a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    /// Counts from 1.
    pub(super) line: usize,
    /// The first character of the value, counted from 1.
    pub(super) column: usize,
}

/// One line that is not understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Counts from 1.
    pub(super) line: usize,
    /// Where reading stopped, counted from 1.
    pub(super) column: usize,
    /// The name, if there is one that is fit to be seen.
    pub(super) name: Option<String>,
    pub(super) fault: Fault,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("there is no `=`")]
    NoEquals,
    #[error("there is no name before `=`, or one with other characters than letters, digits and `_`")]
    BadName,
    #[error("white space stands next to `=`")]
    Space,
    #[error("a quote is not closed on its line")]
    OpenQuote,
    #[error("something follows the closing quote")]
    AfterQuote,
    #[error("a quote stands inside an unquoted value")]
    StrayQuote,
    #[error("`#` is the first character of an unquoted value")]
    Hash,
    #[error("`\\` is followed by none of n, r, t, \\, \" and $")]
    Escape,
    #[error("`${{…}}` or `$(…)`: nothing is expanded here")]
    Expansion,
    #[error("a control character stands in the line")]
    Control,
}

impl Fault {
    /// What cures it.
    pub(super) fn help(self) -> &'static str {
        match self {
            Self::NoEquals | Self::BadName | Self::Space => "write `NAME=value`, without spaces around `=`",
            Self::OpenQuote => "close the quote, and write line breaks as `\\n` between double quotes",
            Self::AfterQuote => "quote the whole value, and put ` #` before a comment",
            Self::StrayQuote | Self::Hash => "put the whole value in single quotes",
            Self::Escape => "write `\\\\` for a backslash, or use single quotes",
            Self::Expansion => "write the value itself; in single quotes it is taken to the letter",
            Self::Control => "save the file as plain text in UTF-8, and write line breaks as `\\n`",
        }
    }
}

/// All lines of a file, in their order.
pub(super) fn parse(text: &str) -> impl Iterator<Item = Result<Entry, Malformed>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    (1..).zip(lines).filter_map(|(number, line)| parse_line(line, number).transpose())
}

fn parse_line(line: &str, number: usize) -> Result<Option<Entry>, Malformed> {
    let content = line.trim_start();
    if content.is_empty() || content.starts_with('#') {
        return Ok(None);
    }
    let content = content.strip_prefix("export ").map_or(content, str::trim_start);
    let name_end = content.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(content.len());
    let (name, rest) = content.split_at(name_end);
    // `at` is always a tail of `line`, so its length tells where it begins.
    let malformed = |fault, at: &str| Malformed {
        line: number,
        column: line[..line.len() - at.len()].chars().count() + 1,
        name: looks_like_name(name).then(|| name.to_owned()),
        fault,
    };
    if let Some(at) = line.find(|c: char| c.is_control() && c != '\t') {
        return Err(malformed(Fault::Control, &line[at..]));
    }
    let Some(value) = rest.strip_prefix('=') else {
        let fault = match rest.find('=') {
            None => Fault::NoEquals,
            Some(equals) if rest[..equals].trim().is_empty() && !name.is_empty() => Fault::Space,
            Some(_) => Fault::BadName,
        };
        return Err(malformed(fault, rest));
    };
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(malformed(Fault::BadName, content));
    }
    let parsed =
        parse_value(value).map_err(|(fault, left)| malformed(fault, &value[value.len() - left..]))?;
    let column = line[..line.len() - value.len()].chars().count() + 1;
    Ok(Some(Entry { name: name.to_owned(), value: parsed, line: number, column }))
}

/// The value after `=`; a fault comes with how many bytes were left when it was met.
fn parse_value(text: &str) -> Result<String, (Fault, usize)> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'').ok_or((Fault::OpenQuote, text.len()))?;
        return end_of_line(rest).map(|()| value.to_owned());
    }
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, rest) = parse_double_quoted(quoted)?;
        return end_of_line(rest).map(|()| value);
    }
    let comment = text.char_indices().zip(text.chars().skip(1));
    let comment = comment.into_iter().find(|((_, c), next)| c.is_whitespace() && *next == '#');
    let value = text[..comment.map_or(text.len(), |((at, _), _)| at)].trim_end();
    let fault_at = |at: usize| text.len() - at;
    if value.starts_with('#') {
        return Err((Fault::Hash, text.len()));
    }
    if value.starts_with(char::is_whitespace) {
        return Err((Fault::Space, text.len()));
    }
    if let Some(at) = value.find(['\'', '"']) {
        return Err((Fault::StrayQuote, fault_at(at)));
    }
    match find_expansion(value) {
        Some(at) => Err((Fault::Expansion, fault_at(at))),
        None => Ok(value.to_owned()),
    }
}

/// The text up to the closing quote, and what follows that.
fn parse_double_quoted(text: &str) -> Result<(String, &str), (Fault, usize)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let mut characters = rest.chars();
        match characters.next() {
            None => return Err((Fault::OpenQuote, text.len() + 1)),
            Some('"') => return Ok((value, characters.as_str())),
            Some('$') if find_expansion(rest) == Some(0) => return Err((Fault::Expansion, rest.len())),
            Some('\\') => value.push(match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(character @ ('\\' | '"' | '$')) => character,
                _ => return Err((Fault::Escape, rest.len())),
            }),
            Some(character) => value.push(character),
        }
        rest = characters.as_str();
    }
}

fn find_expansion(text: &str) -> Option<usize> {
    [text.find("${"), text.find("$(")].into_iter().flatten().min()
}

/// Only white space and a comment may follow a closing quote.
fn end_of_line(rest: &str) -> Result<(), (Fault, usize)> {
    let trimmed = rest.trim_start();
    let is_comment = trimmed.starts_with('#') && trimmed.len() < rest.len();
    if trimmed.is_empty() || is_comment { Ok(()) } else { Err((Fault::AfterQuote, trimmed.len())) }
}
