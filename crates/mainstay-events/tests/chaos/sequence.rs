//! A log as many write it: the position comes from a sequence, drawn before the commit.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Tasks, random};
use mainstay_db::{Database, query};

use crate::examine::Verdict;
use crate::log::database;

/// As many as write the real log.
const WRITERS: usize = 16;

/// Runs until so many events were acknowledged, and examines the log.
pub(crate) fn run(url: &str, events: usize) -> Verdict {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(run_on(url, events))
}

async fn run_on(url: &str, events: usize) -> Verdict {
    let database = database(url).await;
    let mut write = database.write().await.expect("a transaction");
    let table = "create table sequenced (position bigserial primary key, note bigint not null)";
    query(table).execute(&mut write).await.expect("the table");
    write.commit().await.expect("the commit");

    let (tasks, clock) = (Tasks::new(), Clock::system());
    let done = Arc::new(AtomicBool::new(false));
    let reader = tasks.spawn("reader", {
        let (database, done) = (database.clone(), Arc::clone(&done));
        async move { read_along(&database, &done).await }
    });
    let began = clock.now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let database = database.clone();
            let notes = (0..events / WRITERS).map(move |number| writer * 1_000_000 + number);
            tasks.spawn("writer", async move {
                let mut acknowledged = BTreeSet::new();
                for note in notes {
                    let note = u64::try_from(note).expect("small");
                    if append(&database, note).await {
                        acknowledged.insert(note);
                    }
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = BTreeSet::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("no panic"));
    }
    let took = clock.now() - began;
    done.store(true, Ordering::Release);
    let seen = reader.await.expect("no panic");
    Verdict { took, ..Verdict::of(&acknowledged, &seen) }
}

/// Appends a note, and takes it back or sleeps before the commit by lot; whether it is there.
async fn append(database: &Database, note: u64) -> bool {
    let mut write = database.write().await.expect("a transaction");
    let insert = query("insert into sequenced (note) values ($1)").bind(i64::try_from(note).expect("small"));
    insert.execute(&mut write).await.expect("written");
    match random::below(20) {
        0 => {
            write.rollback();
            return false;
        }
        1..5 => tokio::time::sleep(Duration::from_micros(random::below(3_000))).await,
        _ => {}
    }
    write.commit().await.expect("the commit");
    true
}

async fn read_along(database: &Database, done: &AtomicBool) -> Vec<(u64, u64)> {
    let mut seen: Vec<(u64, u64)> = Vec::new();
    loop {
        let last_round = done.load(Ordering::Acquire);
        let after = seen.last().map_or(0, |(position, _)| *position);
        let mut read = database.read().await.expect("a reader");
        let page =
            query("select position, note from sequenced where position > $1 order by position limit 1000");
        let rows =
            page.bind(i64::try_from(after).expect("small")).fetch_all(&mut read).await.expect("the rows");
        drop(read);
        if rows.is_empty() {
            if last_round {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        seen.extend(rows.iter().map(|row| (row.get(0).expect("a number"), row.get(1).expect("a number"))));
    }
}
