//! Each store, and what only it has.

use std::sync::Arc;

use mainstay_db::{DbErrorKind, query};

use super::database;
use crate::session::{MemoryStore, SessionStore, SqlStore, conformance};

#[tokio::test]
async fn the_store_in_memory_conforms() {
    conformance::check_all(async || Arc::new(MemoryStore::new(10_000)) as Arc<dyn SessionStore>).await;
}

#[tokio::test]
async fn the_store_in_the_database_conforms() {
    conformance::check_all(async || Arc::new(SqlStore::new(database().await)) as Arc<dyn SessionStore>).await;
}

#[tokio::test]
async fn the_tables_come_and_go() {
    let database = database().await;
    let mut write = database.write().await.unwrap();
    let down = include_str!("../../../migrations/sqlite/0001_create_session.down.sql");
    for statement in down.split_terminator(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let statement: &'static str = statement;
        query(statement).execute(&mut write).await.unwrap();
    }
    let gone = query("select count(*) from session").fetch_one(&mut write).await;
    assert_eq!(gone.unwrap_err().kind(), DbErrorKind::Bug);
}
