//! Group commit, from outside: through a gate, it is known what waits while a batch is carried out.

mod limits;
mod model;
mod neighbours;

use std::sync::Arc;

use mainstay_core::{Clock, Tasks};
use mainstay_db::{Connection, DatabaseSettings, query};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{Appender, AppenderLimits};
use crate::store::tests::{Happened, check_invariants, names, noting, open, stream};
use crate::{
    Append, AppendError, Appended, Applying, EventStore, Expected, InlineProjection, ProjectionError,
    RecordedEvent,
};

/// A store whose appends stop before the commit until they are let go, and what is to be seen of it.
struct Scene {
    appender: Appender,
    tasks: Tasks,
    gate: Arc<Gate>,
}

/// Keeps names, each once; stops at `gate`, refuses `refused`, panics at `panic`, counts rows for `count`.
struct Gate {
    reached: Semaphore,
    open: Semaphore,
}

impl InlineProjection for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn apply<'a>(&'a self, connection: &'a mut Connection, events: &'a [RecordedEvent]) -> Applying<'a> {
        Box::pin(async move {
            for event in events {
                let Ok(Happened::Named { name }) = event.decode() else { continue };
                match name.as_str() {
                    "gate" => {
                        self.reached.add_permits(1);
                        self.open.acquire().await.expect("the gate stays").forget();
                    }
                    "refused" => return Err(ProjectionError::Refused("that name is refused".into())),
                    "panic" => panic!("at the sight of it"),
                    _ => {}
                }
                let insert = query(
                    "insert into name (id, name) select $1, case $2 when 'count' then
                     (select count(*) from name) || ' before' else $2 end",
                );
                insert.bind(event.stream.name()).bind(name).execute(connection).await?;
            }
            Ok(())
        })
    }
}

impl Scene {
    async fn new() -> Self {
        Self::with(AppenderLimits::default()).await
    }

    async fn with(limits: AppenderLimits) -> Self {
        let database = open(&DatabaseSettings::in_memory()).await;
        let mut write = database.write().await.expect("the writer");
        query("create table name (id text primary key, name text not null unique)")
            .execute(&mut write)
            .await
            .expect("the table");
        write.commit().await.expect("the commit");
        let gate = Arc::new(Gate { reached: Semaphore::new(0), open: Semaphore::new(0) });
        let projections = vec![Arc::clone(&gate) as Arc<dyn InlineProjection>];
        let store = EventStore::with_projections(database, Clock::system(), projections);
        let tasks = Tasks::new();
        Self { appender: Appender::start_with(store, &tasks, limits), tasks, gate }
    }

    /// Begins an append, and waits until it waits or, for the first, is in the gate.
    async fn begin(&self, append: Append) -> JoinHandle<Result<Appended, AppendError>> {
        let (appender, before) = (self.appender.clone(), self.appender.waiting());
        let handle = self.tasks.spawn("caller", async move { appender.append(append).await });
        while self.appender.waiting() == before && !handle.is_finished() {
            tokio::task::yield_now().await;
        }
        handle
    }

    /// Keeps the task busy until [`Scene::let_go`], so that what comes meanwhile is one batch.
    async fn shut(&self) -> JoinHandle<Result<Appended, AppendError>> {
        let appender = self.appender.clone();
        let handle = self.tasks.spawn("caller", async move { appender.append(naming("gate", "gate")).await });
        self.gate.reached.acquire().await.expect("the gate stays").forget();
        handle
    }

    fn let_go(&self) {
        self.gate.open.add_permits(1);
    }
}

fn naming(id: &str, name: &str) -> Append {
    Append::new().events(&stream(id), Expected::NoStream, &[Happened::Named { name: name.into() }])
}
