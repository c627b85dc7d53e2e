//! `kill -9` in the middle of appends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use mainstay_core::{Clock, Tasks};
use mainstay_db::DatabaseSettings;

use super::projections::Names;
use super::{Happened, check_invariants, open, stream};
use crate::{Append, EventStore, Expected};

/// Crashes of one run.
const CRASHES: usize = 5;

/// Acknowledged appends before each of them, at least.
const BEFORE_EACH: usize = 25;

/// Names the file of the log to the process that is killed.
const CHILD: &str = "MAINSTAY_TEST_CRASH_LOG";

/// What the process that is killed does: appends from several tasks for ever, and says on standard output what was
/// acknowledged.
fn append_for_ever(path: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let database = open(&DatabaseSettings::file(path)).await;
        let mut write = database.write().await.expect("the writer");
        mainstay_db::query(
            "create table if not exists name (id text primary key, name text not null unique) strict",
        )
        .execute(&mut write)
        .await
        .expect("the table");
        write.commit().await.expect("the commit");
        let store = EventStore::with_projections(database, Clock::system(), vec![Arc::new(Names)]);
        let tasks = Tasks::new();
        for _ in 0..4 {
            let store = store.clone();
            tasks.spawn("appender", async move {
                loop {
                    let name = mainstay_core::random::uuid(&Clock::system()).to_string();
                    let named = Happened::Named { name: name.clone() };
                    let append = Append::new().events(&stream(&name), Expected::NoStream, &[named]).events(
                        &stream("shared"),
                        Expected::Any,
                        &[Happened::Noted(1)],
                    );
                    store.append(append).await.expect("an append");
                    // One line in one write, so that lines of several tasks do not mix.
                    let line = format!("acknowledged {name}\n");
                    std::io::stdout().write_all(line.as_bytes()).expect("standard output");
                }
            });
        }
        tasks.finished().await;
    });
}

/// Kills the child also when an assertion fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This test is both processes: it starts itself as the one that is killed.
#[test]
fn nothing_acknowledged_is_lost_by_kill_nine() {
    #[expect(clippy::disallowed_methods, reason = "it comes from this test, not from an operator")]
    let told = std::env::var(CHILD);
    if let Ok(path) = told {
        return append_for_ever(&path);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    let mut acknowledged = Vec::new();
    for _ in 0..CRASHES {
        let mut child = Killed(
            Command::new(std::env::current_exe().expect("this program"))
                .args([
                    "--exact",
                    "store::tests::crash::nothing_acknowledged_is_lost_by_kill_nine",
                    "--nocapture",
                ])
                .env(CHILD, &path)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the child starts"),
        );
        let mut lines = BufReader::new(child.0.stdout.take().expect("its output")).lines();
        let mut next = || loop {
            // The test harness's own lines, and a last one that was cut by the kill, are passed over.
            let line = lines.next()?.ok()?;
            if let Some((_, name)) = line.split_once("acknowledged ") {
                return Some(name.to_owned());
            }
        };
        acknowledged.extend((0..BEFORE_EACH).map(|_| next().expect("the child appends")));
        child.0.kill().expect("killed");
        // What it said before it was gone counts too, but for a line that was cut.
        acknowledged.extend(std::iter::from_fn(next).filter(|name| name.len() == 36));
    }

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(examine(&path, &acknowledged));
}

/// What is left is whole, and holds everything that was acknowledged.
async fn examine(path: &Path, acknowledged: &[String]) {
    let database = open(&DatabaseSettings::file(path)).await;
    let store = EventStore::new(database, Clock::system());
    let log = check_invariants(&store).await;
    for name in acknowledged {
        let event = log.iter().find(|event| event.stream == stream(name));
        assert!(event.is_some(), "{name} was acknowledged");
    }
    assert_eq!(log.len() % 2, 0, "half an append was kept");
    let named = log.iter().filter(|event| event.event_type == "named").count();
    assert_eq!(super::projections::names(&store).await.len(), named, "the model is in step");
}
