//! A database on a server of its own, behind a proxy.

use std::time::Duration;

use futures_util::future::join_all;
use mainstay_core::Clock;
use mainstay_db::{Database, DatabaseSettings, DatabaseUrl, DbError, DbErrorKind, Work, query};
use mainstay_servers::{ChaosProxy, Postgres, PostgresDatabase};

/// Long enough for everything that is expected to happen on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Site {
    pub(super) database: Database,
    pub(super) proxy: ChaosProxy,
    // Before the server it is on.
    _own: PostgresDatabase,
    pub(super) postgres: Postgres,
    pub(super) clock: Clock,
}

impl Site {
    pub(super) async fn new(change: impl FnOnce(&mut DatabaseSettings)) -> Self {
        let postgres = Postgres::start();
        let own = postgres.create_database();
        let proxy = ChaosProxy::start(postgres.address());
        let mut settings = DatabaseSettings::new(DatabaseUrl::parse(&own.url_by(proxy.address())).unwrap());
        change(&mut settings);
        let clock = Clock::system();
        let database = Database::open(&settings, &clock).await.unwrap();
        Self { database, proxy, _own: own, postgres, clock }
    }

    /// Uses the database as a request does.
    pub(super) async fn ask(&self) -> Result<(), DbError> {
        let mut read = self.database.read().await?;
        query("select 1").fetch_one(&mut read).await.map(drop)
    }

    /// Asks as the lane of health does, for as long as this is polled.
    pub(super) async fn probing(&self) {
        loop {
            let _ = self.database.probe().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Probes until a state is reached; says how long that took.
    pub(super) async fn until(&self, what: &str, mut reached: impl AsyncFnMut() -> bool) -> Duration {
        let begun = self.clock.now();
        let reach = async {
            while !reached().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = reach => {}
            () = self.probing() => {}
            () = tokio::time::sleep(PATIENCE) => panic!("not reached: {what}; {:?}", self.database.circuit()),
        }
        self.clock.now() - begun
    }

    /// Every permit is there, and every connection works.
    pub(super) async fn nothing_is_lost(&self) {
        self.until("all is given back", async || self.database.pool(Work::Web).in_use == 0).await;
        self.until("the circuit is closed", async || self.database.circuit().refuses_for.is_none()).await;
        let all = self.database.pool(Work::Web).max;
        let mut held = join_all((0..all).map(|_| self.database.read())).await;
        for read in &mut held {
            query("select 1").fetch_one(read.as_mut().unwrap()).await.unwrap();
        }
    }
}

/// What a caller of a database that is out may be told: nothing else becomes a 503.
pub(super) fn is_outage(kind: DbErrorKind) -> bool {
    use DbErrorKind::{CircuitOpen, PoolExhausted, TimedOut, Unreachable};
    matches!(kind, CircuitOpen | PoolExhausted | TimedOut | Unreachable)
}
