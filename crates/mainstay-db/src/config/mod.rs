//! The settings of the database.

mod explain;
#[cfg(test)]
mod tests;
mod url;

use std::path::Path;
use std::time::Duration;

use mainstay_core::settings::{Problem, Reader, Section};

pub use explain::EXPLANATIONS;
pub use url::{DatabaseKind, DatabaseUrl, UrlError};

/// Fewer reading connections than this are remarked upon in staging and production.
const LOW_POOL: u32 = 4;

/// Which database to open, and how much of it to use.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `DATABASE_URL`: where the data is.
    pub url: DatabaseUrl,
    /// `DB_POOL_MIN_SIZE`: reading connections opened at start.
    pub pool_min_size: u32,
    /// `DB_POOL_MAX_SIZE`: most reading connections at once. There is one writing connection beside them.
    pub pool_max_size: u32,
    /// `DB_POOL_TIMEOUT`: longest wait for a connection, and then for the lock of another process.
    pub pool_timeout: Duration,
    /// `DB_STATEMENT_TIMEOUT`: longest run of one statement; it is interrupted then.
    pub statement_timeout: Duration,
    /// `MIGRATE_ON_START`: whether the service brings the schema up to date itself.
    pub migrate_on_start: bool,
}

impl DatabaseSettings {
    /// The defaults, with a database at `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            pool_min_size: 5,
            pool_max_size: 20,
            pool_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            migrate_on_start: true,
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
            .doc("Where the data is. The folder and the file are created when they are not there.")
            .default(defaults.url)
            .read();
        let pool_min_size = reader
            .field("DB_POOL_MIN_SIZE")
            .doc("Reading connections that are opened at start.")
            .unit("connections")
            .default(defaults.pool_min_size)
            .bounds(0..=1_000)
            .read();
        let pool_max_size = reader
            .field("DB_POOL_MAX_SIZE")
            .doc(
                "Most reading connections at once. There is one for writing beside them, and one for health.",
            )
            .unit("connections")
            .default(defaults.pool_max_size)
            .bounds(1..=1_000)
            .too_low("requests wait for one another")
            .too_high("each connection is a thread with a cache of its own")
            .read();
        let pool_timeout = reader
            .field("DB_POOL_TIMEOUT")
            .doc("Longest wait for a connection; then the request is told to come back later.")
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
        let settings =
            Self { url, pool_min_size, pool_max_size, pool_timeout, statement_timeout, migrate_on_start };
        settings.judge(reader);
        settings
    }

    fn judge(&self, reader: &mut Reader<'_>) {
        if self.url.kind() != DatabaseKind::Sqlite {
            let problem =
                Problem::error("MS0303", "DATABASE_URL names a database that this build does not serve");
            let problem = problem.at("DATABASE_URL").because("this build serves SQLite only");
            reader.problem(problem.help("name a file, such as DATABASE_URL=sqlite://data/app.db"));
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

impl Section for DatabaseSettings {
    /// As [`DatabaseSettings::read_named`], for an application without a name.
    fn read(reader: &mut Reader<'_>) -> Self {
        Self::read_named(reader, "app")
    }
}
