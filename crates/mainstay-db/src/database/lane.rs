//! A bounded set of connections for one class of work.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Tasks};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use super::Connection;
use super::circuit::Circuit;
use super::gate::{Gate, NoEntry, Permit};
use super::parked::{Idle, Parked};
use super::watch::{Watch, Watched};
use crate::driver::{Connector, Driver, Role};
use crate::work::Scope;
use crate::{DbError, DbErrorKind, Work};

/// Longest wait for a connection that is being opened, or made good again before its next use.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Longest wait of a task for a connection that is given back amid its work. Later, it is closed.
const RETURN_LIMIT: Duration = Duration::from_secs(2);

/// Longest wait for the farewell of a connection that is closed.
const FAREWELL_LIMIT: Duration = Duration::from_secs(1);

/// A pool of its own for one class of work, so that another class cannot use it up.
pub(super) struct Lane {
    pub(super) name: &'static str,
    pub(super) max: u32,
    /// Longest wait for a connection.
    pub(super) wait: Duration,
    role: Role,
    recycle: Duration,
    statement_limit: Duration,
    connector: Connector,
    clock: Clock,
    tasks: Tasks,
    circuit: Circuit,
    work: Work,
    gate: Arc<Gate>,
    idle: Idle,
    watch: Watch,
    open: AtomicUsize,
    is_closed: AtomicBool,
    /// Whether the idle connections were closed: what comes back now is closed too.
    is_emptied: AtomicBool,
}

/// What a lane is made of.
pub(super) struct LaneParts {
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) max: u32,
    pub(super) wait: Duration,
    pub(super) recycle: Duration,
    pub(super) statement_limit: Duration,
    pub(super) connector: Connector,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) circuit: Circuit,
    /// What the breaker takes its uses for.
    pub(super) work: Work,
}

/// A connection on loan. Dropping gives it back, at any point of its work.
pub(super) struct Lease {
    pub(super) connection: Connection,
    lane: Arc<Lane>,
    opened: Instant,
    /// Gone only when it went over to a task that makes the connection good again.
    permit: Option<(Permit, Watched)>,
}

/// How one pool of a database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// The class of work: `web`, `slow`, `background`, `control` or `health`; and `writer` for the one connection
    /// of SQLite that writes for all of them.
    pub name: &'static str,
    /// Connections that are open, idle ones included.
    pub size: usize,
    /// Connections on loan, about to be opened for someone, or about to be made good after a loan.
    pub in_use: usize,
    /// Callers that wait for one.
    pub waiting: usize,
    /// Most connections at once.
    pub max: usize,
}

impl Lane {
    pub(super) fn new(parts: LaneParts) -> Arc<Self> {
        let LaneParts {
            name,
            role,
            max,
            wait,
            recycle,
            statement_limit,
            connector,
            clock,
            tasks,
            circuit,
            work,
        } = parts;
        let max = max.max(1);
        Arc::new(Self {
            name,
            max,
            wait,
            role,
            recycle,
            statement_limit,
            connector,
            clock,
            tasks,
            circuit,
            work,
            gate: Gate::new(usize::try_from(max).unwrap_or(usize::MAX)),
            idle: Idle::default(),
            watch: Watch::default(),
            open: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            is_emptied: AtomicBool::new(false),
        })
    }

    /// Opens a connection ahead of need.
    pub(super) async fn warm(&self) -> Result<(), DbError> {
        let driver = self.connect(CONNECT_LIMIT).await?;
        let now = self.clock.now();
        self.idle.push(Parked { driver, opened: now, since: now });
        Ok(())
    }

    /// Lends a connection that is ready for work.
    pub(super) async fn lease(self: &Arc<Self>, scope: Scope, in_a_hurry: bool) -> Result<Lease, DbError> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(DbError::new(DbErrorKind::Closed));
        }
        let mut call = self.circuit.admit(self.work)?;
        let lease = call.unless_it_stands_still(pin!(self.lease_in_turn(scope, in_a_hurry))).await;
        match lease {
            Ok(mut lease) => {
                lease.connection.observe(call);
                Ok(lease)
            }
            Err(error) => {
                call.note_refused(&error);
                Err(error)
            }
        }
    }

    async fn lease_in_turn(self: &Arc<Self>, scope: Scope, in_a_hurry: bool) -> Result<Lease, DbError> {
        let asked = self.clock.now();
        let patience = remaining(scope, asked).map_or(self.wait, |left| left.min(self.wait));
        let permit = timeout(patience, self.gate.enter(in_a_hurry)).await;
        let now = self.clock.now();
        metrics::histogram!("db_pool_wait_seconds", "pool" => self.name).record(now - asked);
        let permit = match permit {
            Ok(Ok(permit)) => permit,
            Ok(Err(NoEntry::Closed)) => return Err(DbError::new(DbErrorKind::Closed)),
            Ok(Err(NoEntry::Crowded)) => return Err(DbError::new(DbErrorKind::PoolExhausted)),
            Err(_) => {
                self.look_for_lost_permits();
                return Err(DbError::new(DbErrorKind::PoolExhausted));
            }
        };
        // From here on a drop of this future gives back what it has.
        let mut lease = Lease::new(Arc::clone(self), permit, now);
        let limit = remaining(scope, now).map_or(CONNECT_LIMIT, |left| left.min(CONNECT_LIMIT));
        while let Some(parked) = self.unpark() {
            if lease.take_over(parked, scope, limit).await.is_ok() {
                return Ok(lease);
            }
        }
        let driver = self.connect(limit).await?;
        lease.opened = self.clock.now();
        lease.connection = self.connection(driver, scope);
        Ok(lease)
    }

    fn connection(&self, driver: Driver, scope: Scope) -> Connection {
        let dialect = self.connector.dialect();
        Connection::new(dialect, Some(driver), self.statement_limit, scope.deadline(), self.clock.clone())
    }

    /// What stands in for the connection of a lease that has none, or none any more.
    fn connection_of_nobody(&self) -> Connection {
        Connection::new(self.connector.dialect(), None, self.statement_limit, None, self.clock.clone())
    }

    async fn connect(&self, limit: Duration) -> Result<Driver, DbError> {
        let driver = self.open_apart(limit).await?;
        self.open.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("db_pool_size", "pool" => self.name).increment(1.0);
        Ok(driver)
    }

    /// Opens a connection that does not belong to the pool.
    pub(super) async fn open_apart(&self, limit: Duration) -> Result<Driver, DbError> {
        // Boxed: it is large, it is rare, and every use of the database would carry room for it.
        let opened = timeout(limit, Box::pin(self.connector.open(self.role))).await;
        opened.unwrap_or_else(|_| {
            let silent =
                std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer to the greeting in time");
            Err(DbError::new(DbErrorKind::Unreachable).because(silent))
        })
    }

    /// Counts a connection that was closed.
    fn forget(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("db_pool_size", "pool" => self.name).decrement(1.0);
    }

    /// Closes a connection without waiting for it.
    fn retire(&self, driver: Driver) {
        self.forget();
        // Outside a runtime it is dropped: the other side notices without a farewell.
        if Handle::try_current().is_ok() {
            drop(self.tasks.spawn("database farewell", timeout(FAREWELL_LIMIT, driver.close())));
        }
    }

    /// Lends nothing any more, waits for what is lent, closes all.
    ///
    /// # Cancel safety
    ///
    /// Can be called again; connections still on loan are closed when they come back.
    pub(super) async fn close(&self) -> Result<(), DbError> {
        self.is_closed.store(true, Ordering::Release);
        // Those who asked before are served before.
        self.gate.close(false);
        self.gate.empty().await;
        self.is_emptied.store(true, Ordering::Release);
        let parked = self.idle.take_all();
        for Parked { driver, .. } in parked {
            self.forget();
            driver.close().await?;
        }
        Ok(())
    }

    /// Lends nothing any more, waits for nobody.
    pub(super) fn shut(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.gate.close(true);
        self.is_emptied.store(true, Ordering::Release);
        let parked = self.idle.take_all();
        for Parked { driver, .. } in parked {
            self.forget();
            drop(driver);
        }
    }

    pub(super) fn status(&self) -> PoolStatus {
        PoolStatus {
            name: self.name,
            size: self.open.load(Ordering::Relaxed),
            in_use: self.gate.in_use(),
            waiting: self.gate.waiting(),
            max: usize::try_from(self.max).unwrap_or(usize::MAX),
        }
    }

    /// A permit that is out while no lease knows of it would be out for ever: they are counted apart, and compared
    /// whenever somebody waited in vain.
    fn look_for_lost_permits(&self) {
        let lost = self.watch.look(&self.gate, self.clock.now());
        if lost > 0 {
            metrics::counter!("db_pool_permits_lost_total", "pool" => self.name).increment(lost as u64);
            tracing::error!(pool = self.name, lost, "permits of a pool were lost, and were made anew");
        }
    }

    fn unpark(&self) -> Option<Parked> {
        let now = self.clock.now();
        loop {
            let parked = self.idle.pop()?;
            if now - parked.opened < self.recycle {
                return Some(parked);
            }
            self.retire(parked.driver);
        }
    }

    fn park(&self, driver: Driver, opened: Instant) {
        let now = self.clock.now();
        if self.is_emptied.load(Ordering::Acquire) {
            self.retire(driver);
            return;
        }
        self.idle.push(Parked { driver, opened, since: now });
        for expired in self.idle.take_older_than(self.recycle, now) {
            self.retire(expired.driver);
        }
    }

    /// Gives a connection back whose last statement may still run, or whose transaction is open.
    fn take_back(self: &Arc<Self>, mut driver: Driver, opened: Instant, permit: (Permit, Watched)) {
        driver.abandon();
        if !driver.recovers_apart() {
            self.park(driver, opened);
            return;
        }
        if Handle::try_current().is_err() {
            self.retire(driver);
            return;
        }
        // The permit goes along: until the connection is good again or closed, nobody opens one in its place.
        let lane = Arc::clone(self);
        let recovery = async move {
            match timeout(RETURN_LIMIT, driver.recover()).await {
                Ok(Ok(())) => lane.park(driver, opened),
                _ => lane.retire(driver),
            }
            drop(permit);
        };
        drop(self.tasks.spawn("database return", recovery));
    }
}

/// How long somebody waits yet, as the scope of the call has it.
fn remaining(scope: Scope, now: Instant) -> Option<Duration> {
    scope.deadline().map(|deadline| deadline.saturating_duration_since(now))
}

impl Lease {
    fn new(lane: Arc<Lane>, permit: Permit, opened: Instant) -> Self {
        metrics::gauge!("db_pool_in_use", "pool" => lane.name).increment(1.0);
        let connection = lane.connection_of_nobody();
        let watched = lane.watch.lease();
        Self { connection, lane, opened, permit: Some((permit, watched)) }
    }

    /// Closes the connection; the permit goes back.
    pub(super) fn discard(mut self) {
        let empty = self.lane.connection_of_nobody();
        if let Some(driver) = std::mem::replace(&mut self.connection, empty).into_driver() {
            self.lane.retire(driver);
        }
    }

    /// Takes a parked connection over; one that was abandoned is waited for, one that lay for long is looked at.
    async fn take_over(&mut self, parked: Parked, scope: Scope, limit: Duration) -> Result<(), DbError> {
        let Parked { driver, opened, since } = parked;
        let idle = self.lane.clock.now() - since;
        self.opened = opened;
        self.connection = self.lane.connection(driver, scope);
        let ready = timeout(limit, self.connection.make_ready(idle)).await;
        let ready = ready.unwrap_or_else(|_| Err(DbError::new(DbErrorKind::Unreachable)));
        if ready.is_err() {
            // It is gone, and so, most likely, are those that lay as long.
            let empty = self.lane.connection_of_nobody();
            if let Some(driver) = std::mem::replace(&mut self.connection, empty).into_driver() {
                self.lane.retire(driver);
            }
            for stale in self.lane.idle.take_unused_since(since) {
                self.lane.retire(stale.driver);
            }
        }
        ready
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        metrics::gauge!("db_pool_in_use", "pool" => self.lane.name).decrement(1.0);
        let empty = self.lane.connection_of_nobody();
        let connection = std::mem::replace(&mut self.connection, empty);
        let is_clean = connection.is_clean();
        // Before the permit, so that whoever gets it finds the connection.
        match (connection.into_driver(), self.permit.take()) {
            (Some(driver), Some(permit)) if !is_clean => self.lane.take_back(driver, self.opened, permit),
            (Some(driver), permit) => {
                self.lane.park(driver, self.opened);
                drop(permit);
            }
            (None, permit) => drop(permit),
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
