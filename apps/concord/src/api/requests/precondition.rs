//! Entity tags in requests: `If-Match` and `If-None-Match`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use mainstay::ErrorCode;
use mainstay::routes::{DescribeRequest, Operation};
use schemars::SchemaGenerator;

use crate::commands::Precondition;

/// `If-Match`: the state that the client has seen. `*` demands only that the thing is there, as every change of
/// one does.
pub(in crate::api) struct IfMatch(pub(in crate::api) Precondition);

/// `If-None-Match`: the states that the client has already.
pub(in crate::api) struct IfNoneMatch(Tags);

enum Tags {
    None,
    Any,
    OneOf(Vec<u64>),
}

impl IfNoneMatch {
    /// Whether the client has this state.
    pub(in crate::api) fn has(&self, tag: u64) -> bool {
        match &self.0 {
            Tags::None => false,
            Tags::Any => true,
            Tags::OneOf(tags) => tags.contains(&tag),
        }
    }
}

/// | header | tags |
/// |---|---|
/// | absent | none |
/// | `*` | any |
/// | `"7"`, `"7", "8"` | these |
/// | `W/"7"` | those only where a weak comparison is asked for |
/// | anything else | one of nobody's, so nothing matches |
fn tags(headers: &HeaderMap, name: &HeaderName, weak: bool) -> Tags {
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Tags::None;
    }
    let mut tags = Vec::new();
    for tag in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let tag = tag.trim();
        if tag == "*" {
            return Tags::Any;
        }
        let strong = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
        let number = strong.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        tags.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    Tags::OneOf(tags)
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(match tags(&parts.headers, &header::IF_MATCH, false) {
            Tags::None | Tags::Any => Precondition::None,
            Tags::OneOf(tags) => Precondition::OneOf(tags),
        }))
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(tags(&parts.headers, &header::IF_NONE_MATCH, true)))
    }
}

impl DescribeRequest for IfMatch {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.headers.push(("If-Match", "Changes the thing only while its ETag is one of these."));
        operation.errors.push(ErrorCode::VersionConflict);
    }
}

impl DescribeRequest for IfNoneMatch {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.headers.push(("If-None-Match", "Answers 304 while the ETag is one of these."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &'static str, weak: bool) -> Option<Vec<u64>> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        match tags(&headers, &header::IF_MATCH, weak) {
            Tags::OneOf(tags) => Some(tags),
            Tags::Any | Tags::None => None,
        }
    }

    #[test]
    fn tags_are_read_strictly_or_weakly() {
        assert_eq!(of("\"7\", \"8\"", false), Some(vec![7, 8]));
        assert_eq!(of("W/\"7\", \"8\"", false), Some(vec![8]));
        assert_eq!(of("W/\"7\", \"8\"", true), Some(vec![7, 8]));
        assert_eq!(of("7", false), Some(vec![]));
        assert_eq!(of("\"abc\"", true), Some(vec![]));
        assert_eq!(of("*", false), None);
    }
}
