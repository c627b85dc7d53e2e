//! Each store, and what only it has.

use std::sync::Arc;

use mainstay_core::Clock;
use mainstay_db::{DbErrorKind, MigratedBy, query};
use mainstay_servers::{TestDatabase, on_both_databases};

use super::database_at;
use crate::session::{MemoryStore, SessionStore, SqlStore, conformance};

#[tokio::test]
async fn the_store_in_memory_conforms() {
    conformance::check_all(async || Arc::new(MemoryStore::new(10_000)) as Arc<dyn SessionStore>).await;
}

on_both_databases!(the_store_in_the_database_conforms, the_tables_come_and_go);

async fn the_store_in_the_database_conforms(store: TestDatabase) {
    let another =
        async || Arc::new(SqlStore::new(database_at(store.another()).await)) as Arc<dyn SessionStore>;
    conformance::check_all(another).await;
}

async fn the_tables_come_and_go(store: TestDatabase) {
    let clock = Clock::system();
    let database = database_at(store.another()).await;
    let by = MigratedBy { version: "0".into(), instance: "test".into() };
    let all = crate::migrations();
    let count = all.ids().count();
    let undone = all.down(&database, &clock, u32::try_from(count).unwrap(), &by).await.unwrap();
    assert_eq!(undone.len(), count);
    let mut read = database.read().await.unwrap();
    let gone = query("select count(*) from session").fetch_one(&mut read).await;
    assert_eq!(gone.unwrap_err().kind(), DbErrorKind::Bug);
    drop(read);
    assert_eq!(all.up(&database, &clock, None, &by).await.unwrap().len(), count);
}
