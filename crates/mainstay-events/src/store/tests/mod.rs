//! The suite of the store. It speaks through the public interface alone, so a second database runs it too.

mod append;
mod concurrency;
mod crash;
mod expectations;
mod projections;
mod read;
mod repeat;

pub(crate) use projections::names;

use std::sync::Arc;

use mainstay_core::Clock;
use mainstay_db::{Database, DatabaseSettings, DatabaseUrl, MigratedBy};
use mainstay_servers::TestDatabase;
use serde::{Deserialize, Serialize};

use crate::{Append, Event, EventStore, Expected, InlineProjection, Position, RecordedEvent, StreamId};

/// The events of the suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Happened {
    Noted(u64),
    Named { name: String },
}

impl Event for Happened {
    fn event_type(&self) -> &'static str {
        match self {
            Self::Noted(_) => "noted",
            Self::Named { .. } => "named",
        }
    }
}

pub(crate) fn stream(name: impl std::fmt::Display) -> StreamId {
    StreamId::of("test", name).expect("a stream")
}

/// An append of one event.
pub(crate) fn noting(name: impl std::fmt::Display, number: u64) -> Append {
    Append::new().events(&stream(name), Expected::Any, &[Happened::Noted(number)])
}

/// A database with the tables of the log. One in memory becomes one of the kind that the environment names.
pub(crate) async fn open(settings: &DatabaseSettings) -> Database {
    let mut settings = settings.clone();
    if settings.url.is_temporary() {
        settings.url = DatabaseUrl::parse(&TestDatabase::by_environment().keep()).expect("a URL");
    }
    open_as_told(&settings).await
}

/// A database with the tables of the log, of the kind that the settings name: for what only one of them has.
pub(crate) async fn open_as_told(settings: &DatabaseSettings) -> Database {
    let clock = Clock::system();
    let database = Database::open(settings, &clock).await.expect("the database opens");
    let by = MigratedBy { version: "0".into(), instance: "test".into() };
    crate::migrations().up(&database, &clock, None, &by).await.expect("the tables are made");
    database
}

async fn store() -> EventStore {
    store_with(Vec::new()).await
}

async fn store_with(projections: Vec<Arc<dyn InlineProjection>>) -> EventStore {
    let database = open(&DatabaseSettings::in_memory()).await;
    EventStore::with_projections(database, Clock::system(), projections)
}

/// Reads the whole log page by page; reading itself refuses gaps (I1).
async fn whole_log(store: &EventStore) -> Vec<RecordedEvent> {
    let mut log: Vec<RecordedEvent> = Vec::new();
    loop {
        let after = log.last().map_or(Position::START, |event| event.position);
        let page = store.read_from(after, 500).await.expect("an undamaged log");
        if page.is_empty() {
            return log;
        }
        log.extend(page);
    }
}

/// Checks I1 and I2.
pub(crate) async fn check_invariants(store: &EventStore) -> Vec<RecordedEvent> {
    let log = whole_log(store).await;
    let mut versions = std::collections::BTreeMap::new();
    for (index, event) in log.iter().enumerate() {
        assert_eq!(event.position.get(), index as u64 + 1, "positions are 1 to N");
        let version = versions.entry(event.stream.clone()).or_insert(0);
        *version += 1;
        assert_eq!(event.version.get(), *version, "versions are 1 to V");
    }
    assert_eq!(store.head().await.expect("the head").get(), log.len() as u64);
    log
}
