//! What the tests of this room share.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use mainstay_core::{Clock, ManualClock, Secret, Tasks};
use mainstay_db::{Database, DatabaseSettings, DatabaseUrl, MigratedBy};
use mainstay_servers::TestDatabase;

use super::password::{Hasher, Parameters};
use super::provider::IdentityProvider;
use super::{AccountParts, Accounts, Callers, Identity, Password, PasswordSettings, SignedIn, User};
use crate::Role;
use crate::keys::Keys;
use crate::limits::{LimitSettings, Limiter};
use crate::session::{
    MemoryStore, Session, SessionCookie, SessionParts, SessionSettings, SessionStore, Sessions,
};
use crate::telemetry::metrics::Metrics;

/// As cheap as Argon2 gets while it still takes a whole place.
pub(super) const CHEAP: Parameters = Parameters { memory_kib: 1024, passes: 1, lanes: 1 };

pub(super) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

pub(super) const PASSWORD: &str = "seven green bottles";

/// A database of its own, with the runtime's tables, of the kind that the environment names.
pub(crate) async fn database() -> Database {
    let clock = Clock::system();
    let url = DatabaseUrl::parse(&TestDatabase::by_environment().keep()).unwrap();
    let settings = DatabaseSettings { pool_min_size: 1, ..DatabaseSettings::new(url) };
    let database = Database::open(&settings, &clock).await.unwrap();
    let by = MigratedBy { version: "test".to_owned(), instance: "test".to_owned() };
    crate::migrations().up(&database, &clock, None, &by).await.unwrap();
    database
}

/// Accounts with cheap hashes, on a clock that stands still.
pub(super) struct Fixture {
    pub(super) accounts: Accounts,
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) hands: ManualClock,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        Self::with(CHEAP, None).await
    }

    pub(super) async fn with(parameters: Parameters, directory: Option<Arc<dyn IdentityProvider>>) -> Self {
        Self::over(parameters, directory, Arc::new(MemoryStore::new(1_000))).await
    }

    /// The same over another store of sessions.
    pub(super) async fn over(
        parameters: Parameters,
        directory: Option<Arc<dyn IdentityProvider>>,
        store: Arc<dyn SessionStore>,
    ) -> Self {
        let (clock, hands) = Clock::manual();
        let (database, tasks) = (database().await, Tasks::new());
        let keys = Keys::new(&Secret::new("the secret of this test"), &[]);
        let sessions = Sessions::new(SessionParts {
            settings: SessionSettings::default(),
            cookie: SessionCookie::new(false, false),
            keys: &keys,
            store,
            clock: clock.clone(),
            tasks: tasks.clone(),
            meter: Metrics::new().sessions().clone(),
        });
        let passwords = PasswordSettings { hash_memory_mib: 8 };
        let hasher = Hasher::with_parameters(parameters, &passwords, &clock, &tasks).unwrap();
        let parts = AccountParts {
            service: "concord",
            passwords: &passwords,
            keys: &keys,
            database: &database,
            sessions,
            limiter: Limiter::in_memory(&LimitSettings::default(), &clock),
            directory,
            clock: clock.clone(),
            tasks,
        };
        Self { accounts: Accounts::with_hasher(parts, hasher), database, clock, hands }
    }

    pub(super) async fn user(&self, name: &str, role: Role) -> User {
        self.accounts.create(&name.parse().unwrap(), role, &Password::new(PASSWORD), "test").await.unwrap()
    }

    /// The session of a request without a cookie, or with one.
    pub(super) async fn open(&self, cookie: Option<&str>) -> Session {
        let mut headers = HeaderMap::new();
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        self.accounts.sessions().open(&headers, HOME).await
    }

    /// Stores what was done to a session, and gives the cookie.
    pub(super) async fn save(&self, session: &Session) -> Option<String> {
        let line = self.accounts.sessions().save(session, StatusCode::OK).await.unwrap()?;
        Some(line.to_str().unwrap().split(';').next().unwrap().to_owned())
    }

    /// The cookie of a new session of somebody who has just signed in.
    pub(super) async fn begin(&self, signed_in: &SignedIn) -> String {
        let session = self.open(None).await;
        signed_in.begin(&session).unwrap();
        self.save(&session).await.unwrap()
    }

    /// Whose request it is that brings a cookie.
    pub(super) async fn identity(&self, cookie: &str) -> Option<Identity> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        Callers::known_to(self.accounts.people()).find(&headers, HOME).await.identity.unwrap()
    }

    pub(super) fn hashed(&self) -> u64 {
        self.accounts.hashing().hashed
    }
}
