//! The schemas of a refusal. The exit writes these shapes; here they are only described.
#![expect(dead_code, reason = "described, never made")]

use schemars::JsonSchema;

use crate::refusal::Detail;

/// The envelope of every refusal.
#[derive(JsonSchema)]
pub(super) struct Refusal {
    error: RefusalError,
}

/// Why the request was refused.
#[derive(JsonSchema)]
struct RefusalError {
    /// A stable, machine-readable reason.
    code: String,
    /// The reason in words.
    message: String,
    /// The request's id, as in `X-Request-ID` and in the log.
    request_id: String,
    /// The fields that are not valid.
    details: Option<Vec<Detail>>,
    /// Seconds to wait before trying again.
    retry_after: Option<u64>,
    /// Why, where the service is set up for debugging.
    cause: Option<String>,
}

/// The same facts as RFC 9457 problem details.
#[derive(JsonSchema)]
pub(super) struct Problem {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    code: String,
    request_id: String,
    details: Option<Vec<Detail>>,
    retry_after: Option<u64>,
    cause: Option<String>,
}
