//! How fast a read model catches up with the log, how far behind it is, and what a rebuild does to readers:
//! `cargo run --release -p mainstay-events --example projection_bench [EVENTS] [sqlite|postgres]`.
//!
//! The same events three times: folded (added up before they are written), in batches of one statement for each
//! event, and one transaction for each event, which is what many do. Then 1,000 events a second, and how long each
//! takes from its acknowledgement to the read model; then a rebuild while that goes on, with somebody who reads.

#![expect(clippy::print_stdout, reason = "the figures are the output")]
#![expect(clippy::cast_precision_loss, reason = "figures")]

mod live;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::{Clock, Shutdown, Tasks};
use mainstay_db::{
    Connection, Database, DatabaseSettings, DatabaseUrl, MigratedBy, insert_into_assembled, query_assembled,
};
use mainstay_events::projections::{
    Batch, Fold, Folded, Projection, ProjectionSettings, Projections, Table, Tables,
};
use mainstay_events::{
    Append, Applying, Event, EventStore, Expected, Position, ProjectionError, RecordedEvent, StreamId,
    migrations,
};
use mainstay_servers::Postgres;
use serde::{Deserialize, Serialize};

/// Rows of the read model.
const STREAMS: u64 = 1_000;

/// One transaction for each event is measured with no more than so many: it takes its time.
const SINGLE: u64 = 2_000;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Serialize, Deserialize)]
struct Written {
    text: String,
}

impl Event for Written {
    fn event_type(&self) -> &'static str {
        "written"
    }
}

/// Counts events of streams, adding up first.
struct Adding;

impl Fold for Adding {
    type Change = i64;

    fn name(&self) -> &'static str {
        "adding"
    }

    fn tables(&self) -> &'static [Table] {
        const TABLES: &[Table] = &[Table::new("adding", "stream text primary key, count bigint not null")];
        TABLES
    }

    fn fold(
        &self,
        changes: &mut BTreeMap<String, i64>,
        event: &RecordedEvent,
    ) -> Result<(), ProjectionError> {
        event.decode::<Written>()?;
        *changes.entry(event.stream.as_str().to_owned()).or_default() += 1;
        Ok(())
    }

    fn write<'a>(
        &'a self,
        connection: &'a mut Connection,
        tables: &'a Tables,
        changes: BTreeMap<String, i64>,
    ) -> Applying<'a> {
        Box::pin(async move {
            let rows = changes.into_iter().map(|(stream, count)| [stream.into(), count.into()]);
            insert_into_assembled(format!("{} as old", tables.name("adding")), ["stream", "count"])
                .suffix("on conflict (stream) do update set count = old.count + excluded.count")
                .rows(rows)
                .execute(connection)
                .await?;
            Ok(())
        })
    }
}

/// Counts events of streams, one statement for each event.
struct OneByOne;

impl Projection for OneByOne {
    fn name(&self) -> &'static str {
        "one_by_one"
    }

    fn tables(&self) -> &'static [Table] {
        const TABLES: &[Table] =
            &[Table::new("one_by_one", "stream text primary key, count bigint not null")];
        TABLES
    }

    fn apply<'a>(&'a self, connection: &'a mut Connection, batch: Batch<'a>) -> Applying<'a> {
        Box::pin(async move {
            for event in batch.events {
                event.decode::<Written>()?;
                upsert(connection, &batch.tables.name("one_by_one"), event.stream.as_str(), 1).await?;
            }
            Ok(())
        })
    }
}

async fn upsert(
    connection: &mut Connection,
    table: &str,
    stream: &str,
    count: i64,
) -> Result<(), ProjectionError> {
    let sql = format!(
        "insert into {table} (stream, count) values ($1, $2)
         on conflict (stream) do update set count = {table}.count + excluded.count"
    );
    query_assembled(sql).bind(stream).bind(count).execute(connection).await?;
    Ok(())
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let events = arguments.next().map_or(Ok(200_000), |text| text.parse::<u64>())?;
    let kind = arguments.next().unwrap_or_else(|| "sqlite".to_owned());
    let folder = tempfile::tempdir()?;
    // As in production: what is committed is on disk.
    let server = (kind == "postgres").then(|| Postgres::options().durable().start());
    let own = server.as_ref().map(Postgres::create_database);
    let settings = match &own {
        Some(own) => DatabaseSettings::new(DatabaseUrl::parse(&own.url())?),
        None => DatabaseSettings::file(folder.path().join("bench.db")),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let clock = Clock::system();
        let database = Database::open(&settings, &clock).await?;
        let by = MigratedBy { version: "0".into(), instance: "bench".into() };
        migrations().up(&database, &clock, None, &by).await?;
        let store = EventStore::new(database.clone(), clock.clone());
        fill(&store, events).await?;
        let folded = follow(&store, Arc::new(Folded(Adding)), events).await?;
        println!("folded: {folded:.0} events/s");
        let batched = follow(&store, Arc::new(OneByOne), events).await?;
        println!("a statement for each: {batched:.0} events/s");
        let single = one_transaction_each(&store, events.min(SINGLE)).await?;
        println!("a transaction for each: {single:.0} events/s");
        println!("folded over a transaction for each: {:.0}", folded / single);
        live::measure(&store).await?;
        database.close().await?;
        Ok(())
    })
}

async fn fill(store: &EventStore, events: u64) -> Result<(), Failure> {
    let event = Written { text: "x".repeat(188) };
    let each = 1_000;
    for first in (0..events).step_by(usize::try_from(each)?) {
        let mut append = Append::new();
        for number in first..(first + each).min(events) {
            append = append.events(&StreamId::of("bench", number % STREAMS)?, Expected::Any, [&event]);
        }
        store.append(append).await?;
    }
    Ok(())
}

async fn follow(store: &EventStore, projection: Arc<dyn Projection>, events: u64) -> Result<f64, Failure> {
    let name = projection.name();
    let projections = Projections::new(store.clone(), [projection], ProjectionSettings::new("bench"));
    projections.prepare().await?;
    let (tasks, shutdown, clock) = (Tasks::new(), Shutdown::new(), Clock::system());
    let began = clock.now();
    let (running, theirs, stop) = (projections.clone(), tasks.clone(), shutdown.clone());
    tasks.spawn("projections", async move { running.run(&theirs, stop).await });
    projections.wait_for(name, Position::new(events), Duration::from_hours(1)).await?;
    let rate = events as f64 / (clock.now() - began).as_secs_f64();
    shutdown.begin();
    tasks.finished().await;
    Ok(rate)
}

/// What the runner does for one event, and nothing else.
async fn one_transaction_each(store: &EventStore, events: u64) -> Result<f64, Failure> {
    let database = store.database();
    let mut write = database.write().await?;
    for sql in [
        "create table single (stream text primary key, count bigint not null)",
        "create table single_position (id bigint primary key, position bigint not null)",
        "insert into single_position (id, position) values (1, 0)",
    ] {
        query_assembled(sql.to_owned()).execute(&mut write).await?;
    }
    write.commit().await?;
    let clock = Clock::system();
    let began = clock.now();
    let mut done = 0;
    while done < events {
        for event in store.read_from(Position::new(done), 500).await? {
            let mut write = database.write().await?;
            event.decode::<Written>()?;
            query_assembled("update single_position set position = $1 where id = 1".to_owned())
                .bind(event.position)
                .execute(&mut write)
                .await?;
            upsert(&mut write, "single", event.stream.as_str(), 1).await?;
            write.commit().await?;
            done += 1;
        }
    }
    Ok(done as f64 / (clock.now() - began).as_secs_f64())
}
