//! The suite of sessions.

mod stores;

use mainstay_core::Clock;
use mainstay_db::{Database, DatabaseSettings, MigratedBy};

/// A database of its own, with the tables of the runtime.
async fn database() -> Database {
    let clock = Clock::system();
    let database = Database::open(&DatabaseSettings::in_memory(), &clock).await.expect("the database opens");
    let by = MigratedBy { version: "0".into(), instance: "test".into() };
    crate::migrations().up(&database, &clock, None, &by).await.expect("the tables are made");
    database
}
