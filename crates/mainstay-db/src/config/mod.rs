//! The settings of the database.

mod breaker;
mod explain;
mod server;
#[cfg(test)]
mod tests;
mod url;

use std::path::Path;
use std::time::Duration;

use mainstay_core::settings::{Problem, Reader, Section};
use mainstay_resilience::BreakerSettings;

use crate::Work;

pub use explain::EXPLANATIONS;
pub(crate) use server::ServerAddress;
use server::TlsMode;
#[cfg(feature = "postgres")]
pub(crate) use server::{Host, TlsMode as RequestedTls};
pub use url::{DatabaseUrl, Dialect, UrlError};

/// Fewer connections than this are remarked upon in staging and production.
const LOW_POOL: u32 = 4;

/// Which database to open, and how much of it to use.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `DATABASE_URL`: where the data is.
    pub url: DatabaseUrl,
    /// `DB_POOL_MIN_SIZE`: connections for requests that are opened at start.
    pub pool_min_size: u32,
    /// `DB_POOL_MAX_SIZE`: most connections for requests at once; see [`DatabaseSettings::connections_of`] for
    /// those of other classes of work.
    pub pool_max_size: u32,
    /// `DB_SLOW_MAX_CONCURRENT`: most connections for requests of slow routes.
    pub slow_max_concurrent: u32,
    /// `DB_POOL_TIMEOUT`: longest wait for a connection, and then for a lock of somebody else.
    pub pool_timeout: Duration,
    /// `DB_POOL_RECYCLE`: a connection that is older is closed, and opened anew when it is needed.
    pub pool_recycle: Duration,
    /// `DB_STATEMENT_TIMEOUT`: longest run of one statement; it is interrupted then.
    pub statement_timeout: Duration,
    /// `DB_BREAKER_…`: when the database is not asked any more for a while.
    pub breaker: BreakerSettings,
    /// `MIGRATE_ON_START`: whether the service brings the schema up to date itself.
    pub migrate_on_start: bool,
    /// What PostgreSQL's own lists call our connections: the service and the instance.
    pub application_name: String,
}

impl DatabaseSettings {
    /// The defaults, with a database at `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            pool_min_size: 5,
            pool_max_size: 20,
            slow_max_concurrent: 3,
            pool_recycle: Duration::from_hours(1),
            pool_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            breaker: BreakerSettings::default(),
            migrate_on_start: true,
            application_name: "mainstay".to_owned(),
        }
    }

    /// How many connections a class of work may have at once.
    ///
    /// | class | connections |
    /// |---|---|
    /// | web | `DB_POOL_MAX_SIZE` |
    /// | slow | `DB_SLOW_MAX_CONCURRENT` |
    /// | background | a fifth of the web's, at least 2 |
    /// | control | 2 |
    /// | health | 1 |
    pub fn connections_of(&self, work: Work) -> u32 {
        match work {
            Work::Web => self.pool_max_size,
            Work::Slow => self.slow_max_concurrent,
            Work::Background => (self.pool_max_size / 5).max(2),
            Work::Control => 2,
            Work::Health => 1,
        }
    }

    /// A private database for a test or an example.
    pub fn in_memory() -> Self {
        Self { pool_min_size: 1, ..Self::new(DatabaseUrl::in_memory()) }
    }

    /// The defaults, with a SQLite file.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::new(DatabaseUrl::file(path))
    }

    /// Reads the settings of the application `name`, whose database is `data/{name}.db` unless it is told
    /// otherwise.
    pub fn read_named(reader: &mut Reader<'_>, name: &str) -> Self {
        reader.group("Database", "Where the data is, and how much of the database is used at once.");
        let defaults = Self::file(format!("data/{name}.db"));
        let url = reader
            .field("DATABASE_URL")
            .doc(
                "Where the data is: a SQLite file, created when it is not there, or \
                 postgresql://user:password@host/database.",
            )
            .default(defaults.url)
            .read();
        let pool_min_size = reader
            .field("DB_POOL_MIN_SIZE")
            .doc("Connections for requests that are opened at start.")
            .unit("connections")
            .default(defaults.pool_min_size)
            .bounds(0..=1_000)
            .read();
        let pool_max_size = reader
            .field("DB_POOL_MAX_SIZE")
            .doc(
                "Most connections for requests at once. Slow routes, background work, control and health have \
                 their own beside them.",
            )
            .unit("connections")
            .default(defaults.pool_max_size)
            .bounds(1..=1_000)
            .too_low("requests wait for one another")
            .too_high("each connection is a thread of this process, or a process of the server")
            .read();
        let pool_max_size = read_other_names(reader).unwrap_or(pool_max_size);
        let slow_max_concurrent = reader
            .field("DB_SLOW_MAX_CONCURRENT")
            .doc("Most requests of slow routes that use the database at once.")
            .unit("connections")
            .default(defaults.slow_max_concurrent)
            .default_strict(5)
            .bounds(1..=1_000)
            .too_high("slow requests are kept apart so that they leave something to the others")
            .read();
        let pool_recycle = reader
            .field("DB_POOL_RECYCLE")
            .doc("A connection that is older is closed, and opened anew when it is needed.")
            .alias("POOL_RECYCLE")
            .default(defaults.pool_recycle)
            .bounds(Duration::from_secs(10)..=Duration::from_hours(24 * 7))
            .too_low("the database is kept busy with greetings")
            .read();
        let pool_timeout = reader
            .field("DB_POOL_TIMEOUT")
            .doc(
                "Longest wait for a connection, and then for a lock of somebody else; then the request is told to \
                 come back later, and a command ends.",
            )
            .alias("POOL_TIMEOUT")
            .default(defaults.pool_timeout)
            .bounds(Duration::from_millis(10)..=Duration::from_mins(5))
            .too_low("a moment of load becomes refusals")
            .too_high("requests pile up instead of being told to come back")
            .read();
        let statement_timeout = reader
            .field("DB_STATEMENT_TIMEOUT")
            .doc("Longest run of one statement; it is interrupted then. Migrations may take longer.")
            .default(defaults.statement_timeout)
            .bounds(Duration::from_millis(100)..=Duration::from_hours(1))
            .too_low("honest work is broken off under load")
            .too_high("one bad statement holds a connection for that long")
            .read();
        let breaker = breaker::read(reader, defaults.breaker);
        let migrate_on_start = reader
            .field("MIGRATE_ON_START")
            .doc("Whether a start brings the schema up to date. Where it may not, it refuses to start on an old one.")
            .default(defaults.migrate_on_start)
            .default_strict(false)
            .read();
        // Who lowers the most has not asked for the least to be above it.
        let pool_min_size = if reader.is_given("DB_POOL_MIN_SIZE") {
            pool_min_size
        } else {
            pool_min_size.min(pool_max_size)
        };
        let settings = Self {
            url,
            pool_min_size,
            pool_max_size,
            slow_max_concurrent,
            pool_timeout,
            pool_recycle,
            statement_timeout,
            breaker,
            migrate_on_start,
            application_name: name.to_owned(),
        };
        settings.judge(reader);
        settings
    }

    fn judge(&self, reader: &mut Reader<'_>) {
        if self.url.dialect() == Dialect::Postgres && !cfg!(feature = "postgres") {
            let problem =
                Problem::error("MS0303", "DATABASE_URL names a database that this build does not serve");
            let problem = problem.at("DATABASE_URL").because("this build serves SQLite only");
            reader.problem(problem.help("name a file, such as DATABASE_URL=sqlite://data/app.db"));
        }
        if let Some(address) = self.url.server() {
            judge_server(reader, address);
        }
        if self.url.is_temporary() && reader.strict() {
            let problem =
                Problem::error("MS0304", "DATABASE_URL names a database that goes with the process");
            let problem = problem.at("DATABASE_URL").because("all data would be lost at each stop");
            reader.problem(problem.help("name a file, such as DATABASE_URL=sqlite:///var/lib/app/app.db"));
        }
        if self.pool_min_size > self.pool_max_size {
            let problem = Problem::error("MS0301", "DB_POOL_MIN_SIZE is above DB_POOL_MAX_SIZE");
            let problem = problem.at("DB_POOL_MIN_SIZE").because("the pool could never be filled");
            let cure = format!("lower DB_POOL_MIN_SIZE to {} or below", self.pool_max_size);
            reader.problem(problem.help(cure).help("raise DB_POOL_MAX_SIZE"));
        }
        if self.pool_max_size < LOW_POOL && reader.strict() {
            let problem = Problem::warning("MS0302", format!("DB_POOL_MAX_SIZE is below {LOW_POOL}"));
            let problem = problem.at("DB_POOL_MAX_SIZE").because("a few slow requests make all others wait");
            reader.problem(problem.help("remove it to get the default of 20"));
        }
    }
}

/// `POOL_SIZE` and `MAX_OVERFLOW`, as other tools split the same number.
fn read_other_names(reader: &mut Reader<'_>) -> Option<u32> {
    let size = reader
        .field::<u32>("POOL_SIZE")
        .doc("Another name: with MAX_OVERFLOW added to it, this is DB_POOL_MAX_SIZE.")
        .unit("connections")
        .bounds(1..=1_000)
        .optional();
    let overflow = reader
        .field::<u32>("MAX_OVERFLOW")
        .doc("Another name: with POOL_SIZE added to it, this is DB_POOL_MAX_SIZE.")
        .unit("connections")
        .bounds(0..=1_000)
        .optional();
    let (name, value) = match (size, overflow) {
        (Some(size), overflow) => ("POOL_SIZE", Some(size + overflow.unwrap_or_default())),
        (None, Some(_)) => ("MAX_OVERFLOW", None),
        (None, None) => return None,
    };
    if reader.is_given("DB_POOL_MAX_SIZE") {
        let problem = Problem::error("MS0105", format!("DB_POOL_MAX_SIZE and {name} are both given"));
        let problem =
            problem.at(name).because("they are the same setting, and nobody can tell which one was meant");
        reader.problem(problem.help(format!("remove {name}")));
        return None;
    }
    let problem =
        Problem::warning("MS0111", "POOL_SIZE and MAX_OVERFLOW are other names for DB_POOL_MAX_SIZE");
    let problem = problem.at(name);
    reader.problem(match value {
        Some(sum) => problem.help(format!("write DB_POOL_MAX_SIZE={sum} instead")),
        None => problem.because("MAX_OVERFLOW alone says nothing").help("write DB_POOL_MAX_SIZE instead"),
    });
    value
}

fn judge_server(reader: &mut Reader<'_>, address: &ServerAddress) {
    if address.has_placeholder_credentials() {
        let problem = Problem::error("MS0305", "DATABASE_URL holds the user or the password of an example");
        let problem = problem.at("DATABASE_URL").because("everybody knows them");
        let cure =
            "give the user a password of its own: `alter role … password …`, and write it in DATABASE_URL";
        reader.insecure(problem.help(cure));
    }
    if !address.is_local() && address.tls < TlsMode::Require {
        let problem = Problem::warning("MS0306", "DATABASE_URL does not demand encryption");
        let problem = problem
            .at("DATABASE_URL")
            .because("the server is not on this machine, and what is sent to it can be read on the way");
        let cure = "add `?sslmode=verify-full&sslrootcert=/path/to/ca.pem`, or `?sslmode=require` at least";
        reader.problem(problem.help(cure));
    }
}

impl Section for DatabaseSettings {
    /// As [`DatabaseSettings::read_named`], for an application without a name.
    fn read(reader: &mut Reader<'_>) -> Self {
        Self::read_named(reader, "app")
    }
}
