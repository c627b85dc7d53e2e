//! `Content-Disposition`: read in the head of a part, written in front of a download.

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::parameters::Parameterised;
use super::{FileName, UploadError};

/// The longest name of a field, in bytes.
pub(super) const MAX_FIELD_BYTES: usize = 64;

/// What the head of a part says of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartHead {
    /// The name of its field.
    pub(super) field: String,
    /// The name of its file as it was sent; a part without one is a field of text.
    pub(super) file_name: Option<String>,
    /// Its media type, lower case and without parameters; empty where it has none.
    pub(super) media_type: String,
    /// The character set of its text.
    pub(super) charset: Option<String>,
}

impl PartHead {
    /// Reads the lines of a head.
    ///
    /// | line | verdict |
    /// |---|---|
    /// | no `Content-Disposition`, or two; another than `form-data`; without a `name` | malformed |
    /// | `filename`, or `filename*=UTF-8''…` (RFC 8187) | the name of a file |
    /// | both of them | malformed: readers differ in which they believe |
    /// | `filename*` in another character set, or not decodable | malformed |
    /// | two lines of `Content-Type` | malformed |
    /// | `Content-Transfer-Encoding` other than `7bit`, `8bit`, `binary` | malformed: RFC 7578 has done away with it |
    /// | any other line | ignored |
    /// | a field whose name is not 1–64 of letters, digits, `_`, `-`, `.`, `[`, `]` | field name |
    pub(super) fn parse(head: &str) -> Result<Self, UploadError> {
        let disposition = only(head, "content-disposition")?
            .and_then(Parameterised::parse)
            .filter(|disposition| disposition.essence == "form-data")
            .ok_or(UploadError::Malformed("a part has no usable Content-Disposition"))?;
        let encoding = only(head, "content-transfer-encoding")?.unwrap_or("binary");
        if !["7bit", "8bit", "binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain)) {
            return Err(UploadError::Malformed("a part has a transfer encoding"));
        }
        let field = disposition.get("name").ok_or(UploadError::Malformed("a part has no name"))?;
        if !is_field_name(field) {
            return Err(UploadError::FieldName { limit: MAX_FIELD_BYTES });
        }
        let content_type = only(head, "content-type")?.unwrap_or_default();
        let content_type = Parameterised::parse(content_type)
            .ok_or(UploadError::Malformed("a part has no usable Content-Type"))?;
        Ok(Self {
            field: field.to_owned(),
            file_name: file_name(&disposition)?,
            charset: content_type.get("charset").map(str::to_ascii_lowercase),
            media_type: content_type.essence,
        })
    }
}

/// The value of a line, if there is no second one.
fn only<'a>(head: &'a str, name: &str) -> Result<Option<&'a str>, UploadError> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut values =
        lines.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    let value = values.next();
    if values.next().is_some() { Err(UploadError::Malformed("a part has a line twice")) } else { Ok(value) }
}

fn is_field_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte);
    (1..=MAX_FIELD_BYTES).contains(&name.len()) && name.bytes().all(is_plain)
}

fn file_name(disposition: &Parameterised) -> Result<Option<String>, UploadError> {
    match (disposition.get("filename"), disposition.get("filename*")) {
        (name, None) => Ok(name.map(str::to_owned)),
        (None, Some(extended)) => extended_value(extended)
            .map(Some)
            .ok_or(UploadError::Malformed("a part has an undecodable filename*")),
        (Some(_), Some(_)) => Err(UploadError::Malformed("a part has both filename and filename*")),
    }
}

/// The text of `UTF-8'language'percent-encoded`.
fn extended_value(text: &str) -> Option<String> {
    let mut pieces = text.splitn(3, '\'');
    let (charset, _language, encoded) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let is_complete = encoded.split('%').skip(1).all(|escape| {
        escape.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let is_utf8 = charset.eq_ignore_ascii_case("utf-8");
    (is_utf8 && is_complete && !encoded.contains('\'')).then_some(())?;
    percent_decode_str(encoded).decode_utf8().ok().map(String::from)
}

/// What stands unencoded in an extended value: the `attr-char` of RFC 8187.
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The `Content-Disposition` of a download (RFC 6266): kept as a file, never shown, under a name of our choosing.
///
/// A name beyond ASCII is sent twice: plain with `_` for what old clients cannot read, and as it is.
///
/// ```
/// use mainstay::upload::{FileName, attachment};
///
/// assert_eq!(attachment(&FileName::cleaned("cars.json")), r#"attachment; filename="cars.json""#);
/// assert_eq!(
///     attachment(&FileName::cleaned("Möbel.json")),
///     r#"attachment; filename="M_bel.json"; filename*=UTF-8''M%C3%B6bel.json"#,
/// );
/// ```
pub fn attachment(name: &FileName) -> HeaderValue {
    let name = name.as_str();
    // No quote, backslash or control character is in a file name; a `%` is what some clients decode.
    let plain: String =
        name.chars().map(|letter| if letter.is_ascii() && letter != '%' { letter } else { '_' }).collect();
    let mut line = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        line.push_str("; filename*=UTF-8''");
        line.extend(utf8_percent_encode(name, EXTENDED));
    }
    HeaderValue::try_from(line).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(head: &str) -> Result<PartHead, UploadError> {
        PartHead::parse(head)
    }

    #[test]
    fn heads_are_read() {
        let head = |field: &str, file_name: Option<&str>, media_type: &str| PartHead {
            field: field.to_owned(),
            file_name: file_name.map(str::to_owned),
            media_type: media_type.to_owned(),
            charset: None,
        };
        let rows = [
            ("Content-Disposition: form-data; name=\"a\"", head("a", None, "")),
            ("content-disposition:form-data; name=\"a[0].b-c_d\"", head("a[0].b-c_d", None, "")),
            (
                "Content-Disposition: form-data; name=\"f\"; filename=\"a b.json\"\r\nContent-Type: Application/JSON",
                head("f", Some("a b.json"), "application/json"),
            ),
            (
                "X-Anything: 1\r\nX-Anything: 2\r\nContent-Disposition: form-data; name=f; filename*=utf-8'en'%e2%82%ac.csv",
                head("f", Some("€.csv"), ""),
            ),
            ("Content-Disposition: form-data; name=f; filename=\"\"", head("f", Some(""), "")),
            // A name in a quoted value is no name of the part.
            (
                "Content-Disposition: form-data; filename=\"x; name=evil\"; name=f",
                head("f", Some("x; name=evil"), ""),
            ),
            (
                "Content-Transfer-Encoding: Binary\r\nContent-Disposition: form-data; name=f; filename=\"C:\\a\\b\"",
                head("f", Some("C:\\a\\b"), ""),
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        let charset =
            parse("Content-Disposition: form-data; name=f\r\nContent-Type: text/csv; charset=Latin1");
        assert_eq!(charset.unwrap().charset.as_deref(), Some("latin1"));
    }

    #[test]
    fn ambiguous_heads_are_refused() {
        for text in [
            "Content-Type: text/csv",
            "Content-Disposition: attachment; name=f",
            "Content-Disposition: form-data",
            "Content-Disposition: form-data; filename=a",
            "Content-Disposition: form-data; name*=UTF-8''f",
            "Content-Disposition: form-data; name=f; name=g",
            "Content-Disposition: form-data; name=f\r\nContent-Disposition: form-data; name=g",
            "Content-Disposition: form-data; name=\"f",
            "Content-Disposition: form-data; name=f; filename=a; filename*=UTF-8''b",
            "Content-Disposition: form-data; name=f; filename*=b",
            "Content-Disposition: form-data; name=f; filename*=latin1''b",
            "Content-Disposition: form-data; name=f; filename*=UTF-8''%ff",
            "Content-Disposition: form-data; name=f; filename*=UTF-8''%4",
            "Content-Disposition: form-data; name=f; filename*=UTF-8''%zz",
            "Content-Disposition: form-data; name=f\r\nContent-Type: a/b\r\nContent-Type: c/d",
            "Content-Disposition: form-data; name=f\r\nContent-Transfer-Encoding: base64",
        ] {
            assert!(matches!(parse(text), Err(UploadError::Malformed(_))), "{text}: {:?}", parse(text));
        }
        let long = "f".repeat(65);
        for name in ["", "a b", "a/b", "ü", "a;b", "<a>", long.as_str()] {
            let refused = parse(&format!("Content-Disposition: form-data; name=\"{name}\""));
            assert_eq!(refused, Err(UploadError::FieldName { limit: 64 }), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_of_a_download_is_a_header_and_reads_back(text in ".{0,80}") {
            let name = FileName::cleaned(&text);
            let line = attachment(&name);
            let parsed = Parameterised::parse(line.to_str().unwrap()).unwrap();
            let read = match parsed.get("filename*") {
                Some(extended) => extended_value(extended).unwrap(),
                None => parsed.get("filename").unwrap().to_owned(),
            };
            prop_assert_eq!(read, name.as_str());
        }

        #[test]
        fn no_head_makes_it_panic(text in "(content-disposition: form-data; name=f)?[\\PC;=\"*'%\r\n:]{0,60}") {
            let _ = parse(&text);
        }
    }
}
