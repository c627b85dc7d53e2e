//! Which form of a refusal the client asked for.

use http::{HeaderMap, header};

/// The forms in which a refusal can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Our own envelope.
    #[default]
    Json,
    /// RFC 9457 problem details.
    Problem,
    /// A page for people.
    Html,
}

impl Format {
    /// Reads the `Accept` headers.
    ///
    /// | header | form |
    /// |---|---|
    /// | absent, unreadable, `*/*`, `application/*` | JSON |
    /// | the highest quality is on `application/json` | JSON |
    /// | … on `application/problem+json` | problem details |
    /// | … on `text/html` or `text/*` | page |
    /// | two forms of one quality | the one named first |
    ///
    /// A refusal is never itself refused as not acceptable: a wrong form says more than none.
    pub fn of(headers: &HeaderMap) -> Self {
        let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best: Option<(Self, u16)> = None;
        for range in ranges.flat_map(|value| value.split(',')).take(32) {
            let (name, quality) = parse(range);
            let Some(format) = Self::named(name) else { continue };
            if quality > best.map_or(0, |(_, quality)| quality) {
                best = Some((format, quality));
            }
        }
        best.map_or(Self::Json, |(format, _)| format)
    }

    fn named(range: &str) -> Option<Self> {
        let is = |name: &str| range.eq_ignore_ascii_case(name);
        if is("text/html") || is("text/*") || is("application/xhtml+xml") {
            Some(Self::Html)
        } else if is("application/problem+json") {
            Some(Self::Problem)
        } else if is("application/json") || is("application/*") || is("*/*") {
            Some(Self::Json)
        } else {
            None
        }
    }
}

/// A media range and its quality in thousandths; a quality that cannot be read counts as none.
fn parse(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
        .map_or(1000, |(_, value)| thousandths(value.trim()));
    (name, quality)
}

fn thousandths(quality: &str) -> u16 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let valid = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, valid) {
        ("1", true) => 1000,
        ("0", true) => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let rows = [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("application/*", Format::Json),
            ("application/json", Format::Json),
            ("application/problem+json", Format::Problem),
            ("application/problem+json, application/json;q=0.9", Format::Problem),
            ("application/json, application/problem+json", Format::Json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Html),
            ("text/html;q=0.1, application/json", Format::Json),
            ("TEXT/HTML", Format::Html),
            ("text/html;q=0", Format::Json),
            ("text/html;q=5", Format::Json),
            ("text/html;q=abc", Format::Json),
            ("image/png", Format::Json),
            (";;;,,,q=1", Format::Json),
        ];
        for (accept, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Format::of(&headers), expected, "Accept: {accept}");
        }
        assert_eq!(Format::of(&HeaderMap::new()), Format::Json, "no Accept at all");
    }
}
