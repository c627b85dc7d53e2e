//! The one way out.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use mainstay_core::Chain;

use super::Defences;
use super::access::{Access, Tail};
use super::exchange::Exchange;
use super::form;
use super::proof::{self, StampMissing};
use crate::controls::cors::Grant;
use crate::controls::{Control, vary};
use crate::refusal::{self, ErrorCode, Refusal};
use crate::routes::{Cache, Row};
use crate::telemetry::log::redact;

/// Carries the request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of somebody else's refusal that mean something to the client.
const KEPT: [HeaderName; 3] = [header::ALLOW, header::WWW_AUTHENTICATE, header::RETRY_AFTER];

/// The most that a refusal tells of its cause, where it tells any.
const MAX_CAUSE_BYTES: usize = 2_000;

/// Turns whatever came out of the router into what leaves.
pub(super) fn leave(
    exchange: &Exchange,
    access: Access,
    answer: Response,
    grant: &Grant,
    defences: &Defences,
) -> Response {
    // What stands below is written on every answer, so it counts as done before the stamps are compared.
    exchange.stamp(Control::Headers);
    let proven = proof::of_answer(exchange, answer.status()).map_err(Refusal::from);
    let (mut answer, code) = match proven.and_then(|()| normalised(answer)) {
        Ok(answer) => (answer, None),
        Err(refusal) => {
            access.meter().refused(refusal.code());
            if refusal.cause().is_some_and(<dyn std::error::Error + Send + Sync>::is::<StampMissing>) {
                access.meter().stamp_missing();
            }
            log(exchange, &refusal);
            let cause = defences.tells_causes.then(|| cause(&refusal)).flatten();
            let answer =
                refusal::render(&refusal, exchange.format(), exchange.request_id(), cause.as_deref());
            (answer, Some(refusal.code()))
        }
    };
    form::correct(&mut answer, exchange.method());
    let headers = answer.headers_mut();
    headers.insert(REQUEST_ID, id_value(exchange));
    headers.entry(header::CACHE_CONTROL).or_insert_with(|| cache_value(exchange.row()));
    exchange.token_desk().seal(headers);
    keep_from_others(exchange, headers);
    if let Some(limit) = exchange.limit() {
        limit.seal(exchange.received_at(), headers);
    }
    let has_waiver = exchange.row().is_some_and(|row| row.policy.waives(Control::Headers));
    defences.headers.seal(has_waiver, exchange.nonce_slot().used(), headers);
    // Last: nothing that is written after it could be read by an origin that it does not know of.
    defences.cors.seal(grant, headers);
    let access = access.answered(answer.status(), code);
    answer.map(|body| Body::new(Tail::new(body, access)))
}

/// Brings every refusal into one shape, whoever made it.
///
/// | answer | what leaves |
/// |---|---|
/// | not an error | as it is |
/// | carries a [`Refusal`] | the refusal |
/// | an error with a body of the handler's own type (JSON, HTML, …) | as it is |
/// | an error without a body type, or plain text (router, foreign extractor) | the code of its status |
fn normalised(mut answer: Response) -> Result<Response, Refusal> {
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return Ok(answer);
    }
    if let Some(refusal) = answer.extensions_mut().remove::<Refusal>() {
        return Err(refusal);
    }
    let own = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| !value.as_bytes().starts_with(b"text/plain"));
    if own { Ok(answer) } else { Err(keep(Refusal::new(ErrorCode::of_status(status)), answer.headers())) }
}

fn keep(refusal: Refusal, headers: &HeaderMap) -> Refusal {
    KEPT.iter()
        .filter_map(|name| Some((name, headers.get(name)?)))
        .fold(refusal, |refusal, (name, value)| refusal.header(name.clone(), value.clone()))
}

/// Why, as far as anybody but the log may see it.
fn cause(refusal: &Refusal) -> Option<String> {
    let cause = Chain(refusal.cause()?).to_string();
    Some(redact::bounded(redact::text(cause), MAX_CAUSE_BYTES))
}

/// The client learns the code; the log learns why.
fn log(exchange: &Exchange, refusal: &Refusal) {
    let cause = refusal.cause().map(|cause| Chain(cause).to_string());
    let code = refusal.code().as_str();
    if let Some(StampMissing(missing)) = refusal.cause().and_then(|cause| cause.downcast_ref()) {
        let route = exchange.row().map(|row| format!("{row:?}"));
        crate::critical!(code, route, %missing, "a control did not run: the request is refused");
    } else if refusal.code() == ErrorCode::InternalError {
        tracing::error!(code, cause, "request failed");
    } else if refusal.code().is_ours() {
        tracing::warn!(code, cause, "request refused");
    } else {
        tracing::debug!(code, cause, message_sent = refusal.text(), "request refused");
    }
}

fn id_value(exchange: &Exchange) -> HeaderValue {
    let mut buffer = uuid::Uuid::encode_buffer();
    let text = exchange.request_id().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// What is for one caller is kept by no cache, whatever the route or the handler says.
///
/// | the answer | the request shows | what leaves |
/// |---|---|---|
/// | sets a cookie | anything | `no-store` |
/// | of a handler that did not ask who calls | anything | as it is |
/// | of one that did | somebody, or a claim that could not be judged | `no-store` |
/// | of one that did | nobody | as it is; if it may be kept, for others who show nothing either: `Vary: Cookie, Authorization` |
fn keep_from_others(exchange: &Exchange, headers: &mut HeaderMap) {
    const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
    let is_personal = exchange.is_personal();
    if headers.contains_key(header::SET_COOKIE) || is_personal && exchange.has_claim() {
        headers.insert(header::CACHE_CONTROL, NO_STORE);
    } else if is_personal && headers.get(header::CACHE_CONTROL) != Some(&NO_STORE) {
        vary::add(headers, "Cookie");
        vary::add(headers, "Authorization");
    }
}

fn cache_value(row: Option<&Row>) -> HeaderValue {
    match row.map_or(Cache::NoStore, |row| row.policy.cache) {
        Cache::NoStore => HeaderValue::from_static("no-store"),
        Cache::Public(seconds) => HeaderValue::from_str(&format!("public, max-age={seconds}"))
            .unwrap_or(HeaderValue::from_static("no-store")),
    }
}
