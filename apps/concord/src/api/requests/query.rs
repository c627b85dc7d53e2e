//! What query strings say, beyond a route's own.

use std::fmt;

use axum::extract::FromRequestParts;
use http::request::Parts;
use mainstay::routes::{DescribeRequest, Operation};
use mainstay::{Detail, ErrorCode, Query, Refusal};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::commands::Strictness;
use crate::read::Page;

/// Most rows of a list.
const MAX_LIMIT: u32 = 1_000;

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub(in crate::api) struct Paging {
    pub(in crate::api) page: Page,
    /// The path of the list, for links to its other parts.
    pub(in crate::api) path: String,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
struct PagingQuery {
    /// How many rows to skip.
    #[serde(default)]
    skip: u32,
    /// How many rows to return, at most 1000.
    #[serde(default = "default_limit")]
    #[schemars(range(max = 1000))]
    limit: u32,
}

/// How many rows are returned where nothing is said.
pub(in crate::api) fn default_limit() -> u32 {
    100
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Query(PagingQuery { skip, limit }) = Query::from_request_parts(parts, state).await?;
        Ok(Self { page: Page { skip, limit: bounded("limit", limit)? }, path: parts.uri.path().to_owned() })
    }
}

/// Refuses a limit beyond the largest one.
pub(in crate::api) fn bounded(field: &'static str, limit: u32) -> Result<u32, Refusal> {
    if limit <= MAX_LIMIT {
        return Ok(limit);
    }
    let message = format!("{field} is at most {MAX_LIMIT}");
    Err(Refusal::new(ErrorCode::ValidationFailed).detail(Detail::new(field, "too_large", message)))
}

impl DescribeRequest for Paging {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Query<PagingQuery> as DescribeRequest>::describe(operation, schemas);
    }
}

/// How a write judges what it is given.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(in crate::api) struct Writing {
    /// `lenient` stores what no evaluation can use and marks it `invalid`; `strict` refuses also what is only
    /// questionable.
    #[serde(default)]
    pub(in crate::api) validate: Strictness,
}

/// A truth value as clients spell it: `true`, `"yes"`, `1`, `on`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::api) struct Lax(pub(in crate::api) bool);

impl JsonSchema for Lax {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Lax".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "boolean"})
    }
}

impl<'de> Deserialize<'de> for Lax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LaxVisitor).map(Self)
    }
}

struct LaxVisitor;

impl Visitor<'_> for LaxVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        match value {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        match value {
            0.0 => Ok(false),
            1.0 => Ok(true),
            _ => Err(E::invalid_value(Unexpected::Float(value), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
            "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_has_many_spellings() {
        for text in ["true", "1", "1.0", r#""YES""#, r#""on""#, r#""t""#] {
            assert_eq!(serde_json::from_str::<Lax>(text).unwrap(), Lax(true), "{text}");
        }
        for text in ["false", "0", r#""off""#, r#""N""#, r#""0""#] {
            assert_eq!(serde_json::from_str::<Lax>(text).unwrap(), Lax(false), "{text}");
        }
        for text in ["2", "-1", "0.5", r#""maybe""#, r#""""#, "null", "[]", "{}"] {
            assert!(serde_json::from_str::<Lax>(text).is_err(), "{text}");
        }
    }
}
