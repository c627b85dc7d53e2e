//! What is written and how it is added up.

use std::collections::BTreeMap;

use mainstay_core::{Clock, random};
use mainstay_db::{Connection, Database, DatabaseSettings, DatabaseUrl, insert_into_assembled, query};
use mainstay_events::projections::{Fold, Folded, ProjectionSettings, Projections, Table, Tables};
use mainstay_events::{
    Applying, Event, EventStore, InlineProjection, Position, ProjectionError, RecordedEvent, StreamId,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Streams that are written to.
pub(crate) const STREAMS: u64 = 50;

/// One note. No two are the same.
#[derive(Serialize, Deserialize)]
pub(crate) struct Noted {
    pub(crate) note: u64,
}

impl Event for Noted {
    fn event_type(&self) -> &'static str {
        "noted"
    }
}

pub(crate) fn stream(number: u64) -> StreamId {
    StreamId::of("chaos", number % STREAMS).expect("a stream")
}

/// Refuses, panics, sleeps, or fails half way, by lot; and otherwise writes a row.
struct Moody;

impl InlineProjection for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn apply<'a>(&'a self, connection: &'a mut Connection, events: &'a [RecordedEvent]) -> Applying<'a> {
        Box::pin(async move {
            match random::below(60) {
                0 => return Err(ProjectionError::Refused("by lot".into())),
                1 => panic!("by lot"),
                2 => tokio::time::sleep(Duration::from_micros(random::below(3_000))).await,
                3 => {
                    query("insert into nowhere values (1)").execute(connection).await?;
                }
                _ => {}
            }
            let rows = events.iter().map(|event| [event.position.into(), event.stream.as_str().into()]);
            insert_into_assembled("inline_row".to_owned(), ["position", "stream"])
                .rows(rows)
                .execute(connection)
                .await?;
            Ok(())
        })
    }
}

/// How many notes each stream has, and their sum.
pub(crate) struct Tally;

impl Fold for Tally {
    type Change = (i64, i64);

    fn name(&self) -> &'static str {
        "tally"
    }

    fn tables(&self) -> &'static [Table] {
        const TABLES: &[Table] =
            &[Table::new("tally", "stream text primary key, count bigint not null, sum bigint not null")];
        TABLES
    }

    fn fold(
        &self,
        changes: &mut BTreeMap<String, (i64, i64)>,
        event: &RecordedEvent,
    ) -> Result<(), ProjectionError> {
        let change = changes.entry(event.stream.as_str().to_owned()).or_default();
        change.0 += 1;
        change.1 += summand(event.decode::<Noted>()?.note);
        Ok(())
    }

    fn write<'a>(
        &'a self,
        connection: &'a mut Connection,
        tables: &'a Tables,
        changes: BTreeMap<String, (i64, i64)>,
    ) -> Applying<'a> {
        Box::pin(async move {
            let rows =
                changes.into_iter().map(|(stream, (count, sum))| [stream.into(), count.into(), sum.into()]);
            insert_into_assembled(format!("{} as old", tables.name("tally")), ["stream", "count", "sum"])
                .suffix(
                    "on conflict (stream) do update set count = old.count + excluded.count,
                     sum = old.sum + excluded.sum",
                )
                .rows(rows)
                .execute(connection)
                .await?;
            Ok(())
        })
    }
}

/// What a note adds to the sum of its stream: small, so that no sum is ever too large.
pub(crate) fn summand(note: u64) -> i64 {
    i64::try_from(note % 1_000_003).expect("small")
}

pub(crate) async fn database(url: &str) -> Database {
    let url = DatabaseUrl::parse(url).expect("a URL");
    let settings = DatabaseSettings {
        pool_timeout: Duration::from_mins(1),
        statement_timeout: Duration::from_mins(1),
        ..DatabaseSettings::new(url)
    };
    Database::open(&settings, &Clock::system()).await.expect("the database opens")
}

pub(crate) fn store(database: Database) -> EventStore {
    EventStore::with_projections(database, Clock::system(), vec![Arc::new(Moody)])
}

/// The read model that follows. Leases are short: holders are killed all the time.
pub(crate) fn projections(store: &EventStore) -> Projections {
    let settings = ProjectionSettings {
        lease: Duration::from_millis(500),
        poll: Duration::from_millis(20),
        ..ProjectionSettings::new("chaos")
    };
    Projections::new(store.clone(), [Arc::new(Folded(Tally)) as _], settings)
}

/// All notes behind a position, with their positions; reading itself refuses gaps.
pub(crate) async fn notes_after(store: &EventStore, after: u64) -> Vec<(u64, u64)> {
    let page = store.read_from(Position::new(after), 1_000).await.expect("no gap in any snapshot");
    page.iter().map(|event| (event.position.get(), event.decode::<Noted>().expect("a note").note)).collect()
}
