//! One request and its answer, from the first byte to the last.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use mainstay_core::{Clock, random};
use tokio::time::Instant;
use uuid::Uuid;

use crate::accept::{HeadTooLarge, Peer};
use crate::controls::client::{Scheme, Seen, TrustedProxies};
use crate::controls::csrf::TokenDesk;
use crate::controls::headers::NonceSlot;
use crate::controls::host::{self, Host};
use crate::controls::{Control, ControlSet};
use crate::identity::{ApiTokenId, How, Identity, UserId};
use crate::limits::{Met, Receipt, Shown};
use crate::refusal::Format;
use crate::routes::{RouteTable, Row};
use crate::{ErrorCode, Refusal};

/// The longest id of a client's own that is kept, in bytes.
const MAX_CLIENT_ID_BYTES: usize = 128;

/// The id of a request: a UUID of version 7, always ours.
pub type RequestId = Uuid;

/// What is known of a request beyond its head, and what its answer must prove.
///
/// Handlers take it as an extractor; clones share one exchange.
#[derive(Clone)]
pub struct Exchange {
    inner: Arc<Inner>,
}

struct Inner {
    table: RouteTable,
    request_id: RequestId,
    client_request_id: Option<String>,
    received: Instant,
    received_at: Timestamp,
    client: IpAddr,
    scheme: Scheme,
    host: Result<Option<Host>, Refusal>,
    method: Method,
    path: String,
    user_agent: Option<HeaderValue>,
    format: Format,
    row: OnceLock<Arc<Row>>,
    deadline: OnceLock<Instant>,
    stamps: AtomicU32,
    nonce: NonceSlot,
    tokens: TokenDesk,
    /// The limits that the request met, by address and by identity.
    met: [OnceLock<Shown>; 2],
    /// Who asks, once that is known: the user, the token, or both.
    caller: OnceLock<(Option<UserId>, Option<ApiTokenId>)>,
    claimed: AtomicBool,
    personal: AtomicBool,
}

impl Exchange {
    /// Opens an exchange: whatever is decided once a request is decided here.
    pub(crate) fn open(
        head: &Parts,
        peer: &Peer,
        table: RouteTable,
        proxies: &TrustedProxies,
        clock: &Clock,
    ) -> Self {
        let (client, scheme, host) = whence(head, peer, proxies);
        // What is too long to be taken goes no further, like what is ambiguous.
        let host = match head.extensions.get::<HeadTooLarge>() {
            Some(_) => Err(ErrorCode::HeadersTooLarge.into()),
            None => host,
        };
        // Not a clone: that would hold the whole buffer that the head was read into, for as long as the answer lasts.
        let user_agent = head.headers.get(header::USER_AGENT);
        let user_agent = user_agent.and_then(|agent| HeaderValue::from_bytes(agent.as_bytes()).ok());
        let inner = Inner {
            table,
            request_id: random::uuid(clock),
            client_request_id: client_request_id(&head.headers),
            received: clock.now(),
            received_at: clock.timestamp(),
            client,
            scheme,
            host,
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            user_agent,
            format: Format::of(&head.headers),
            row: OnceLock::new(),
            deadline: OnceLock::new(),
            stamps: AtomicU32::new(0),
            nonce: NonceSlot::default(),
            tokens: TokenDesk::default(),
            met: Default::default(),
            caller: OnceLock::new(),
            claimed: AtomicBool::new(false),
            personal: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The request's id, as in `X-Request-ID`, in every refusal and on every log line.
    pub fn request_id(&self) -> RequestId {
        self.inner.request_id
    }

    /// The client's own id for the request, where it sent one that is short and plain.
    pub fn client_request_id(&self) -> Option<&str> {
        self.inner.client_request_id.as_deref()
    }

    /// The client's address, past trusted proxies.
    pub fn client(&self) -> IpAddr {
        self.inner.client
    }

    /// How the client reached the outermost trusted proxy, or us.
    pub fn scheme(&self) -> Scheme {
        self.inner.scheme
    }

    /// The host that the client asked for, past trusted proxies.
    pub fn host(&self) -> Option<&Host> {
        self.inner.host.as_ref().ok()?.as_ref()
    }

    /// All routes of the service that answers.
    pub fn table(&self) -> &RouteTable {
        &self.inner.table
    }

    /// When the request's head had arrived.
    pub fn received(&self) -> Instant {
        self.inner.received
    }

    /// When the request's head had arrived, in UTC.
    pub fn received_at(&self) -> Timestamp {
        self.inner.received_at
    }

    /// When the handler must have answered; calls to other services should not wait beyond it.
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.deadline.get().copied()
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.inner.method
    }

    /// The path as sent, without the query string.
    pub(crate) fn path(&self) -> &str {
        &self.inner.path
    }

    pub(crate) fn user_agent(&self) -> Option<&str> {
        self.inner.user_agent.as_ref()?.to_str().ok()
    }

    pub(crate) fn format(&self) -> Format {
        self.inner.format
    }

    /// Why the request cannot be routed at all.
    pub(crate) fn ambiguity(&self) -> Option<Refusal> {
        self.inner.host.as_ref().err().cloned()
    }

    /// Binds the exchange to its route. Only the first binding counts.
    pub(crate) fn enter(&self, row: &Arc<Row>) {
        if self.inner.row.set(Arc::clone(row)).is_ok() {
            row.meter.enter();
        }
    }

    /// The route, once a guard was reached.
    pub(crate) fn row(&self) -> Option<&Row> {
        self.inner.row.get().map(|row| &**row)
    }

    pub(crate) fn set_deadline(&self, deadline: Instant) {
        let _ = self.inner.deadline.set(deadline);
    }

    /// The nonce of the answer, if anybody asks for one.
    pub(crate) fn nonce_slot(&self) -> &NonceSlot {
        &self.inner.nonce
    }

    /// Where tokens for forms are handed out.
    pub(crate) fn token_desk(&self) -> &TokenDesk {
        &self.inner.tokens
    }

    /// Keeps what a limit says of itself for the answer, and gives what it decided.
    pub(crate) fn meet(&self, met: Met) -> Result<Option<Receipt>, Refusal> {
        if let Some(shown) = met.shown {
            let [address, identity] = &self.inner.met;
            let _ = address.set(shown).or_else(|shown| identity.set(shown));
        }
        met.result
    }

    /// The tightest limit that the request met.
    pub(crate) fn limit(&self) -> Option<&Shown> {
        let [address, identity] = &self.inner.met;
        address.get().map(|shown| shown.tighter(identity.get()))
    }

    /// Notes who asks, for the access line.
    pub(crate) fn name_caller(&self, identity: &Identity) {
        let token = match identity.how {
            How::Token(token) => Some(token),
            How::Session => None,
        };
        let _ = self.inner.caller.set((identity.user, token));
    }

    /// The user who asks and the token that they ask with, as far as that is known.
    pub(crate) fn caller(&self) -> (Option<UserId>, Option<ApiTokenId>) {
        self.inner.caller.get().copied().unwrap_or_default()
    }

    /// Notes that the request claims to be somebody's, whether or not that could be judged.
    pub(crate) fn mark_claimed(&self) {
        self.inner.claimed.store(true, Ordering::Relaxed);
    }

    /// Whether the request claims to be somebody's.
    pub(crate) fn has_claim(&self) -> bool {
        self.inner.claimed.load(Ordering::Relaxed)
    }

    /// Notes that the handler looked at who the caller is: its answer is for nobody else.
    pub(crate) fn mark_personal(&self) {
        self.inner.personal.store(true, Ordering::Relaxed);
    }

    /// Whether the answer is for this caller only, as far as the handler showed.
    pub(crate) fn is_personal(&self) -> bool {
        self.inner.personal.load(Ordering::Relaxed) || self.inner.nonce.used().is_some()
    }

    /// Leaves the stamp of a control that ran.
    pub(crate) fn stamp(&self, control: Control) {
        let stamp = ControlSet::default().with(control);
        self.inner.stamps.fetch_or(stamp.bits(), Ordering::Relaxed);
    }

    /// The controls that ran.
    pub(crate) fn stamps(&self) -> ControlSet {
        ControlSet::from_bits(self.inner.stamps.load(Ordering::Relaxed))
    }
}

/// Who the client is, how it came, and which host it asked for. What makes that ambiguous is a refusal.
fn whence(
    head: &Parts,
    peer: &Peer,
    proxies: &TrustedProxies,
) -> (IpAddr, Scheme, Result<Option<Host>, Refusal>) {
    let own = host::resolve(head);
    match proxies.resolve(Some(peer.address.ip()), &head.headers) {
        Ok(Seen { client, scheme, host: None }) => (client, scheme, own),
        Ok(Seen { client, scheme, host: Some(text) }) => {
            // A request that is ambiguous by itself stays so, whatever a proxy says of it.
            (client, scheme, own.and_then(|_| host::read(&text).map(Some)))
        }
        Err(refusal) => (peer.address.ip().to_canonical(), Scheme::Http, own.and(Err(refusal))),
    }
}

/// A client's own id is kept for the log only, and only while it cannot do harm there.
fn client_request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-request-id")?.to_str().ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte));
    (plain && !text.is_empty() && text.len() <= MAX_CLIENT_ID_BYTES).then(|| text.to_owned())
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("request_id", &self.inner.request_id).finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequestParts<S> for Exchange {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Refusal::new(ErrorCode::InternalError).because(Unguarded))
    }
}

/// A handler was reached without the edge in front of it.
#[derive(Debug, thiserror::Error)]
#[error("the request did not come through the edge")]
pub(crate) struct Unguarded;
