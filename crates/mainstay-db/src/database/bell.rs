//! Bells: what one instance rings, all instances hear.

use std::fmt;

use super::Database;
use super::lane::CONNECT_LIMIT;
use crate::driver::Driver;
use crate::{DbError, Dialect, Work, query};

/// Hears a bell, on a connection of its own. See [`Database::listen`].
pub struct Listener {
    bell: &'static str,
    /// `None` on SQLite, where nobody rings.
    driver: Option<Driver>,
}

impl Database {
    /// Rings a bell, with a word: at once, for everybody who [listens](Database::listen), in this process and others.
    ///
    /// By PostgreSQL's `NOTIFY`, in a transaction of its own. Ring after a commit and never within it: all commits that
    /// ring wait for one another. On SQLite, which is for one process, it does nothing.
    ///
    /// The name of a bell is one word of small letters and `_`.
    ///
    /// # Errors
    ///
    /// See [`DbError`]. Nobody was rung for then.
    ///
    /// # Cancel safety
    ///
    /// Safe: it was rung or not.
    pub async fn ring(&self, bell: &'static str, word: &str) -> Result<(), DbError> {
        if self.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let mut control = self.for_work(Work::Control).read().await?;
        query("select pg_notify($1, $2)").bind(bell).bind(word).fetch_one(&mut control).await.map(drop)
    }

    /// Hears a bell from now on, on a connection beside those of the pools.
    ///
    /// A bell is a hint and no promise: what was rung while a line was broken was heard by nobody. So look by yourself,
    /// too, now and then and whenever you begin to listen.
    ///
    /// # Errors
    ///
    /// That of opening a connection.
    ///
    /// # Cancel safety
    ///
    /// Safe: the connection is closed.
    pub async fn listen(&self, bell: &'static str) -> Result<Listener, DbError> {
        if self.dialect() == Dialect::Sqlite {
            return Ok(Listener { bell, driver: None });
        }
        let mut driver = self.lane(Work::Control).open_apart(CONNECT_LIMIT).await?;
        driver.listen(bell).await?;
        Ok(Listener { bell, driver: Some(driver) })
    }
}

impl Listener {
    /// Waits until the bell is rung, and gives the word. Of several rings since the last call, it is the last one's.
    ///
    /// On SQLite it waits for ever.
    ///
    /// # Errors
    ///
    /// That of the connection: it is over then, and another listener is to be had.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost when the future is dropped.
    pub async fn heard(&mut self) -> Result<String, DbError> {
        match &mut self.driver {
            Some(driver) => driver.heard().await,
            None => std::future::pending().await,
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("bell", &self.bell).finish_non_exhaustive()
    }
}
