//! A whole service, running in the test's own process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mainstay::identity::{ApiTokens, NewApiToken, Password, UserName};
use mainstay::life::{Configuration, DrainReport, Process, Started, start};
use mainstay::telemetry::metrics::Metrics;
use mainstay::{Class, Role, Service};
use mainstay_core::Clock;
use mainstay_core::settings::{Environment, read_pairs};
use mainstay_servers::TestDatabase;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{Browser, Client};

/// The rate of every class of limits, unless a test gives another: limits are on, and in nobody's way.
const BEYOND_ANY_TEST: &str = "100000/s";

/// A service on a free port of the loopback, with a database of its own: a file in a temporary folder, or one on the
/// server of the tests when [`TEST_DATABASE`](mainstay_servers::TEST_DATABASE) says so. Every `RATE_LIMIT_{CLASS}` is
/// 100000/s, unless the test says otherwise.
///
/// A test ends it with [`TestService::stop`], which asserts that nothing was left behind.
pub struct TestService<S: Service> {
    service: Arc<S>,
    settings: Vec<(String, String)>,
    folder: Arc<TempDir>,
    database: Arc<TestDatabase>,
    process: Process,
    started: Started,
    /// One for each role, made when it is first asked for.
    tokens: [OnceCell<String>; Role::ALL.len()],
    /// How many people were made for browsers.
    people: AtomicUsize,
    ended: bool,
}

impl<S: Service> TestService<S> {
    /// Starts a service with these settings on top of those of a test.
    ///
    /// # Panics
    ///
    /// When the settings are wrong or the service does not start.
    pub async fn start(service: S, settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let database = Arc::new(TestDatabase::by_environment());
        Self::launch(Arc::new(service), settings, folder, database).await
    }

    /// Stops the service and starts it again on the same data.
    ///
    /// # Panics
    ///
    /// As [`TestService::start`] and [`TestService::stop`].
    pub async fn restart(self) -> Self {
        let (service, settings) = (Arc::clone(&self.service), self.settings.clone());
        let (folder, database) = (Arc::clone(&self.folder), Arc::clone(&self.database));
        self.stop().await;
        Self::launch(service, settings, folder, database).await
    }

    /// A client of the service, who has not signed in.
    pub fn client(&self) -> Client {
        Client::new(self.started.address)
    }

    /// A client of the service that may do what this role may.
    ///
    /// # Panics
    ///
    /// As [`TestService::token`].
    pub async fn client_as(&self, role: Role) -> Client {
        self.client().with_token(self.token(role).await)
    }

    /// A browser in which somebody with this role has signed in, each time as a new user.
    ///
    /// # Panics
    ///
    /// When the user cannot be stored or not sign in.
    pub async fn browser_as(&self, role: Role) -> Browser {
        const PASSWORD: &str = "seven green bottles";
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", role.as_str());
        let known: UserName = name.parse().expect("a name");
        let accounts = &self.started.accounts;
        accounts.create(&known, role, &Password::new(PASSWORD), "test").await.expect("a user");
        let mut browser = self.browser().await;
        browser.sign_in(&name, PASSWORD).await;
        browser
    }

    /// A browser in which nobody has signed in.
    ///
    /// # Panics
    ///
    /// When the service does not answer it.
    pub async fn browser(&self) -> Browser {
        Browser::open(self.client(), self.started.runtime.listen.public_url.origin()).await
    }

    /// An API token with this role: always the same, until the service is started again.
    ///
    /// # Panics
    ///
    /// When it cannot be stored.
    pub async fn token(&self, role: Role) -> String {
        let place = Role::ALL.iter().position(|other| *other == role).expect("all roles are listed");
        self.tokens[place].get_or_init(async || self.create_token(role).await).await.clone()
    }

    async fn create_token(&self, role: Role) -> String {
        let tokens = ApiTokens::new(&self.started.database, &Clock::system());
        let new = NewApiToken { name: "test", role, owner: None, expires_at: None };
        let (_, text) = tokens.create(new).await.expect("a token");
        text.expose().to_owned()
    }

    /// What the start gave.
    pub fn started(&self) -> &Started {
        &self.started
    }

    /// The process that the service runs in.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// What the service's `DATABASE_URL` is.
    pub fn database_url(&self) -> &str {
        self.started.runtime.database.url.expose()
    }

    /// The folder that holds the database, if it is a file.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Drains the service.
    ///
    /// # Panics
    ///
    /// When something did not end as it should, or a task still runs.
    pub async fn stop(self) {
        let report = self.drain().await;
        assert!(report.stragglers.is_empty(), "left behind: {:?}", report.stragglers);
    }

    /// Drains the service, whatever comes of it.
    pub async fn drain(mut self) -> DrainReport {
        self.ended = true;
        self.process.stop().await
    }

    async fn launch(
        service: Arc<S>,
        settings: Vec<(String, String)>,
        folder: Arc<TempDir>,
        database: Arc<TestDatabase>,
    ) -> Self {
        let url = match database.on_server() {
            Some(on_server) => on_server.url(),
            // A file, so that the service finds it again when it is started anew.
            None => format!("sqlite://{}", folder.path().join("test.db").display()),
        };
        let defaults = [("PORT", "0"), ("DATABASE_URL", url.as_str()), ("SHUTDOWN_TIMEOUT", "10s")];
        let given = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let rates: Vec<_> =
            Class::OWN.iter().chain(S::LIMITS).map(|class| (class.setting(), BEYOND_ANY_TEST)).collect();
        let defaults = defaults.into_iter().chain(rates.iter().map(|(name, rate)| (name.as_str(), *rate)));
        let silent = |(name, _): &(&str, &str)| !settings.iter().any(|(given, _)| given == name);
        let pairs: Vec<_> = defaults.filter(silent).chain(given).collect();
        let loaded = read_pairs::<Configuration<S>>(Environment::Test, &pairs);
        let problems = &loaded.report.problems;
        let configuration = loaded.settings.unwrap_or_else(|| panic!("wrong settings: {problems:#?}"));

        let plan = configuration.runtime.drain_plan();
        let process = Process::new(S::VERSION, Environment::Test, plan, &Clock::system(), Metrics::new());
        let started = Box::pin(start(&process, &*service, configuration)).await;
        let started = started.unwrap_or_else(|error| panic!("not started: {}", mainstay_core::Chain(&error)));
        Self {
            service,
            settings,
            folder,
            database,
            process,
            started,
            tokens: Default::default(),
            people: AtomicUsize::new(0),
            ended: false,
        }
    }
}

impl<S: Service> Drop for TestService<S> {
    fn drop(&mut self) {
        let forgotten = !self.ended && !std::thread::panicking();
        assert!(!forgotten, "end the service with stop() or drain(), so that what it leaves behind is seen");
    }
}
