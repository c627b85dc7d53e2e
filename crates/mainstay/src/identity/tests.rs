//! What the tests of this room share.

use mainstay_core::Clock;
use mainstay_db::{Database, DatabaseSettings, MigratedBy};

/// A database of its own, with the runtime's tables.
pub(crate) async fn database() -> Database {
    let clock = Clock::system();
    let database = Database::open(&DatabaseSettings::in_memory(), &clock).await.unwrap();
    let by = MigratedBy { version: "test".to_owned(), instance: "test".to_owned() };
    crate::migrations().up(&database, &clock, None, &by).await.unwrap();
    database
}
