//! So many requests in so much time.

use mainstay_core::settings::{Invalid, Setting};
use serde::Serialize;

/// The most requests of a rate: one in a microsecond.
const MAX_REQUESTS: u32 = 1_000_000;

/// The longest time of a rate: a day.
const MAX_SECONDS: u32 = 86_400;

/// So many requests in so much time: as many at once, and then one more whenever its share of the time has passed.
///
/// ```
/// use mainstay::Rate;
/// use mainstay_core::settings::Setting;
///
/// let rate = Rate::parse("20/m").unwrap();
/// assert_eq!(rate, Rate::per_minute(20));
/// assert_eq!(rate.times(4).to_string(), "80/m");
/// assert_eq!(Rate::parse("100/10s").unwrap().seconds, 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Rate {
    /// Requests.
    pub requests: u32,
    /// In this many seconds.
    pub seconds: u32,
}

impl Rate {
    /// So many requests a second.
    pub const fn per_second(requests: u32) -> Self {
        Self { requests, seconds: 1 }
    }

    /// So many requests a minute.
    pub const fn per_minute(requests: u32) -> Self {
        Self { requests, seconds: 60 }
    }

    /// So many requests an hour.
    pub const fn per_hour(requests: u32) -> Self {
        Self { requests, seconds: 3_600 }
    }

    /// Several times as many in the same time.
    #[must_use]
    pub const fn times(self, factor: u32) -> Self {
        Self { requests: self.requests.saturating_mul(factor), seconds: self.seconds }
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.seconds {
            1 => write!(f, "{}/s", self.requests),
            60 => write!(f, "{}/m", self.requests),
            3_600 => write!(f, "{}/h", self.requests),
            seconds => write!(f, "{}/{seconds}s", self.requests),
        }
    }
}

impl Setting for Rate {
    fn kind() -> &'static str {
        "rate"
    }

    fn expected() -> String {
        "a number of requests and a time, such as `10/s`, `600/m`, `50/h` or `100/10s`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |reason: &str, help: &str| Invalid::new(reason).with_help(help);
        let not_a_rate = || invalid("is not a rate", "write requests, a slash and a time: `600/m`");
        let (requests, time) = text.trim().split_once('/').ok_or_else(not_a_rate)?;
        let requests: u32 = requests.trim().parse().map_err(|_| not_a_rate())?;
        let seconds = seconds(time.trim()).ok_or_else(not_a_rate)?;
        if requests == 0 {
            return Err(invalid("lets nobody in", "the least is one request: `1/h`"));
        }
        if requests > MAX_REQUESTS || seconds == 0 || seconds > MAX_SECONDS {
            return Err(invalid("is out of bounds", "at most 1000000 requests, in one second to one day"));
        }
        Ok(Self { requests, seconds })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Reads `s`, `m`, `h`, `10s`, `5m`, `24h`.
fn seconds(time: &str) -> Option<u32> {
    let unit = match time.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        _ => return None,
    };
    match time.get(..time.len() - 1)? {
        "" => Some(unit),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse::<u32>().ok()?.checked_mul(unit)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_row_by_row() {
        let rows = [
            ("10/s", Some("10/s")),
            (" 600 / m ", Some("600/m")),
            ("50/h", Some("50/h")),
            ("100/10s", Some("100/10s")),
            ("100/1s", Some("100/s")),
            ("100/60s", Some("100/m")),
            ("5/5m", Some("5/300s")),
            ("1/24h", Some("1/86400s")),
            ("1000000/s", Some("1000000/s")),
            ("1000001/s", None),
            ("0/s", None),
            ("-1/s", None),
            ("1.5/s", None),
            ("10", None),
            ("10/", None),
            ("/s", None),
            ("10/d", None),
            ("10/0s", None),
            ("10/25h", None),
            ("10/-5s", None),
            ("10/+5s", None),
            ("10/9999999999s", None),
            ("10 per minute", None),
            ("10/m/s", None),
            ("10/é", None),
        ];
        for (text, shown) in rows {
            assert_eq!(Rate::parse(text).ok().map(|rate| rate.show()).as_deref(), shown, "{text}");
        }
    }
}
