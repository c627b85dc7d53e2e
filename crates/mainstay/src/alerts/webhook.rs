//! A POST with the alert as JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) say.
//!
//! | header | |
//! |---|---|
//! | `webhook-id` | the id of the alert: the same when it is sent again |
//! | `webhook-timestamp` | seconds since 1970 at this attempt |
//! | `webhook-signature` | `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, if there is `ALERT_WEBHOOK_SECRET` |

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mainstay_core::{Clock, Secret};
use rustls::ClientConfig;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::config::WebhookUrl;
use super::target::may_be_told;
use super::{Alert, SendError, Sender, to_json};
use crate::trust::{TlsError, client_config};

/// How long all of it may take: from the name to the answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Secrets that begin so are base64, as Standard Webhooks write them.
const SECRET_PREFIX: &str = "whsec_";

/// A receiver of POSTs.
#[derive(Debug)]
pub struct Webhook {
    url: WebhookUrl,
    secret: Option<Secret>,
    tls: Option<Arc<ClientConfig>>,
    sender: Sender,
    clock: Clock,
}

/// The receiver did not take it. Names no more of the URL than its host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The name of the host does not resolve.
    #[error("{host} is not known")]
    Unknown {
        /// The host.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// It resolves to addresses to which nothing is ever sent.
    #[error("{host} is at an address that no webhook is sent to")]
    Refused {
        /// The host.
        host: String,
    },
    /// There is no connection.
    #[error("there is no connection to {host}")]
    Unreachable {
        /// The host.
        host: String,
        /// The error of the last address.
        source: io::Error,
    },
    /// Its certificate is none for this name.
    #[error("{host} cannot be asked by TLS")]
    Name {
        /// The host.
        host: String,
        /// Why.
        source: InvalidDnsNameError,
    },
    /// The exchange broke off.
    #[error("the exchange broke off")]
    Http(#[from] hyper::Error),
    /// The request cannot be made.
    #[error("the request cannot be made")]
    Request(#[from] http::Error),
    /// The answer says no. Redirects are not followed.
    #[error("the answer was {0}")]
    Answer(StatusCode),
    /// It took too long.
    #[error("there was no answer within {} s", LIMIT.as_secs())]
    TimedOut,
}

impl Webhook {
    pub(super) fn new(
        url: WebhookUrl,
        secret: Option<Secret>,
        ca_file: Option<&Path>,
        sender: &Sender,
        clock: &Clock,
    ) -> Result<Self, TlsError> {
        let tls = url.is_tls().then(|| client_config(ca_file)).transpose()?;
        Ok(Self { url, secret, tls, sender: sender.clone(), clock: clock.clone() })
    }

    /// Posts an alert.
    pub(super) async fn send(&self, alert: &Alert<'_>) -> Result<(), SendError> {
        let request = self.request(alert)?;
        match tokio::time::timeout(LIMIT, self.exchange(request)).await {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) => Err(WebhookError::Answer(status).into()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(WebhookError::TimedOut.into()),
        }
    }

    fn request(&self, alert: &Alert<'_>) -> Result<Request<Full<Bytes>>, SendError> {
        let body = to_json(alert, &self.sender)?;
        let (id, at) = (alert.id.to_string(), self.clock.timestamp().as_second().to_string());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.url.path())
            .header(header::HOST, self.url.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("mainstay/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &id)
            .header("webhook-timestamp", &at);
        if let Some(secret) = &self.secret {
            request = request.header("webhook-signature", signature(secret, &id, &at, &body));
        }
        if let Some(credentials) = self.url.credentials() {
            request = request
                .header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(credentials.expose())));
        }
        request.body(Full::new(body.into())).map_err(|error| WebhookError::from(error).into())
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<StatusCode, WebhookError> {
        let host = self.url.host();
        let stream = connect(host, self.url.port()).await?;
        let Some(tls) = &self.tls else { return talk(stream, request).await };
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|source| WebhookError::Name { host: host.to_owned(), source })?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
        talk(stream.map_err(|source| unreachable(host, source))?, request).await
    }
}

/// Connects to the first address that may be told and that answers.
async fn connect(host: &str, port: u16) -> Result<TcpStream, WebhookError> {
    let unknown = |source| WebhookError::Unknown { host: host.to_owned(), source };
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(unknown)?.collect();
    let mut last = WebhookError::Refused { host: host.to_owned() };
    for address in addresses.into_iter().filter(|address| may_be_told(address.ip())) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(source) => last = unreachable(host, source),
        }
    }
    Err(last)
}

fn unreachable(host: &str, source: io::Error) -> WebhookError {
    WebhookError::Unreachable { host: host.to_owned(), source }
}

/// One request on one connection. The body of the answer is nobody's business.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, WebhookError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = sender.send_request(request);
    tokio::pin!(connection, exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => Ok(answer?.status()),
        ended = &mut connection => {
            // The answer may have come with the end.
            let answer = exchange.await;
            ended?;
            Ok(answer?.status())
        }
    }
}

/// What shows a receiver that the body comes from us.
fn signature(secret: &Secret, id: &str, at: &str, body: &str) -> String {
    let decoded = secret.expose().strip_prefix(SECRET_PREFIX).and_then(|key| STANDARD.decode(key).ok());
    let key = decoded.unwrap_or_else(|| secret.expose().as_bytes().to_vec());
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    for part in [id, ".", at, ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
