//! The character encoding of text, said out loud.

use http::{HeaderMap, HeaderValue, header};

/// Adds `charset=utf-8` to a text type that names none.
///
/// | `Content-Type` | what leaves |
/// |---|---|
/// | `text/…`, `application/json`, XML, JavaScript, YAML, without `charset` | the same with `; charset=utf-8` |
/// | `…+json` | as it is: these types have no such parameter and are UTF-8 always (RFC 8259, RFC 9457) |
/// | a type that names its `charset`, any other type, none | as it is |
///
/// `application/json` has no such parameter either, and whoever reads it by the rules ignores it; it is there for
/// those who do not.
pub(super) fn complete(headers: &mut HeaderMap) {
    let Some(sent) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return };
    let mut parts = sent.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    if !is_text(essence) || parts.any(names_charset) {
        return;
    }
    // The usual ones cost nothing.
    let value = match essence {
        "text/html" => Ok(HeaderValue::from_static("text/html; charset=utf-8")),
        "text/plain" => Ok(HeaderValue::from_static("text/plain; charset=utf-8")),
        "application/json" => Ok(HeaderValue::from_static("application/json; charset=utf-8")),
        _ => HeaderValue::from_str(&format!("{}; charset=utf-8", sent.trim_end_matches([';', ' ']))),
    };
    if let Ok(value) = value {
        headers.insert(header::CONTENT_TYPE, value);
    }
}

/// Whether a type is text, so that a browser would otherwise guess its encoding.
fn is_text(essence: &str) -> bool {
    let essence = essence.to_ascii_lowercase();
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    kind == "text"
        || subtype.ends_with("+xml")
        || (kind == "application"
            && matches!(subtype, "json" | "x-ndjson" | "xml" | "javascript" | "ecmascript" | "yaml"))
}

fn names_charset(parameter: &str) -> bool {
    parameter.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("charset"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let rows = [
            ("text/html", "text/html; charset=utf-8"),
            ("text/plain", "text/plain; charset=utf-8"),
            ("application/json", "application/json; charset=utf-8"),
            ("Text/CSS", "Text/CSS; charset=utf-8"),
            ("text/csv; header=present", "text/csv; header=present; charset=utf-8"),
            ("text/csv;", "text/csv; charset=utf-8"),
            ("application/problem+json", "application/problem+json"),
            ("application/vnd.x+json; profile=y", "application/vnd.x+json; profile=y"),
            ("application/yaml", "application/yaml; charset=utf-8"),
            ("image/svg+xml", "image/svg+xml; charset=utf-8"),
            ("text/html; charset=utf-8", "text/html; charset=utf-8"),
            ("text/html;CHARSET=latin1", "text/html;CHARSET=latin1"),
            ("text/html; charset = x", "text/html; charset = x"),
            ("image/png", "image/png"),
            ("application/octet-stream", "application/octet-stream"),
            ("multipart/form-data; boundary=x", "multipart/form-data; boundary=x"),
            ("", ""),
            ("text", "text"),
        ];
        for (sent, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, sent.parse().unwrap());
            complete(&mut headers);
            assert_eq!(headers[header::CONTENT_TYPE], expected, "{sent}");
        }
        let mut none = HeaderMap::new();
        complete(&mut none);
        assert!(none.is_empty());
    }
}
