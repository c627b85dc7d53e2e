//! How the text of a setting becomes a value, and back.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::suggest;
use crate::{DisplayUrl, Secret};

/// A type that a setting can have.
pub trait Setting: Clone + Sized {
    /// Whether values are never shown.
    const SECRET: bool = false;

    /// The kind of value in one word, for the schema: `integer`, `duration`, …
    fn kind() -> &'static str;

    /// What a value looks like, to follow the word *expected*: "a whole number".
    fn expected() -> String;

    /// Reads what an operator wrote.
    ///
    /// # Errors
    ///
    /// When the text is no such value.
    fn parse(text: &str) -> Result<Self, Invalid>;

    /// Writes the value so that [`Setting::parse`] reads it again. Secrets write `(redacted)`.
    fn show(&self) -> String;

    /// All values, if they can be listed.
    fn choices() -> Vec<&'static str> {
        Vec::new()
    }
}

/// Why a text is no value of its type. The text itself is not repeated here: the reader shows or redacts it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Invalid {
    reason: String,
    help: Option<String>,
}

/// A setting with a fixed list of values, for enums.
///
/// ```
/// use mainstay_core::settings::{Choice, Setting};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum LogFormat { Text, Json }
///
/// impl Choice for LogFormat {
///     const CHOICES: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
/// }
///
/// assert_eq!(LogFormat::parse("JSON"), Ok(LogFormat::Json));
/// assert_eq!(LogFormat::parse("jsno").unwrap_err().help(), Some("did you mean `json`?"));
/// ```
pub trait Choice: Copy + PartialEq + 'static {
    /// Each value with the lower-case name that operators write.
    const CHOICES: &'static [(&'static str, Self)];
}

impl Invalid {
    /// Says what is wrong, to follow the setting's name: "is not a whole number".
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: None }
    }

    /// Adds a cure.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The cure, if one is known.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl<T: Choice> Setting for T {
    fn kind() -> &'static str {
        "choice"
    }

    fn expected() -> String {
        let names: Vec<_> = Self::choices().iter().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            names => names.concat(),
        }
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let written = text.trim().to_ascii_lowercase();
        let found = T::CHOICES.iter().find(|(name, _)| *name == written);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let invalid = Invalid::new("is not one of the known values");
            match suggest::nearest(&written, Self::choices()) {
                Some(name) => invalid.with_help(format!("did you mean `{name}`?")),
                None => invalid,
            }
        })
    }

    fn show(&self) -> String {
        let found = T::CHOICES.iter().find(|(_, value)| value == self);
        found.map(|(name, _)| (*name).to_owned()).unwrap_or_default()
    }

    fn choices() -> Vec<&'static str> {
        T::CHOICES.iter().map(|(name, _)| *name).collect()
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            fn kind() -> &'static str {
                "integer"
            }

            fn expected() -> String {
                "a whole number in plain digits".to_owned()
            }

            fn parse(text: &str) -> Result<Self, Invalid> {
                use std::num::IntErrorKind::PosOverflow;
                let digits = text.trim();
                digits.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
                    PosOverflow => Invalid::new(format!("is larger than {}", Self::MAX)),
                    _ if digits.starts_with('-') => Invalid::new("is negative"),
                    _ => Invalid::new("is not a whole number"),
                })
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

whole_number!(u16, u32, u64, usize);

impl Setting for f64 {
    fn kind() -> &'static str {
        "number"
    }

    fn expected() -> String {
        "a number such as `10` or `0.5`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.trim().parse::<Self>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(Invalid::new("is not a number")),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for bool {
    fn kind() -> &'static str {
        "boolean"
    }

    fn expected() -> String {
        "`yes` or `no` (also `true`, `false`, `1`, `0`)".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.trim().to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => Ok(true),
            "no" | "false" | "0" => Ok(false),
            _ => Err(Invalid::new("is neither yes nor no")),
        }
    }

    fn show(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

/// Units of time, largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Setting for Duration {
    fn kind() -> &'static str {
        "duration"
    }

    fn expected() -> String {
        "a whole number with a unit: `250ms`, `5s`, `2m`, `1h` or `7d`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let Ok(number) = digits.parse::<u64>() else { return Err(Invalid::new("is not a duration")) };
        match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, millis)) => number
                .checked_mul(*millis)
                .map(Self::from_millis)
                .ok_or_else(|| Invalid::new("is a longer time than can be counted")),
            None if unit.is_empty() && number == 0 => Ok(Self::ZERO),
            None if unit.is_empty() => Err(Invalid::new("has no unit of time")
                .with_help(format!("write `{number}s` for seconds, `{number}ms` for milliseconds"))),
            None => {
                let invalid = Invalid::new("has an unknown unit of time");
                Err(match meant_unit(unit) {
                    Some(unit) => invalid.with_help(format!("did you mean `{number}{unit}`?")),
                    None => invalid,
                })
            }
        }
    }

    fn show(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let fits = |(_, unit): &&(&str, u64)| millis.is_multiple_of(*unit);
        match UNITS.iter().find(fits) {
            Some((name, unit)) if millis > 0 => format!("{}{name}", millis / unit),
            _ => "0s".to_owned(),
        }
    }
}

/// The unit that someone meant who wrote it in another way.
fn meant_unit(written: &str) -> Option<&'static str> {
    match written.trim().to_ascii_lowercase().as_str() {
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" | "ms" => Some("ms"),
        "s" | "sec" | "secs" | "second" | "seconds" => Some("s"),
        "m" | "min" | "mins" | "minute" | "minutes" => Some("m"),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "d" | "day" | "days" => Some("d"),
        _ => None,
    }
}

/// Refuses what nobody means in a text: nothing at all, or white space at its ends.
fn refuse_stray_space(text: &str) -> Result<&str, Invalid> {
    match text {
        "" => Err(Invalid::new("is empty")),
        _ if text.trim() != text => Err(Invalid::new("begins or ends with white space")),
        _ => Ok(text),
    }
}

impl Setting for String {
    fn kind() -> &'static str {
        "text"
    }

    fn expected() -> String {
        "text".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        refuse_stray_space(text).map(str::to_owned)
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Setting for PathBuf {
    fn kind() -> &'static str {
        "path"
    }

    fn expected() -> String {
        "a path".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        refuse_stray_space(text).map(Self::from)
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Setting for Secret {
    const SECRET: bool = true;

    fn kind() -> &'static str {
        "secret"
    }

    fn expected() -> String {
        "a secret text".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        refuse_stray_space(text).map(Self::new)
    }

    fn show(&self) -> String {
        super::REDACTED.to_owned()
    }
}

macro_rules! address {
    ($($type:ty: $expected:literal),*) => {$(
        impl Setting for $type {
            fn kind() -> &'static str {
                "address"
            }

            fn expected() -> String {
                $expected.to_owned()
            }

            fn parse(text: &str) -> Result<Self, Invalid> {
                text.trim().parse().map_err(|_| Invalid::new("is not an address"))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

address!(
    IpAddr: "an IP address such as `127.0.0.1` or `::1`",
    SocketAddr: "an IP address with a port, such as `127.0.0.1:9090` or `[::1]:9090`"
);

impl<T: Setting> Setting for Vec<T> {
    const SECRET: bool = T::SECRET;

    fn kind() -> &'static str {
        "list"
    }

    fn expected() -> String {
        format!("a list, with commas between; each is {}", T::expected())
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Ok(Self::new());
        }
        let entry = |(index, text): (usize, &str)| {
            T::parse(text.trim()).map_err(|invalid| Invalid {
                reason: format!("has a bad entry: number {} {}", index + 1, invalid.reason),
                help: invalid.help,
            })
        };
        text.split(',').enumerate().map(entry).collect()
    }

    fn show(&self) -> String {
        let entries: Vec<_> = self.iter().map(|entry| DisplayUrl(&entry.show()).to_string()).collect();
        entries.join(",")
    }
}
