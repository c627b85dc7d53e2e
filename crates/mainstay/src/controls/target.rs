//! Bounds on the target of a request: its length, its query string, the number of its fields.

use http::Uri;

use crate::{ErrorCode, Refusal};

/// The longest path that is looked at, in bytes: beyond it no route of ours could match.
const MAX_PATH_BYTES: usize = 8 * 1024;

/// How much target a request may bring.
#[derive(Clone, Copy, Debug)]
pub struct TargetLimits {
    /// Longest query string, in bytes as sent.
    pub query_bytes: usize,
    /// Most fields in the query string.
    pub query_fields: usize,
}

impl TargetLimits {
    /// | target | answer |
    /// |---|---|
    /// | path beyond 8 KiB | `uri_too_long` |
    /// | query string beyond its bytes | `uri_too_long` |
    /// | more query fields than allowed | `bad_request` |
    /// | a path with an encoded NUL | `bad_request` |
    pub(crate) fn check(self, uri: &Uri) -> Result<(), Refusal> {
        let query = uri.query().unwrap_or_default();
        if uri.path().len() > MAX_PATH_BYTES || query.len() > self.query_bytes {
            return Err(Refusal::new(ErrorCode::UriTooLong));
        }
        if query.split('&').filter(|field| !field.is_empty()).count() > self.query_fields {
            let message = format!("The query string holds more than {} fields.", self.query_fields);
            return Err(Refusal::new(ErrorCode::BadRequest).message(message));
        }
        if uri.path().contains("%00") {
            return Err(Refusal::new(ErrorCode::BadRequest).message("The path holds a NUL character."));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let limits = TargetLimits { query_bytes: 20, query_fields: 3 };
        let rows = [
            ("/".to_owned(), None),
            ("/?a=1&b=2&c=3".to_owned(), None),
            ("/?a=1&&&b=2&c=3&".to_owned(), None),
            ("/?a=1&b=2&c=3&d".to_owned(), Some(ErrorCode::BadRequest)),
            (format!("/?{}", "a".repeat(20)), None),
            (format!("/?{}", "a".repeat(21)), Some(ErrorCode::UriTooLong)),
            (format!("/{}", "a".repeat(MAX_PATH_BYTES - 1)), None),
            (format!("/{}", "a".repeat(MAX_PATH_BYTES)), Some(ErrorCode::UriTooLong)),
            ("/a%00b".to_owned(), Some(ErrorCode::BadRequest)),
        ];
        for (uri, expected) in rows {
            let refusal = limits.check(&uri.parse().unwrap()).err().map(|refusal| refusal.code());
            assert_eq!(refusal, expected, "{} bytes", uri.len());
        }
    }
}
