//! One test on both kinds of database.

use std::fmt;

use crate::{Postgres, PostgresDatabase};

/// The variable that says on which database tests run that can run on either: `sqlite`, which is the default, or
/// `postgres`.
pub const TEST_DATABASE: &str = "MAINSTAY_TEST_DATABASE";

/// An empty database of one test, of either kind. It goes with the value.
pub struct TestDatabase {
    url: String,
    postgres: Option<PostgresDatabase>,
}

impl TestDatabase {
    /// A private SQLite database: `sqlite::memory:`.
    pub fn sqlite() -> Self {
        Self { url: "sqlite::memory:".to_owned(), postgres: None }
    }

    /// A database on the server that tests share, see [`Postgres::shared`].
    ///
    /// # Panics
    ///
    /// As [`Postgres::shared`].
    pub fn postgres() -> Self {
        let database = Postgres::shared();
        Self { url: database.url(), postgres: Some(database) }
    }

    /// One of the kind that [`TEST_DATABASE`] names.
    ///
    /// # Panics
    ///
    /// When it names neither; and as [`Postgres::shared`].
    pub fn by_environment() -> Self {
        #[expect(clippy::disallowed_methods, reason = "it comes from the test runner, not from an operator")]
        let kind = std::env::var(TEST_DATABASE);
        match kind.as_deref() {
            Ok("postgres") => Self::postgres(),
            Ok("sqlite") | Err(_) => Self::sqlite(),
            Ok(other) => panic!("{TEST_DATABASE} is {other}, and neither sqlite nor postgres"),
        }
    }

    /// Another one of the same kind.
    ///
    /// # Panics
    ///
    /// As [`Postgres::shared`].
    #[must_use]
    pub fn another(&self) -> Self {
        if self.postgres.is_some() { Self::postgres() } else { Self::sqlite() }
    }

    /// Its URL, for a test that has no place for this value: the database stays until its server ends.
    pub fn keep(self) -> String {
        let url = self.url.clone();
        std::mem::forget(self);
        url
    }

    /// What `DATABASE_URL` is to be.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database on the server, if it is one.
    pub fn on_server(&self) -> Option<&PostgresDatabase> {
        self.postgres.as_ref()
    }
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDatabase").field("postgres", &self.postgres).finish_non_exhaustive()
    }
}

/// Makes two tests of each function: `sqlite::name` and `postgres::name`.
///
/// The functions stand beside it, and each takes a [`TestDatabase`]. One that is not listed is dead code, which the
/// compiler reports.
///
/// ```
/// mainstay_servers::on_both_databases!(it_has_a_url);
///
/// async fn it_has_a_url(database: mainstay_servers::TestDatabase) {
///     assert!(database.url().contains(':'));
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name($crate::TestDatabase::sqlite()).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name($crate::TestDatabase::postgres()).await;
                }
            )*
        }
    };
}
