//! The suite of sessions.

mod browser;
mod config;
mod cookies;
mod explore;
mod flows;
mod follow;
mod last_seen;
mod outage;
mod over;
mod races;
mod revocation;
mod saving;
mod store;
mod stores;
mod surplus;
mod tokens;
mod values;

use std::sync::Arc;

use mainstay_core::{Clock, ManualClock, Secret, Tasks, random};
use mainstay_db::{Database, DatabaseSettings, DatabaseUrl, MigratedBy};
use mainstay_servers::TestDatabase;

use super::{
    CacheKind, MemoryStore, SessionCookie, SessionParts, SessionSettings, SessionStore, Sessions, TokenId,
    UserId, token::Token,
};
use crate::keys::Keys;
use crate::telemetry::metrics::Metrics;
use browser::Browser;
use store::Probed;

/// A service with sessions in memory, and what a test may look at.
struct World {
    sessions: Sessions,
    /// A second instance on the same store, which caches nothing.
    uncached: Sessions,
    store: Arc<Probed>,
    hands: ManualClock,
    clock: Clock,
    metrics: Metrics,
}

impl World {
    fn new() -> Self {
        Self::with(Probed::new(Arc::new(MemoryStore::new(10_000))))
    }

    fn with(store: Probed) -> Self {
        let (clock, hands) = Clock::manual();
        let (store, metrics) = (Arc::new(store), Metrics::new());
        let keys = keys("current", &[]);
        let sessions = node(&keys, CacheKind::Memory, store.clone(), &clock, &metrics);
        let uncached = node(&keys, CacheKind::Off, store.clone(), &clock, &Metrics::new());
        Self { sessions, uncached, store, hands, clock, metrics }
    }

    fn browser(&self) -> Browser {
        Browser::new(self.sessions.clone())
    }

    /// A browser in which a user has signed in.
    async fn signed_in(&self, user: UserId) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(user).await;
        browser
    }

    /// Whether a cookie is good, asked of both instances; they must agree.
    async fn is_good(&self, cookie: &str) -> bool {
        let here = browser::open(&self.sessions, cookie).await.live().is_some();
        let there = browser::open(&self.uncached, cookie).await.live().is_some();
        assert_eq!(here, there, "the cache says what the store says");
        here
    }
}

fn keys(secret: &str, fallbacks: &[&str]) -> Keys {
    let fallbacks: Vec<_> = fallbacks.iter().map(|key| Secret::new(*key)).collect();
    Keys::new(&Secret::new(secret), &fallbacks)
}

fn node(
    keys: &Keys,
    cache: CacheKind,
    store: Arc<dyn SessionStore>,
    clock: &Clock,
    metrics: &Metrics,
) -> Sessions {
    Sessions::new(SessionParts {
        settings: SessionSettings { cache, max_per_user: 100_000, ..SessionSettings::default() },
        cookie: SessionCookie::new(true, true),
        keys,
        store,
        clock: clock.clone(),
        tasks: Tasks::new(),
        meter: metrics.sessions().clone(),
    })
}

/// The open half of a cookie's token.
fn token_of(cookie: &str) -> TokenId {
    let value = cookie.split_once('=').expect("a pair").1;
    Token::parse(value.as_bytes()).expect("a token").id()
}

fn user() -> UserId {
    random::uuid(&Clock::system())
}

/// A database of its own, with the tables of the runtime, of the kind that the environment names.
async fn database() -> Database {
    database_at(TestDatabase::by_environment()).await
}

/// The database of a test, with the tables of the runtime.
async fn database_at(store: TestDatabase) -> Database {
    let clock = Clock::system();
    let url = DatabaseUrl::parse(&store.keep()).expect("a URL");
    let settings = DatabaseSettings { pool_min_size: 1, ..DatabaseSettings::new(url) };
    let database = Database::open(&settings, &clock).await.expect("the database opens");
    let by = MigratedBy { version: "0".into(), instance: "test".into() };
    crate::migrations().up(&database, &clock, None, &by).await.expect("the tables are made");
    database
}
