//! The bytes of a refusal.

use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{Detail, Format, Refusal};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// What a 401 says of how to do better (RFC 9110, 11.6.1). Browsers ask nobody anything because of it.
pub(crate) const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");

/// Our own envelope.
#[derive(Serialize)]
struct Envelope<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'static str,
    message: &'a str,
    request_id: Uuid,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [Detail],
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

/// RFC 9457, with our code and request id as extension members.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: Uuid,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [Detail],
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

/// What a refusal says beside its own words.
#[derive(Clone, Copy)]
struct Beside<'a> {
    request_id: Uuid,
    retry_after: Option<u64>,
    cause: Option<&'a str>,
}

/// Never earlier than asked for, and never zero: a client that comes back at once gains nothing.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Renders a refusal in the form that the client asked for; with its cause only where that is given.
pub(crate) fn render(refusal: &Refusal, format: Format, request_id: Uuid, cause: Option<&str>) -> Response {
    let inner = &*refusal.inner;
    let retry_after = inner.retry_after.map(whole_seconds);
    let beside = Beside { request_id, retry_after, cause };
    let (content_type, body) = match format {
        Format::Json => (JSON, json(&Envelope { error: error(refusal, beside) })),
        Format::Problem => (PROBLEM, json(&problem(refusal, beside))),
        Format::Html => (HTML, page(refusal, beside)),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = inner.code.status();
    let headers = response.headers_mut();
    headers.extend(inner.headers.clone());
    headers.insert(header::CONTENT_TYPE, content_type);
    // A refusal is about one request at one moment; no cache may answer another with it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if inner.code.status() == StatusCode::UNAUTHORIZED {
        headers.entry(header::WWW_AUTHENTICATE).or_insert(CHALLENGE);
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The whole HTTP/1.1 answer for a request that never became one: its head could not be parsed.
pub(crate) fn connection_refusal(
    refusal: &Refusal,
    request_id: Uuid,
    now: Timestamp,
    security_headers: &str,
) -> Bytes {
    let status = refusal.code().status();
    let beside = Beside { request_id, retry_after: None, cause: None };
    let body = json(&Envelope { error: error(refusal, beside) });
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\
         x-request-id: {request_id}\r\ncache-control: no-store\r\n{security_headers}\
         date: {}\r\nconnection: close\r\n\r\n",
        body.len(),
        now.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    );
    let mut answer = head.into_bytes();
    answer.extend_from_slice(&body);
    Bytes::from(answer)
}

fn error<'a>(refusal: &'a Refusal, Beside { request_id, retry_after, cause }: Beside<'a>) -> Error<'a> {
    let inner = &*refusal.inner;
    let code = inner.code.as_str();
    Error { code, message: &inner.message, request_id, details: &inner.details, retry_after, cause }
}

fn problem<'a>(refusal: &'a Refusal, Beside { request_id, retry_after, cause }: Beside<'a>) -> Problem<'a> {
    let inner = &*refusal.inner;
    Problem {
        r#type: "about:blank",
        title: inner.code.status().canonical_reason().unwrap_or("Error"),
        status: inner.code.status().as_u16(),
        detail: &inner.message,
        code: inner.code.as_str(),
        request_id,
        details: &inner.details,
        retry_after,
        cause,
    }
}

/// Serialises; these types hold texts and numbers only, so it cannot fail, and if it ever did the status
/// and the headers would still tell the client enough.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn page(refusal: &Refusal, Beside { request_id, retry_after, cause }: Beside<'_>) -> Vec<u8> {
    static PAGES: LazyLock<minijinja::Environment<'static>> = LazyLock::new(|| {
        let mut pages = minijinja::Environment::new();
        // The text is part of the binary and a test renders it, so it is known to parse.
        let _ = pages.add_template("refusal.html", include_str!("refusal.html"));
        pages
    });
    let inner = &*refusal.inner;
    let status = inner.code.status();
    let context = minijinja::context! {
        status => status.as_u16(),
        title => status.canonical_reason().unwrap_or("Error"),
        code => inner.code.as_str(),
        message => &*inner.message,
        details => minijinja::value::Serde(&inner.details),
        request_id => request_id.to_string(),
        retry_after,
        cause,
    };
    PAGES
        .get_template("refusal.html")
        .and_then(|template| template.render(context))
        .unwrap_or_else(|_| format!("{status}"))
        .into_bytes()
}
