use std::sync::{Arc, Mutex};

use mainstay_core::Tasks;
use mainstay_db::{Connection, insert_into, query};
use tokio::sync::Semaphore;

use super::{Happened, check_invariants, noting, store_with, stream};
use crate::{
    Append, AppendError, Applying, EventStore, Expected, InlineProjection, ProjectionError, RecordedEvent,
};

/// Keeps the names, each once; refuses what is called `refused`.
pub(super) struct Names;

impl InlineProjection for Names {
    fn name(&self) -> &'static str {
        "names"
    }

    fn apply<'a>(&'a self, transaction: &'a mut Connection, events: &'a [RecordedEvent]) -> Applying<'a> {
        Box::pin(async move {
            let mut rows = Vec::new();
            for event in events {
                if let Happened::Named { name } = event.decode()? {
                    if name == "refused" {
                        return Err(ProjectionError::Refused("that name is refused".into()));
                    }
                    rows.push([event.stream.name().into(), name.into()]);
                }
            }
            insert_into("name", ["id", "name"]).rows(rows).execute(transaction).await?;
            Ok(())
        })
    }
}

pub(super) async fn store_of_names(more: Vec<Arc<dyn InlineProjection>>) -> EventStore {
    let mut projections: Vec<Arc<dyn InlineProjection>> = vec![Arc::new(Names)];
    projections.extend(more);
    let store = store_with(projections).await;
    let mut write = store.inner.database.write().await.expect("the writer");
    query("create table name (id text primary key, name text not null unique)")
        .execute(&mut write)
        .await
        .expect("the table");
    write.commit().await.expect("the commit");
    store
}

pub(crate) async fn names(store: &EventStore) -> Vec<String> {
    let mut read = store.inner.database.read().await.expect("a reader");
    let rows = query("select name from name order by name").fetch_all(&mut read).await.expect("the names");
    rows.iter().map(|row| row.get(0).expect("a name")).collect()
}

fn naming(id: &str, name: &str) -> Append {
    Append::new().events(&stream(id), Expected::Any, &[Happened::Named { name: name.into() }])
}

#[tokio::test]
async fn events_and_models_come_together_or_not_at_all() {
    let store = store_of_names(Vec::new()).await;
    store.append(naming("1", "one")).await.expect("an append");
    assert_eq!(names(&store).await, ["one"]);

    let both =
        naming("2", "two").events(&stream("3"), Expected::Any, &[Happened::Named { name: "refused".into() }]);
    let error = store.append(both).await.expect_err("a refusal");
    assert!(
        matches!(error, AppendError::Projection { name: "names", source: ProjectionError::Refused(_) }),
        "{error:?}"
    );
    let error = store.append(naming("4", "one")).await.expect_err("a name twice");
    let AppendError::Projection { source: ProjectionError::Database(error), .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.constraint(), Some(mainstay_db::Constraint::Unique));
    assert_eq!(names(&store).await, ["one"]);
    assert_eq!(check_invariants(&store).await.len(), 1);
}

/// Notes the order of the calls.
struct Witness(&'static str, Arc<Mutex<Vec<(&'static str, u64)>>>);

impl InlineProjection for Witness {
    fn name(&self) -> &'static str {
        self.0
    }

    fn apply<'a>(&'a self, _: &'a mut Connection, events: &'a [RecordedEvent]) -> Applying<'a> {
        let mut seen = self.1.lock().expect("the list");
        seen.extend(events.iter().map(|event| (self.0, event.position.get())));
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn projections_see_all_events_in_order() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let witness = |name| Arc::new(Witness(name, Arc::clone(&seen))) as Arc<dyn InlineProjection>;
    let store = store_of_names(vec![witness("first"), witness("second")]).await;
    store
        .append(noting("a", 1).events(&stream("b"), Expected::Any, &[Happened::Noted(2)]))
        .await
        .expect("done");
    let seen = seen.lock().expect("the list");
    assert_eq!(*seen, [("first", 1), ("first", 2), ("second", 1), ("second", 2)]);
}

/// Holds each append until it is let go.
pub(super) struct Gate {
    pub(super) reached: Semaphore,
    pub(super) open: Semaphore,
}

impl InlineProjection for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn apply<'a>(&'a self, _: &'a mut Connection, _: &'a [RecordedEvent]) -> Applying<'a> {
        Box::pin(async move {
            self.reached.add_permits(1);
            self.open.acquire().await.expect("the gate stays").forget();
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_dropped_append_leaves_nothing_and_holds_nobody_up() {
    let gate = Arc::new(Gate { reached: Semaphore::new(0), open: Semaphore::new(0) });
    let store = store_of_names(vec![Arc::clone(&gate) as Arc<dyn InlineProjection>]).await;
    let tasks = Tasks::new();
    let theirs = store.clone();
    let dropped = tasks.spawn("dropped", async move { theirs.append(naming("1", "lost")).await });
    gate.reached.acquire().await.expect("the gate stays").forget();
    dropped.abort();
    let _ = dropped.await;

    gate.open.add_permits(1);
    let kept = store.append(naming("2", "kept")).await.expect("an append");
    assert_eq!(kept.first.get(), 1, "its positions were given back");
    assert_eq!(names(&store).await, ["kept"]);
    check_invariants(&store).await;
}
