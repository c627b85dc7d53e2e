//! How fast events are appended, and what their order costs: `cargo run --release -p mainstay-events --example
//! append_bench [CLIENTS] [SECONDS] [sqlite|postgres]`.
//!
//! Three ways of writing the same events durably, in one run, one after the other:
//!
//! - *ordered*: the [`Appender`]: gapless positions in commit order, expected versions, ids, group commit;
//! - *unordered*: the same group commit into a table with the same columns and indexes, and nothing else: no
//!   counter, no heads of streams, no checks; the positions are the table's own row numbers;
//! - *one by one*: a counter row and a transaction for each append.
//!
//! On SQLite in a file, on PostgreSQL on a server of its own that flushes each commit as in production.

#![expect(clippy::print_stdout, reason = "the figures are the output")]
#![expect(clippy::cast_precision_loss, reason = "figures")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Tasks, random};
use mainstay_db::{
    ByDialect, Database, DatabaseSettings, DatabaseUrl, DbError, Dialect, MigratedBy, Value,
    WriteTransaction, insert_into, query,
};
use mainstay_events::{Append, Appender, Event, EventStore, Expected, StreamId, migrations};
use mainstay_servers::Postgres;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// Two hundred bytes.
#[derive(Serialize, Deserialize)]
struct Written {
    text: String,
}

impl Event for Written {
    fn event_type(&self) -> &'static str {
        "written"
    }
}

/// Those of the log, without the position.
const COLUMNS: [&str; 11] = [
    "stream_id",
    "version",
    "event_id",
    "type",
    "schema_version",
    "payload",
    "meta",
    "correlation_id",
    "causation_id",
    "actor",
    "recorded_at",
];

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let clients = arguments.next().map_or(Ok(64), |text| text.parse::<u64>())?;
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse::<u64>())?;
    let postgres = match arguments.next().as_deref() {
        None | Some("sqlite") => None,
        Some("postgres") => Some(Postgres::options().durable().start()),
        Some(other) => return Err(format!("{other} is neither sqlite nor postgres").into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let run = Run { clients, seconds, postgres };
        let ordered = run.measure("ordered", Way::Ordered).await?;
        let unordered = run.measure("unordered", Way::Unordered).await?;
        let single = run.measure("one by one", Way::OneByOne).await?;
        println!("ordered to unordered: {:.2} (at least 0.7)", ordered / unordered);
        println!("ordered to one by one: {:.1} (at least 7)", ordered / single);
        Ok(())
    })
}

struct Run {
    clients: u64,
    seconds: u64,
    postgres: Option<Postgres>,
}

#[derive(Clone, Copy)]
enum Way {
    Ordered,
    Unordered,
    OneByOne,
}

impl Run {
    /// Events a second, in a new database.
    async fn measure(&self, name: &str, way: Way) -> Result<f64, Failure> {
        let folder = tempfile::tempdir()?;
        let on_server = self.postgres.as_ref().map(Postgres::create_database);
        let settings = match &on_server {
            Some(database) => DatabaseSettings::new(DatabaseUrl::parse(&database.url())?),
            None => DatabaseSettings::file(folder.path().join("bench.db")),
        };
        let rate = rate(self.clients, self.seconds, settings, way).await?;
        println!("{name}: {rate:.0} events/s, {} clients", self.clients);
        Ok(rate)
    }
}

async fn rate(clients: u64, seconds: u64, settings: DatabaseSettings, way: Way) -> Result<f64, Failure> {
    let clock = Clock::system();
    let settings = DatabaseSettings { pool_timeout: Duration::from_mins(1), ..settings };
    let database = Database::open(&settings, &clock).await?;
    let by = MigratedBy { version: "0".into(), instance: "bench".into() };
    migrations().up(&database, &clock, None, &by).await?;

    let tasks = Tasks::new();
    let store = EventStore::new(database.clone(), clock.clone());
    let appender = Appender::start(store.clone(), &tasks);
    let unordered = Unordered::start(&database, &clock, &tasks).await?;
    let (done, appended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let began = clock.now();
    let callers: Vec<_> = (0..clients)
        .map(|client| {
            let (store, appender, unordered) = (store.clone(), appender.clone(), unordered.clone());
            let (done, appended) = (Arc::clone(&done), Arc::clone(&appended));
            tasks.spawn("client", async move {
                let event = Written { text: "x".repeat(188) };
                let stream = StreamId::of("bench", client)?;
                let mut version = 0;
                while !done.load(Ordering::Relaxed) {
                    version += 1;
                    let append = Append::new().events(&stream, Expected::Any, [&event]);
                    match way {
                        Way::Ordered => drop(appender.append(append).await?),
                        Way::OneByOne => drop(store.append(append).await?),
                        Way::Unordered => unordered.append(&stream, version, &event).await?,
                    }
                    appended.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Failure>(())
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await??;
    }
    let rate = appended.load(Ordering::Relaxed) as f64 / (clock.now() - began).as_secs_f64();
    appender.close().await;
    drop(unordered);
    database.close().await?;
    Ok(rate)
}

/// Group commit without order. Each client writes a stream of its own, so it knows the versions.
#[derive(Clone)]
struct Unordered {
    queue: mpsc::Sender<(String, i64, String, oneshot::Sender<()>)>,
}

impl Unordered {
    async fn start(database: &Database, clock: &Clock, tasks: &Tasks) -> Result<Self, Failure> {
        let mut write = database.write().await?;
        query(ByDialect {
            sqlite: "create table unordered (position integer primary key, stream_id text not null, \
                     version integer not null, event_id blob not null, type text not null, \
                     schema_version integer not null, payload text not null, meta text, correlation_id blob, \
                     causation_id blob, actor text, recorded_at integer not null, unique (stream_id, version)) \
                     strict",
            postgres: "create table unordered (position bigint generated always as identity primary key, \
                       stream_id text collate \"C\" not null, version bigint not null, event_id uuid not null, \
                       type text collate \"C\" not null, schema_version integer not null, \
                       payload text not null, meta text, correlation_id uuid, causation_id uuid, actor text, \
                       recorded_at bigint not null, unique (stream_id, version))",
        })
        .execute(&mut write)
        .await?;
        write.commit().await?;
        let (queue, mut waiting) = mpsc::channel::<(String, i64, String, oneshot::Sender<()>)>(4_096);
        let database = database.clone();
        let theirs = clock.clone();
        tasks.spawn("unordered", async move {
            while let Some(first) = waiting.recv().await {
                let mut batch = vec![first];
                while batch.len() < 512
                    && let Ok(next) = waiting.try_recv()
                {
                    batch.push(next);
                }
                let (mut rows, mut waiters) = (Vec::new(), Vec::new());
                for (stream, version, payload, waiter) in batch {
                    let id = random::uuid(&theirs).into();
                    rows.push([
                        stream.into(),
                        version.into(),
                        id,
                        "written".into(),
                        1_i64.into(),
                        payload.into(),
                        Value::Null,
                        Value::Null,
                        Value::Null,
                        Value::Null,
                        theirs.timestamp().into(),
                    ]);
                    waiters.push(waiter);
                }
                let mut write = database.write().await?;
                insert(&mut write, rows).await?;
                write.commit().await?;
                for waiter in waiters {
                    let _ = waiter.send(());
                }
                tokio::task::yield_now().await;
            }
            Ok::<_, Failure>(())
        });
        Ok(Self { queue })
    }

    async fn append(&self, stream: &StreamId, version: i64, event: &Written) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        let payload = serde_json::to_string(event)?;
        self.queue.send((stream.as_str().to_owned(), version, payload, reply)).await?;
        Ok(answer.await?)
    }
}

/// The rows as the log would write them.
async fn insert(write: &mut WriteTransaction, rows: Vec<[Value; COLUMNS.len()]>) -> Result<(), DbError> {
    if write.dialect() == Dialect::Sqlite {
        return insert_into("unordered", COLUMNS).rows(rows).execute(write).await.map(drop);
    }
    let mut columns = [const { Vec::new() }; COLUMNS.len()];
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    query(
        "insert into unordered (stream_id, version, event_id, type, schema_version, payload, meta, correlation_id, \
                                causation_id, actor, recorded_at)
         select * from unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::text[], \
                              $8::uuid[], $9::uuid[], $10::text[], $11::bigint[])",
    )
    .bind_all(columns.map(Value::List))
    .execute(write)
    .await
    .map(drop)
}
