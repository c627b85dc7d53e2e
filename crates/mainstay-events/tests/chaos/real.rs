//! The real log: processes that write, a reader, and somebody who kills.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mainstay_core::{Clock, Shutdown, Tasks, random};
use mainstay_db::{MigratedBy, query};
use mainstay_events::{EventStore, Position, migrations};
use rustix::process::{Pid, Signal, kill_process};

use crate::child::{ACKNOWLEDGED, NUMBER, URL, WRITERS};
use crate::examine::Verdict;
use crate::log::{database, notes_after, projections, store, stream, summand};

/// Processes at a time: with the writers of each, 32 writers.
const PROCESSES: u64 = 32 / WRITERS;

/// Kills of a run, at least.
const KILLS: usize = 3;

/// Longer than the leases of projections.
const FROZEN: Duration = Duration::from_millis(800);

/// A process that appends. It is killed with the value.
struct Writing {
    child: Child,
    listener: Option<thread::JoinHandle<()>>,
}

impl Writing {
    fn start(url: &str, test: &str, number: u64, acknowledged: &Arc<Mutex<BTreeSet<u64>>>) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", test, "--nocapture"])
            .env(URL, url)
            .env(NUMBER, number.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the process starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let acknowledged = Arc::clone(acknowledged);
        let listening = move || {
            // The lines of the test harness are passed over.
            let notes = lines.map_while(Result::ok).filter_map(|line| {
                let (_, note) = line.split_once(ACKNOWLEDGED)?;
                note.parse::<u64>().ok()
            });
            for note in notes {
                acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(note);
            }
        };
        let listener = thread::Builder::new().spawn(listening).expect("a thread");
        Self { child, listener: Some(listener) }
    }

    /// Freezes it for longer than its leases last, so that it goes on as somebody who was thought dead.
    fn freeze(&self) {
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(process, Signal::STOP).expect("frozen");
        thread::sleep(FROZEN);
        kill_process(process, Signal::CONT).expect("goes on");
    }

    /// Kills it; what it said before counts.
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(listener) = self.listener.take() {
            listener.join().expect("no panic");
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs until so many events were acknowledged, and examines the log.
pub(crate) fn run(url: &str, test: &str, events: usize) -> Verdict {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(run_on(url, test, events))
}

async fn run_on(url: &str, test: &str, events: usize) -> Verdict {
    let store = prepare(url).await;
    let tasks = Tasks::new();
    let done = Arc::new(AtomicBool::new(false));
    let reader = tasks.spawn("reader", {
        let (store, done) = (store.clone(), Arc::clone(&done));
        async move { read_along(&store, &done).await }
    });
    let (clock, acknowledged) = (Clock::system(), Arc::new(Mutex::new(BTreeSet::new())));
    let began = clock.now();
    let kills = {
        let (url, test, acknowledged) = (url.to_owned(), test.to_owned(), Arc::clone(&acknowledged));
        tasks.spawn_blocking("killer", move || write_and_kill(&url, &test, events, &acknowledged))
    };
    let kills = kills.await.expect("no panic");
    let took = clock.now() - began;
    done.store(true, Ordering::Release);
    let seen = reader.await.expect("the reader saw no gap");
    let acknowledged = acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let wrong_rows = wrong_rows(&store, &seen).await;
    store.verify().await.expect("the log is whole");
    Verdict { wrong_rows, kills, took, ..Verdict::of(&acknowledged, &seen) }
}

async fn prepare(url: &str) -> EventStore {
    let database = database(url).await;
    let by = MigratedBy { version: "0".into(), instance: "chaos".into() };
    migrations().up(&database, &Clock::system(), None, &by).await.expect("the tables");
    let mut write = database.write().await.expect("the writer");
    let inline = "create table inline_row (position bigint primary key, stream text not null)";
    query(inline).execute(&mut write).await.expect("the table");
    write.commit().await.expect("the commit");
    let store = store(database);
    projections(&store).prepare().await.expect("the tables of the read model");
    store
}

/// Lets processes write and kills one after the other, until so many events were acknowledged.
fn write_and_kill(url: &str, test: &str, events: usize, acknowledged: &Arc<Mutex<BTreeSet<u64>>>) -> usize {
    let mut number = 0;
    let mut start = || {
        number += 1;
        Writing::start(url, test, number, acknowledged)
    };
    let mut writing: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
    let count = || acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len();
    let mut kills = 0;
    loop {
        let before = count();
        // At least one acknowledged append between two kills; no more than it takes to be in the middle of things.
        thread::sleep(Duration::from_millis(200 + random::below(600)));
        while count() == before {
            thread::sleep(Duration::from_millis(5));
        }
        let victim = usize::try_from(random::below(PROCESSES)).expect("a few");
        if random::below(3) == 0 {
            writing[victim].freeze();
            continue;
        }
        writing[victim].kill();
        kills += 1;
        if count() >= events && kills >= KILLS {
            return kills;
        }
        writing[victim] = start();
    }
}

/// Follows the log by the last position seen, until there is nothing more to come.
async fn read_along(store: &EventStore, done: &AtomicBool) -> Vec<(u64, u64)> {
    let mut seen: Vec<(u64, u64)> = Vec::new();
    loop {
        let last_round = done.load(Ordering::Acquire);
        let page = notes_after(store, seen.last().map_or(0, |(position, _)| *position)).await;
        if page.is_empty() {
            if last_round {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        seen.extend(page);
    }
}

/// How many rows of the read models are not what the log adds up to.
async fn wrong_rows(store: &EventStore, seen: &[(u64, u64)]) -> usize {
    let projections = projections(store);
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    let (running, theirs, stop) = (projections.clone(), tasks.clone(), shutdown.clone());
    let following = tasks.spawn("projections", async move { running.run(&theirs, stop).await });
    let head = Position::new(u64::try_from(seen.len()).expect("fits"));
    projections.wait_for("tally", head, Duration::from_mins(2)).await.expect("the read model comes there");
    shutdown.begin();
    following.await.expect("no panic");

    let mut expected: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = store.read_from(Position::new(after), 1_000).await.expect("an undamaged log");
        let Some(last) = page.last() else { break };
        after = last.position.get();
        for event in &page {
            let row = expected.entry(event.stream.as_str().to_owned()).or_default();
            row.0 += 1;
            row.1 += summand(event.decode::<crate::log::Noted>().expect("a note").note);
        }
    }
    let mut read = store.database().read().await.expect("a reader");
    let rows = query("select stream, count, sum from tally").fetch_all(&mut read).await.expect("the rows");
    let found: BTreeMap<String, (i64, i64)> = rows
        .iter()
        .map(|row| {
            let get = |index| row.get::<i64>(index).expect("a number");
            (row.get(0).expect("a stream"), (get(1), get(2)))
        })
        .collect();
    let inline = query("select count(*) from inline_row").fetch_one(&mut read).await.expect("the rows");
    let inline: u64 = inline.get(0).expect("a number");
    let wrong = expected.iter().filter(|(stream, row)| found.get(*stream) != Some(row)).count();
    let surplus = found.keys().filter(|stream| !expected.contains_key(*stream)).count();
    assert!(expected.contains_key(stream(0).as_str()), "all streams were written to");
    wrong + surplus + usize::from(inline != head.get())
}
