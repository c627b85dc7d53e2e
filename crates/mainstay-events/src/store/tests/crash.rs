//! `kill -9` in the middle of appends.

use std::io::{BufRead as _, BufReader, Write as _};
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

/// The program that is killed: appends from several tasks for ever, and says on standard output what was
/// acknowledged. The folder comes on standard input.
#[test]
#[ignore = "a helper: the test below starts it in a process of its own"]
fn child_that_appends() {
    let mut path = String::new();
    std::io::stdin().read_line(&mut path).expect("a path");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let database = open(&DatabaseSettings::file(path.trim())).await;
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

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_kill_nine() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.db");
    let mut acknowledged = Vec::new();
    for _ in 0..CRASHES {
        let mut child = Killed(
            Command::new(std::env::current_exe().expect("this program"))
                .args(["--exact", "store::tests::crash::child_that_appends", "--ignored", "--nocapture"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the child starts"),
        );
        let mut input = child.0.stdin.take().expect("its input");
        writeln!(input, "{}", path.display()).expect("the path is told");
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

    let database = open(&DatabaseSettings::file(&path)).await;
    let store = EventStore::new(database, Clock::system());
    let log = check_invariants(&store).await;
    for name in &acknowledged {
        let event = log.iter().find(|event| event.stream == stream(name));
        assert!(event.is_some(), "{name} was acknowledged");
    }
    assert_eq!(log.len() % 2, 0, "half an append was kept");
    let named = log.iter().filter(|event| event.event_type == "named").count();
    assert_eq!(super::projections::names(&store).await.len(), named, "the model is in step");
}
