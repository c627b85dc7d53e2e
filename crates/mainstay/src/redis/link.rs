//! The one connection to Redis.
//!
//! All calls share a connection, which one task keeps: it connects, asks now and then whether Redis still answers, and
//! connects anew when it does not, after growing waits. A call never connects and never waits for that:
//!
//! | the link | a call |
//! |---|---|
//! | has no connection | fails at once |
//! | has one, and the breaker is open | fails at once |
//! | has one, and 256 calls are under way | waits for its turn, within its time; fails at once when 4,096 wait already |
//! | has one | is sent; fails when the answer is not there in its time |
//!
//! The certificate of a `rediss:` address is verified by the system's authorities, or by those of `REDIS_CA_FILE` alone.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mainstay_core::{Chain, Clock, Shutdown};
use mainstay_resilience::{
    Backoff, Breaker, BreakerSettings, BreakerState, Bulkhead, Full, Outcome, Transition,
};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, TlsCertificates};
use tokio::sync::Notify;

use super::RedisUrl;

/// How long connecting may take, TLS and password included, and a question whether it still answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// The waits between attempts to connect.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));

/// The name in metrics and logs.
const NAME: &str = "redis";

/// How many calls are under way at once. Redis does one after the other: more would only queue there.
const AT_ONCE: usize = 256;

/// How many wait for their turn. Each of them waits as long as a request may, and no longer.
const MOST_WAITING: usize = 4_096;

/// How a certificate begins in a file.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Redis is quick or it is out: the breaker opens soon, and tries again soon.
const BREAKER: BreakerSettings = BreakerSettings {
    window: Duration::from_secs(2),
    least_calls: 5,
    failure_percent: 50,
    slow_percent: 100,
    slow_call: Duration::from_secs(1),
    open_for: Duration::from_millis(500),
    open_for_most: Duration::from_secs(4),
};

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The URL cannot be used.
    #[error("the URL of Redis cannot be used")]
    Url(#[source] RedisError),
    /// The file with the authorities cannot be read.
    #[error("the certificates in {} cannot be read", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file with the authorities holds none.
    #[error("{} holds no certificate of an authority", path.display())]
    NoAuthority {
        /// The file.
        path: PathBuf,
        /// What the library said, where it found a certificate at all.
        source: Option<RedisError>,
    },
    /// There is no connection.
    #[error("there is no connection to Redis")]
    Down,
    /// The breaker is open.
    #[error("Redis has failed too often just now")]
    Open,
    /// Too many other calls are under way.
    #[error("too many calls to Redis are under way")]
    Full(#[from] Full),
    /// The answer was not there in its time.
    #[error("Redis did not answer in time")]
    Late,
    /// Redis said that it cannot, or the connection broke.
    #[error("Redis failed")]
    Failed(#[source] RedisError),
}

/// The connection to Redis. Clones share it.
#[derive(Clone)]
pub struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    clock: Clock,
    breaker: Breaker,
    places: Bulkhead,
    connection: RwLock<Option<MultiplexedConnection>>,
    lost: Notify,
}

impl Link {
    /// A link that is not connected yet: [`Link::keep`] connects it. By TLS, only the authorities in `ca_file` are
    /// believed, if there is one; else those of the system.
    ///
    /// # Errors
    ///
    /// [`LinkError::Url`], [`LinkError::CaFile`], [`LinkError::NoAuthority`].
    pub fn new(url: &RedisUrl, ca_file: Option<&Path>, clock: &Clock) -> Result<Self, LinkError> {
        let shared = Shared {
            client: client(url, ca_file)?,
            clock: clock.clone(),
            breaker: Breaker::new(BREAKER, clock, report),
            places: Bulkhead::new(AT_ONCE, MOST_WAITING),
            connection: RwLock::new(None),
            lost: Notify::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Calls Redis, for this long at most.
    ///
    /// # Errors
    ///
    /// See [`LinkError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped half way, the call may or may not reach Redis.
    pub async fn call<T, F>(
        &self,
        limit: Duration,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, LinkError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let Shared { breaker, places, clock, .. } = &*self.shared;
        let until = clock.now() + limit;
        let connection = self.connection().ok_or(LinkError::Down)?;
        let permit = breaker.admit().map_err(|_| LinkError::Open)?;
        // In vain: that is our own load, and no failure of Redis.
        let _place = places.enter(limit).await?;
        match tokio::time::timeout_at(until, work(connection)).await {
            Ok(Ok(answer)) => {
                permit.settle(Outcome::Success);
                Ok(answer)
            }
            Ok(Err(error)) => {
                permit.settle(Outcome::Failure);
                if error.is_unrecoverable_error() {
                    self.lose();
                }
                Err(LinkError::Failed(error))
            }
            Err(_) => {
                permit.settle(Outcome::Failure);
                Err(LinkError::Late)
            }
        }
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    ///
    /// See [`LinkError`].
    pub async fn ping(&self) -> Result<(), LinkError> {
        let mut connection = self.connection().ok_or(LinkError::Down)?;
        ping(&mut connection).await
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.connection().is_some()
    }

    /// Keeps the connection until the process stops.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped; the link stays as it is then.
    pub async fn keep(&self, shutdown: &Shutdown) {
        let mut failures = 0;
        while !shutdown.has_begun() {
            let (wait, result) = match self.connection() {
                Some(mut connection) => (INTERVAL, ping(&mut connection).await),
                None => match self.connect().await {
                    Ok(()) => (INTERVAL, Ok(())),
                    Err(error) => (BACKOFF.around(failures), Err(error)),
                },
            };
            // Not at each change: two that come at once might show in the wrong order, and stay so. Without a connection,
            // calls are refused as by an open breaker.
            let state = match &result {
                Ok(()) => self.shared.breaker.snapshot().state,
                Err(_) => BreakerState::Open,
            };
            metrics::gauge!("breaker_state", "dependency" => NAME).set(state.level());
            match result {
                Ok(()) if failures > 0 => {
                    tracing::info!("Redis answers again");
                    failures = 0;
                }
                Ok(()) => {}
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(error = %Chain(&error), "Redis does not answer");
                    }
                    failures = failures.saturating_add(1);
                    self.forget();
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.shared.lost.notified() => {}
                () = shutdown.begun() => {}
            }
        }
    }

    pub(super) async fn connect(&self) -> Result<(), LinkError> {
        // Our own limits hold: each caller brings the time that it has.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connecting = self.shared.client.get_multiplexed_async_connection_with_config(&config);
        let connected = tokio::time::timeout(PATIENCE, connecting).await.map_err(|_| LinkError::Late)?;
        let mut connection = connected.map_err(LinkError::Failed)?;
        ping(&mut connection).await?;
        *self.shared.connection.write().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(())
    }

    /// Has a broken connection replaced at once.
    fn lose(&self) {
        self.forget();
        self.shared.lost.notify_one();
    }

    fn forget(&self) {
        *self.shared.connection.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        // A handle that is replaced whole: a panic elsewhere cannot tear it.
        self.shared.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What connects.
///
/// # Errors
///
/// As [`Link::new`].
pub(super) fn client(url: &RedisUrl, ca_file: Option<&Path>) -> Result<Client, LinkError> {
    let Some(path) = ca_file else { return Client::open(url.expose()).map_err(LinkError::Url) };
    let failed = |source| LinkError::CaFile { path: path.to_owned(), source };
    let authorities = std::fs::read(path).map_err(failed)?;
    // The URL is judged by itself first, so that what comes of both together is the file's fault.
    Client::open(url.expose()).map_err(LinkError::Url)?;
    let nobody = |source| LinkError::NoAuthority { path: path.to_owned(), source };
    if !authorities.windows(CERTIFICATE.len()).any(|part| part == CERTIFICATE) {
        return Err(nobody(None));
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(authorities) };
    Client::build_with_tls(url.expose(), certificates).map_err(|error| nobody(Some(error)))
}

/// Called by the breaker outside of its lock, once for each change.
fn report(change: Transition) {
    let (from, to) = (change.from.as_str(), change.to.as_str());
    metrics::counter!("breaker_transitions_total", "dependency" => NAME, "to" => to).increment(1);
    tracing::warn!(dependency = NAME, from, to, "the breaker of Redis has changed its state");
}

async fn ping(connection: &mut MultiplexedConnection) -> Result<(), LinkError> {
    let asked = tokio::time::timeout(PATIENCE, redis::cmd("PING").query_async::<()>(connection)).await;
    asked.map_err(|_| LinkError::Late)?.map_err(LinkError::Failed)
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("is_connected", &self.is_connected()).finish_non_exhaustive()
    }
}
