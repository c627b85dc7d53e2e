//! A bounded set of connections for one class of work.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_core::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Connection;
use crate::sqlite::{Driver, Options, Role};
use crate::{DbError, DbErrorKind};

/// A pool of its own for one class of work, so that another class cannot use it up.
pub(super) struct Lane {
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) max: u32,
    /// Longest wait for a connection.
    pub(super) wait: Duration,
    pub(super) statement_limit: Option<Duration>,
    pub(super) options: Options,
    pub(super) clock: Clock,
    /// Fair: first come, first served.
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Driver>>,
    open: AtomicUsize,
    closed: AtomicBool,
}

/// What a lane is made of.
pub(super) struct LaneParts {
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) max: u32,
    pub(super) wait: Duration,
    pub(super) statement_limit: Option<Duration>,
    pub(super) options: Options,
    pub(super) clock: Clock,
}

/// A connection on loan. Dropping gives it back, at any point of its work.
pub(super) struct Lease {
    pub(super) connection: Connection,
    lane: Arc<Lane>,
    _permit: OwnedSemaphorePermit,
}

/// How one pool of a database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// `read`, `write` or `probe`.
    pub name: &'static str,
    /// Connections that are open, idle ones included.
    pub size: usize,
    /// Connections on loan, or about to be opened for someone.
    pub in_use: usize,
    /// Most connections at once.
    pub max: usize,
}

impl Lane {
    pub(super) fn new(parts: LaneParts) -> Arc<Self> {
        let LaneParts { name, role, max, wait, statement_limit, options, clock } = parts;
        let max = max.max(1);
        let permits = usize::try_from(max).unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            name,
            role,
            max,
            wait,
            statement_limit,
            options,
            clock,
            permits: Arc::new(Semaphore::new(permits)),
            idle: Mutex::default(),
            open: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        })
    }

    /// Opens a connection ahead of need.
    pub(super) async fn warm(&self) -> Result<(), DbError> {
        let driver = self.connect().await?;
        self.idle().push(driver);
        Ok(())
    }

    /// Lends a connection that is ready for work.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, DbError> {
        let asked = self.clock.now();
        let lease = timeout(self.wait, self.lease_in_turn()).await;
        let waited = self.clock.now() - asked;
        metrics::histogram!("db_pool_wait_seconds", "pool" => self.name).record(waited);
        lease.unwrap_or_else(|_| Err(DbError::new(DbErrorKind::PoolExhausted)))
    }

    async fn lease_in_turn(self: &Arc<Self>) -> Result<Lease, DbError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(DbError::new(DbErrorKind::Closed));
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| DbError::new(DbErrorKind::Closed))?;
        // From here on a drop of this future gives back what it has.
        let mut lease = Lease::new(Arc::clone(self), permit);
        while let Some(driver) = self.unpark() {
            if lease.take_over(driver).await.is_ok() {
                return Ok(lease);
            }
        }
        let driver = self.connect().await?;
        lease.connection = Connection::new(Some(driver), self.statement_limit);
        Ok(lease)
    }

    async fn connect(&self) -> Result<Driver, DbError> {
        let driver = Driver::open(&self.options, self.role).await?;
        self.open.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("db_pool_size", "pool" => self.name).increment(1.0);
        Ok(driver)
    }

    /// Counts a connection that was closed.
    fn forget(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("db_pool_size", "pool" => self.name).decrement(1.0);
    }

    /// Lends nothing any more, waits for what is lent, closes all.
    ///
    /// # Cancel safety
    ///
    /// Can be called again; connections still on loan are closed when they come back.
    pub(super) async fn close(&self) -> Result<(), DbError> {
        self.closed.store(true, Ordering::Release);
        // Fair: those who asked before are served before. An error means that it was closed earlier.
        let all = self.permits.acquire_many(self.max).await;
        self.permits.close();
        drop(all);
        let drivers = std::mem::take(&mut *self.idle());
        for driver in drivers {
            self.forget();
            driver.close().await?;
        }
        Ok(())
    }

    /// Lends nothing any more, waits for nobody.
    pub(super) fn shut(&self) {
        self.closed.store(true, Ordering::Release);
        self.permits.close();
        let drivers = std::mem::take(&mut *self.idle());
        for driver in drivers {
            self.forget();
            drop(driver);
        }
    }

    pub(super) fn status(&self) -> PoolStatus {
        let max = usize::try_from(self.max).unwrap_or(usize::MAX);
        PoolStatus {
            name: self.name,
            size: self.open.load(Ordering::Relaxed),
            in_use: max.saturating_sub(self.permits.available_permits()),
            max,
        }
    }

    fn unpark(&self) -> Option<Driver> {
        self.idle().pop()
    }

    fn park(&self, driver: Driver) {
        let mut idle = self.idle();
        if self.closed.load(Ordering::Acquire) && self.permits.is_closed() {
            drop(idle);
            self.forget();
        } else {
            idle.push(driver);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Driver>> {
        // A list of idle connections: a panic elsewhere cannot leave it half written.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    fn new(lane: Arc<Lane>, permit: OwnedSemaphorePermit) -> Self {
        metrics::gauge!("db_pool_in_use", "pool" => lane.name).increment(1.0);
        Self { connection: Connection::new(None, None), lane, _permit: permit }
    }

    /// Takes a parked connection over; one that was abandoned is waited for.
    async fn take_over(&mut self, driver: Driver) -> Result<(), DbError> {
        self.connection = Connection::new(Some(driver), self.lane.statement_limit);
        let recovered = self.connection.recover().await;
        if recovered.is_err() {
            // Its thread has died: another connection is opened in its place.
            self.connection = Connection::new(None, None);
            self.lane.forget();
        }
        recovered
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        metrics::gauge!("db_pool_in_use", "pool" => self.lane.name).decrement(1.0);
        if let Some(driver) = self.connection.take() {
            // Before the permit, so that whoever gets it finds the connection.
            self.lane.park(driver);
        }
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("connection", &self.connection).finish_non_exhaustive()
    }
}
