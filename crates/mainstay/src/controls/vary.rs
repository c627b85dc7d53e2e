//! `Vary`, merged rather than doubled.

use http::{HeaderMap, HeaderValue, header};

/// Says that an answer depends on a request header, beside those that it depends on already.
///
/// | `Vary` of the answer | what leaves |
/// |---|---|
/// | none | `name` |
/// | `*`, or `name` in any case | as it is, in one line |
/// | anything else | one line with `name` at its end |
pub(crate) fn add(headers: &mut HeaderMap, name: &'static str) {
    let lines = headers.get_all(header::VARY).iter().filter_map(|line| line.to_str().ok());
    let fields: Vec<&str> =
        lines.flat_map(|line| line.split(',')).map(str::trim).filter(|field| !field.is_empty()).collect();
    let value = if fields.is_empty() {
        HeaderValue::from_static(name)
    } else if fields.contains(&"*") {
        HeaderValue::from_static("*")
    } else {
        let known = fields.iter().any(|field| field.eq_ignore_ascii_case(name));
        let joined = fields.into_iter().chain((!known).then_some(name)).collect::<Vec<_>>().join(", ");
        HeaderValue::from_str(&joined).unwrap_or(HeaderValue::from_static("*"))
    };
    headers.insert(header::VARY, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let rows: &[(&[&str], &str)] = &[
            (&[], "Origin"),
            (&["Accept"], "Accept, Origin"),
            (&["Accept, Cookie"], "Accept, Cookie, Origin"),
            (&["Accept", "Cookie"], "Accept, Cookie, Origin"),
            (&["origin"], "origin"),
            (&["Accept", "ORIGIN"], "Accept, ORIGIN"),
            (&["*"], "*"),
            (&["Accept, *"], "*"),
            (&[" , "], "Origin"),
        ];
        for (lines, expected) in rows {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(header::VARY, line.parse().unwrap());
            }
            add(&mut headers, "Origin");
            let values: Vec<_> = headers.get_all(header::VARY).iter().collect();
            assert_eq!(values, [expected], "{lines:?}");
        }
    }
}
