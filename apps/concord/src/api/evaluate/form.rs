//! In which form the client wants a matrix.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use mainstay::routes::{DescribeRequest, Operation};
use mainstay::{ErrorCode, Refusal};
use schemars::SchemaGenerator;

use crate::evaluation::MatrixForm;

/// The content type of the compact matrix.
pub(super) const COMPACT: &str = "application/vnd.concord.matrix+json";

/// The forms, in the order in which they are preferred where the client has no preference.
const FORMS: [(MatrixForm, &str); 3] = [
    (MatrixForm::Results, "application/json"),
    (MatrixForm::Compact, COMPACT),
    (MatrixForm::Table, "text/csv"),
];

/// Most media ranges of an `Accept` that are read.
const MOST_RANGES: usize = 32;

/// The form that the client likes best: its `Accept`.
pub(super) struct Wanted(pub(super) MatrixForm);

/// How much a client wants something. The first of the two that differs decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    /// In thousandths.
    quality: u16,
    /// 0 for `*/*`, 1 for `text/*`, 2 for a content type.
    precision: u8,
}

/// | `Accept` | form |
/// |---|---|
/// | absent, empty | results |
/// | names forms, perhaps by wildcard | that of the highest quality |
/// | … of several with one quality | the one that is named more precisely, then the first of [`FORMS`] |
/// | names none, or refuses all with `q=0` | none |
///
/// Of the ranges that a form is in, the most precise one speaks for it.
fn wanted(headers: &HeaderMap) -> Option<MatrixForm> {
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = ranges.flat_map(|value| value.split(',')).map(str::trim).filter(|range| !range.is_empty());
    let ranges: Vec<(String, u16)> = ranges.take(MOST_RANGES).map(read).collect();
    if ranges.is_empty() {
        return Some(MatrixForm::Results);
    }
    let mut best: Option<(MatrixForm, Wish)> = None;
    for (form, content_type) in FORMS {
        let wish = wish_for(content_type, &ranges);
        if wish.quality > 0 && best.is_none_or(|(_, most)| wish > most) {
            best = Some((form, wish));
        }
    }
    best.map(|(form, _)| form)
}

fn wish_for(content_type: &str, ranges: &[(String, u16)]) -> Wish {
    let family = content_type.split_once('/').map_or(content_type, |(family, _)| family);
    let precision = |range: &str| match range.split_once('/') {
        _ if range == content_type => Some(2),
        Some((start, "*")) if start == family => Some(1),
        Some(("*", "*")) => Some(0),
        _ => None,
    };
    let fitting = ranges.iter().filter_map(|(range, quality)| Some((precision(range)?, *quality)));
    fitting.max().map(|(precision, quality)| Wish { quality, precision }).unwrap_or_default()
}

/// A media range and its quality; one that cannot be read counts as none.
fn read(range: &str) -> (String, u16) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
        .map_or(1000, |(_, value)| thousandths(value.trim()));
    (name, quality)
}

fn thousandths(quality: &str) -> u16 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let is_fraction = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" if is_fraction => 1000,
        "0" if is_fraction => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

impl<S: Sync> FromRequestParts<S> for Wanted {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        wanted(&parts.headers).map(Self).ok_or_else(|| {
            let [results, compact, table] = FORMS.map(|(_, content_type)| content_type);
            let message = format!("A matrix comes as {results}, {compact} or {table}.");
            Refusal::new(ErrorCode::NotAcceptable).message(message)
        })
    }
}

impl DescribeRequest for Wanted {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.headers.push((
            "Accept",
            "`application/vnd.concord.matrix+json` for one bit per pair, `text/csv` for a table of 0 and 1. In the \
             table an item id that begins with `=`, `+`, `-` or `@` has a `'` in front, so that no spreadsheet \
             takes it for a formula.",
        ));
        operation.errors.push(ErrorCode::NotAcceptable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        use MatrixForm::{Compact, Results, Table};
        let rows = [
            ("", Some(Results)),
            ("*/*", Some(Results)),
            ("application/*", Some(Results)),
            ("text/*", Some(Table)),
            ("text/csv", Some(Table)),
            ("Text/CSV; charset=utf-8", Some(Table)),
            (COMPACT, Some(Compact)),
            ("application/json, text/csv", Some(Results)),
            ("text/csv, application/json", Some(Results)),
            ("text/csv, */*", Some(Table)),
            ("application/json;q=0.5, text/csv;q=0.4", Some(Results)),
            ("application/json;q=0.5, text/csv;q=0.75", Some(Table)),
            ("text/csv;q=0, */*;q=0.1", Some(Results)),
            ("application/json;q=0, application/*", Some(Compact)),
            ("application/json;q=0, */*;q=0.1", Some(Compact)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Results)),
            ("text/html, application/problem+json", None),
            ("image/png", None),
            ("*/*;q=0", None),
            ("application/json;q=0", None),
            ("text/csv;q=zero", None),
            ("text/csv;q=2", None),
            ("text/csv;q=0.0001", None),
            (";;;,q=1", None),
        ];
        for (accept, form) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(wanted(&headers), form, "Accept: {accept}");
        }
        assert_eq!(wanted(&HeaderMap::new()), Some(Results), "no Accept at all");
    }

    #[test]
    fn many_headers_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, "application/json;q=0.1".parse().unwrap());
        headers.append(header::ACCEPT, "text/csv;q=0.2".parse().unwrap());
        assert_eq!(wanted(&headers), Some(MatrixForm::Table));
    }
}
