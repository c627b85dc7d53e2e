//! A client that checks what must hold for every answer.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mainstay_core::Tasks;
use serde_json::Value;
use tokio::net::TcpStream;

/// Headers that an answer may carry. One that is not listed here was added without anybody deciding so.
const KNOWN_HEADERS: &[&str] = &[
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "age",
    "allow",
    "cache-control",
    "clear-site-data",
    "connection",
    "content-disposition",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "permissions-policy",
    "ratelimit",
    "ratelimit-policy",
    "referrer-policy",
    "retry-after",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "warning",
    "www-authenticate",
    "x-content-type-options",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
    "x-position",
    "x-total-count",
];

/// Headers that every answer carries, also one to what never became a request.
pub const SECURITY_HEADERS: &[&str] = &[
    "content-security-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
];

/// Sends requests to one address, each on a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    tasks: Tasks,
    token: Option<String>,
}

/// An answer that has been read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// Nobody listens.
    #[error("nobody listens")]
    Connect(#[source] std::io::Error),
    /// The connection ended before the answer did.
    #[error("the connection ended before the answer did")]
    Http(#[from] hyper::Error),
}

impl Client {
    /// A client of a service at this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, tasks: Tasks::new(), token: None }
    }

    /// The same client, which brings an API token with each request that names no other.
    #[must_use]
    pub fn with_token(self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self }
    }

    /// The API token that the client brings.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The address of the service.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request with the headers that every client sends.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(path).header(header::HOST, self.address.to_string())
    }

    /// Sends a GET.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Bytes::new()).expect("a path")).await
    }

    /// Sends a DELETE.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).body(Bytes::new()).expect("a path")).await
    }

    /// Sends a JSON body.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Bytes::from(body.to_string())).expect("a path")).await
    }

    /// Sends a POST with a JSON body.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    /// Sends a request, reads the answer, and checks what must hold for every answer.
    ///
    /// # Panics
    ///
    /// When there is no whole answer, when it breaks a rule that holds for all of them, or when a body that
    /// claims to be a refusal is not one.
    pub async fn send(&self, request: Request<Bytes>) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    /// As [`Client::send`], for a service that may be gone.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    ///
    /// # Panics
    ///
    /// When it breaks a rule that holds for all answers.
    pub async fn try_send(&self, mut request: Request<Bytes>) -> Result<Answer, NoAnswer> {
        if let Some(token) = &self.token {
            let bearer = || HeaderValue::try_from(format!("Bearer {token}")).expect("a token");
            request.headers_mut().entry(header::AUTHORIZATION).or_insert_with(bearer);
        }
        let target = format!("{} {}", request.method(), request.uri());
        let stream = TcpStream::connect(self.address).await.map_err(NoAnswer::Connect)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        self.tasks.spawn("test client", connection);
        let (head, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let answer = Answer { status: head.status, headers: head.headers, body };
        answer.check(&target);
        Ok(answer)
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a refusal; empty for anything else.
    pub fn code(&self) -> String {
        let code = serde_json::from_slice::<Value>(&self.body).ok();
        code.and_then(|body| body["error"]["code"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// A header as text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// What holds for every answer of a Mainstay service.
    fn check(&self, target: &str) {
        let id = self.header("x-request-id");
        let parsed = uuid::Uuid::parse_str(id).unwrap_or_else(|_| panic!("{target}: request id {id:?}"));
        assert_eq!(parsed.get_version_num(), 7, "{target}: request id {id}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{target}");
        assert!(!self.header("cache-control").is_empty(), "{target}: no Cache-Control");
        for name in SECURITY_HEADERS {
            assert!(self.headers.contains_key(*name), "{target}: no {name}");
        }
        for name in self.headers.keys() {
            assert!(KNOWN_HEADERS.contains(&name.as_str()), "{target}: nobody decided to send {name}");
            let count = self.headers.get_all(name).iter().count();
            assert!(count == 1 || name == header::SET_COOKIE, "{target}: {name} is sent twice");
        }
        let content_type = self.header("content-type");
        if content_type.starts_with("text/") || content_type.starts_with("application/json") {
            assert!(content_type.ends_with("; charset=utf-8"), "{target}: {content_type} names no charset");
        }
        if self.status.is_client_error() || self.status.is_server_error() {
            self.check_refusal(target, content_type, id);
        }
    }

    fn check_refusal(&self, target: &str, content_type: &str, id: &str) {
        if !content_type.starts_with("application/json") || self.body.is_empty() {
            return;
        }
        let body = self.json();
        // Health tells how it is in a shape of its own, with 503.
        if body.get("status").is_some() {
            return;
        }
        let error = &body["error"];
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{target}: {body}");
        assert!(error["code"].is_string() && error["message"].is_string(), "{target}: {body}");
        assert_eq!(error["request_id"], id, "{target}: {body}");
        if self.status == StatusCode::UNAUTHORIZED {
            assert!(!self.header("www-authenticate").is_empty(), "{target}: no WWW-Authenticate");
        }
        let known = ["code", "message", "request_id", "details", "retry_after"];
        for name in error.as_object().into_iter().flat_map(serde_json::Map::keys) {
            assert!(known.contains(&name.as_str()), "{target}: {body}");
        }
        if matches!(self.status.as_u16(), 429 | 503) {
            assert!(error["retry_after"].is_u64(), "{target}: {body}");
            assert!(!self.header("retry-after").is_empty(), "{target}: no Retry-After");
        }
    }
}
