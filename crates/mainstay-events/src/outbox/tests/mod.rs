//! An outbox and destinations that misbehave on purpose.

mod crashing;
mod limits;
mod sending;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainstay_core::{Clock, Shutdown, Tasks};
use mainstay_db::{Database, DatabaseSettings, query};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::*;
use crate::store::tests::open;

/// Remembers what it took.
struct Taker {
    name: &'static str,
    took: Mutex<Vec<Uuid>>,
    /// Refuses as long as it is set.
    refuses: AtomicBool,
    /// Panics as long as it is set.
    panics: AtomicBool,
    /// A permit for each answer; closed when there is no need of any.
    answers: Semaphore,
}

impl Taker {
    fn new(name: &'static str) -> Arc<Self> {
        let taker = Self::slow(name);
        taker.answers.close();
        taker
    }

    /// Answers only when it gets a permit.
    fn slow(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            took: Mutex::default(),
            refuses: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            answers: Semaphore::new(0),
        })
    }

    fn took(&self) -> Vec<Uuid> {
        self.took.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Release);
    }
}

impl Destination for Taker {
    fn name(&self) -> &'static str {
        self.name
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> Delivery<'a> {
        Box::pin(async move {
            assert!(!self.panics.load(Ordering::Acquire), "at the sight of {}", message.id());
            if self.refuses.load(Ordering::Acquire) {
                return Err(DeliveryError::new("the line is dead"));
            }
            self.took.lock().unwrap_or_else(PoisonError::into_inner).push(message.id());
            if let Ok(permit) = self.answers.acquire().await {
                permit.forget();
            }
            Ok(())
        })
    }
}

fn settings() -> OutboxSettings {
    OutboxSettings {
        limit: Duration::from_secs(5),
        shortest_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(20),
        poll: Duration::from_millis(5),
        ..OutboxSettings::default()
    }
}

fn message(number: u32) -> Message {
    Message::new(id_of(&["test", &number.to_string()]), "test", "a test", &number).expect("JSON")
}

async fn database() -> Database {
    let settings = DatabaseSettings { pool_timeout: Duration::from_secs(5), ..DatabaseSettings::in_memory() };
    open(&settings).await
}

fn outbox(database: &Database, takers: &[&Arc<Taker>], settings: OutboxSettings) -> Outbox {
    let takers = takers.iter().map(|taker| Arc::clone(*taker) as Arc<dyn Destination>);
    Outbox::new(database, Clock::system(), takers, settings)
}

/// An outbox that sends.
struct Running {
    outbox: Outbox,
    tasks: Tasks,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

impl Running {
    fn start(outbox: Outbox) -> Self {
        let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
        let (sending, stopping) = (outbox.clone(), shutdown.clone());
        let task = tasks.spawn("outbox", async move { sending.run(stopping).await });
        Self { outbox, tasks, shutdown, task }
    }

    async fn stop(self) {
        self.shutdown.begin();
        self.task.await.expect("no panic");
    }

    /// As a process that is killed: nothing is asked.
    async fn kill(self) {
        self.task.abort();
        self.tasks.finished().await;
    }
}

async fn until(is: impl AsyncFn() -> bool) {
    let patient = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.expect("it comes to be so");
}

/// How many messages are in each state.
async fn states(database: &Database) -> BTreeMap<String, i64> {
    let mut read = database.read().await.expect("a reader");
    let rows = query("select state, count(*) from es_outbox group by state").fetch_all(&mut read).await;
    let rows = rows.expect("the rows");
    rows.iter().map(|row| (row.get(0).expect("a word"), row.get(1).expect("a number"))).collect()
}

async fn has(database: &Database, state: &str, count: i64) -> bool {
    states(database).await.get(state).copied().unwrap_or(0) == count
}
