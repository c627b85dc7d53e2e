//! What can be wrong with settings, and how it is told.

use std::borrow::Cow;

use super::source::Source;
use crate::DisplayUrl;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The process goes on.
    Warning,
    /// The process does not start.
    Error,
}

/// One thing that is wrong with the settings: what, where, why it matters, and what cures it.
///
/// The texts never hold the value of a secret: a value is only ever shown through [`Place::excerpt`], which
/// the reader writes and redacts.
///
/// ```
/// use mainstay_core::settings::{Problem, Severity};
///
/// let problem = Problem::error("MS0301", "the smallest pool is larger than the largest")
///     .at("DB_POOL_MIN_SIZE")
///     .because("the pool could never be filled")
///     .help("lower DB_POOL_MIN_SIZE to DB_POOL_MAX_SIZE or below");
/// assert_eq!(problem.severity, Severity::Error);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// A code such as `MS0104`, to be looked up in the [`Explanation`]s.
    pub code: &'static str,
    /// Whether it stops the start.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where it is wrong. The reader fills in what it knows of the setting's source.
    pub place: Option<Place>,
    /// Why it matters.
    pub because: Option<String>,
    /// What cures it; the first is the best.
    pub help: Vec<String>,
}

/// Where a problem is: a setting, and the source that its value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the setting; empty when a file as such is at fault.
    pub name: String,
    /// Where its value came from; [`Source::Default`] when nobody gave one.
    pub source: Source,
    /// What stands there, with secrets and passwords redacted.
    pub excerpt: Option<Excerpt>,
}

/// One line of text with a mark under a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, fit for a terminal: no control characters, no secrets.
    pub text: String,
    /// The first marked character, counted from 0.
    pub start: usize,
    /// How many characters are marked; at least 1.
    pub length: usize,
}

/// What `check --explain CODE` says about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// A code such as `MS0104`.
    pub code: &'static str,
    /// The problem in a few words: lower case, no full stop.
    pub title: &'static str,
    /// What it means, why it is refused, how to cure it. Plain text in lines of at most 80 characters.
    pub text: &'static str,
}

impl Problem {
    /// A problem that stops the start.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A problem with which the process goes on.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// A problem of the given severity.
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), place: None, because: None, help: Vec::new() }
    }

    /// Names the setting that is at fault. The reader adds where its value came from.
    #[must_use]
    pub fn at<'a>(self, name: impl Into<Cow<'a, str>>) -> Self {
        let name = name.into().into_owned();
        self.place(Place { name, source: Source::Default, excerpt: None })
    }

    /// Says where the problem is.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says why it matters.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.because = Some(reason.into());
        self
    }

    /// Adds a cure, best first.
    #[must_use]
    pub fn help(mut self, cure: impl Into<String>) -> Self {
        self.help.push(cure.into());
        self
    }

    /// Whether it stops the start.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Excerpt {
    /// `NAME=value` with the value marked. The value must be fit to be seen: see [`visible`].
    pub fn of_value(name: &str, shown: &str) -> Self {
        let start = name.chars().count() + 1;
        Self { text: format!("{name}={shown}"), start, length: shown.chars().count().max(1) }
    }
}

/// A text as people may see it: passwords of URLs redacted, no characters that act on a terminal, not endless.
pub fn visible(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut shown = String::new();
    for (count, character) in DisplayUrl(text).to_string().chars().enumerate() {
        match character {
            _ if count == LONGEST => {
                shown.push('…');
                break;
            }
            // Also what turns the direction of text around, and what cannot be seen.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                shown.extend(character.escape_default());
            }
            _ if character.is_control() => shown.extend(character.escape_default()),
            _ => shown.push(character),
        }
    }
    shown
}
