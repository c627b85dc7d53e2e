//! A small service on a PostgreSQL of its own, behind a proxy.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use mainstay::life::App;
use mainstay::{BuildError, Control, Json, Refusal, Routes, Service};
use mainstay_core::Clock;
use mainstay_db::{Database, Migrations, Work, query};
use mainstay_testkit::servers::{ChaosProxy, Postgres, PostgresDatabase};
use mainstay_testkit::{Answer, Client, TestService};
use tokio::sync::{Notify, OnceCell};

/// Long enough for everything that is expected to happen on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads, writes, and holds a connection until it is told to let go.
#[derive(Clone, Default)]
pub(super) struct Small {
    database: Arc<OnceCell<Database>>,
    pub(super) let_go: Arc<Notify>,
}

const WHY: &str = "the tests ask without an account";

impl Service for Small {
    const NAME: &'static str = "small";
    const VERSION: &'static str = "0.0.1";
    const ABOUT: &'static str = "A service for tests.";
    type Settings = ();
    type State = Self;

    fn routes(&self) -> Routes<Self> {
        let open = |routes: Routes<Self>| {
            routes.public().waive(Control::Session, WHY).waive(Control::AddressLimit, WHY)
        };
        let routes = open(Routes::new().get("/read", read));
        let routes = open(routes.get("/list", read)).stale(Duration::from_mins(5));
        let routes = open(routes.post("/write", write)).waive(Control::Csrf, WHY).read_only();
        open(routes.get("/hold", hold))
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    async fn build(&self, app: &mut App<()>) -> Result<Self, BuildError> {
        let _ = self.database.set(app.database().clone());
        Ok(self.clone())
    }
}

impl Small {
    fn database(&self) -> &Database {
        self.database.get().expect("it was built")
    }
}

async fn read(State(small): State<Small>) -> Result<Json<i64>, Refusal> {
    let mut read = small.database().read().await?;
    Ok(Json(query("select 42::bigint").fetch_one(&mut read).await?.get(0)?))
}

async fn write(State(small): State<Small>) -> Result<Json<u64>, Refusal> {
    let mut write = small.database().write().await?;
    let changed = query("create table if not exists written (a int)").execute(&mut write).await?;
    write.commit().await?;
    Ok(Json(changed))
}

async fn hold(State(small): State<Small>) -> Result<Json<()>, Refusal> {
    let held = small.database().read().await?;
    small.let_go.notified().await;
    drop(held);
    Ok(Json(()))
}

pub(super) struct Site {
    pub(super) service: TestService<Small>,
    pub(super) small: Small,
    pub(super) proxy: ChaosProxy,
    // Before the server it is on.
    _own: PostgresDatabase,
    pub(super) postgres: Postgres,
    pub(super) clock: Clock,
}

impl Site {
    pub(super) async fn new(postgres: Postgres, settings: &[(&str, &str)]) -> Self {
        let own = postgres.create_database();
        let proxy = ChaosProxy::start(postgres.address());
        let url = own.url_by(proxy.address());
        let small = Small::default();
        let settings: Vec<_> =
            [("DATABASE_URL", url.as_str())].into_iter().chain(settings.iter().copied()).collect();
        let service = TestService::start(small.clone(), &settings).await;
        Self { service, small, proxy, _own: own, postgres, clock: Clock::system() }
    }

    pub(super) fn client(&self) -> Client {
        self.service.client()
    }

    pub(super) fn database(&self) -> &Database {
        self.small.database()
    }

    /// Waits until a state is reached; says how long that took.
    pub(super) async fn until(&self, what: &str, mut reached: impl AsyncFnMut() -> bool) -> Duration {
        let begun = self.clock.now();
        while !reached().await {
            let circuit = self.database().circuit();
            assert!(self.clock.now() - begun < PATIENCE, "not reached: {what}; {circuit:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.clock.now() - begun
    }

    pub(super) async fn until_ready(&self) -> Duration {
        self.until("ready", async || self.client().get("/health/ready").await.status == 200).await
    }

    /// Everything works again, and no permit was lost.
    pub(super) async fn proves_whole(self) {
        self.until("reading", async || self.client().get("/read").await.status == 200).await;
        self.until("closed", async || self.database().circuit().refuses_for.is_none()).await;
        assert_eq!(self.client().post("/write", &().into()).await.status, 200);
        self.until("all given back", async || self.database().pool(Work::Web).in_use == 0).await;
        self.service.stop().await;
    }
}

/// Asserts what every answer must be while the database is out: a 503 with a code and a time to come back.
pub(super) fn assert_honest(answer: &Answer) {
    // The last one: answers that take long are a reason to take on less.
    const CODES: [&str; 5] =
        ["pool_exhausted", "database_unavailable", "query_timeout", "circuit_open", "overloaded"];
    if answer.status == 200 {
        return;
    }
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(CODES.contains(&answer.code().as_str()), "{}", answer.text());
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=90).contains(&wait), "{wait}");
}
