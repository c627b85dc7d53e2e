//! A process that is killed: it appends for ever, says what was acknowledged, and lets the read model follow.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use mainstay_core::{Clock, Shutdown, Tasks, random};
use mainstay_events::{Append, AppendError, Appender, Expected};

use crate::log::{Noted, database, projections, store, stream};

/// Tells a process that it is one of these, and which log it writes.
pub(crate) const URL: &str = "MAINSTAY_CHAOS_URL";

/// Its number: no two processes of a run have the same.
pub(crate) const NUMBER: &str = "MAINSTAY_CHAOS_NUMBER";

/// Writers of one process.
pub(crate) const WRITERS: u64 = 16;

/// What stands before a note that was acknowledged.
pub(crate) const ACKNOWLEDGED: &str = "acknowledged ";

/// Does the work of such a process, if this is one. Then it only ends by being killed.
pub(crate) fn was_asked_for() -> bool {
    #[expect(clippy::disallowed_methods, reason = "it comes from the test that started this process")]
    let (url, number) = (std::env::var(URL), std::env::var(NUMBER));
    let (Ok(url), Ok(number)) = (url, number) else { return false };
    let number: u64 = number.parse().expect("a number");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(append_for_ever(&url, number));
    true
}

async fn append_for_ever(url: &str, number: u64) {
    // Panics are part of the plan; nobody wants to read of them.
    std::panic::set_hook(Box::new(|_| {}));
    let store = store(database(url).await);
    let tasks = Tasks::new();
    let following = projections(&store);
    let (theirs, shutdown) = (tasks.clone(), Shutdown::new());
    tasks.spawn("projections", async move { following.run(&theirs, shutdown).await });
    let appender = Appender::start(store, &tasks);
    for writer in 0..WRITERS {
        let appender = appender.clone();
        tasks.spawn("writer", async move {
            let first = (number << 32) + (writer << 24);
            let mut next = first;
            loop {
                let count = 1 + random::below(3);
                let notes: Vec<u64> = (next..next + count).collect();
                next += count;
                if write(&appender, &notes).await {
                    // One line in one write, so that lines of several writers do not mix.
                    let mut lines = String::new();
                    for note in notes {
                        // Writing to a String cannot fail.
                        let _ = writeln!(lines, "{ACKNOWLEDGED}{note}");
                    }
                    std::io::stdout().write_all(lines.as_bytes()).expect("standard output");
                }
                if random::below(20) == 0 {
                    tokio::time::sleep(Duration::from_micros(random::below(2_000))).await;
                }
            }
        });
    }
    tasks.finished().await;
}

/// Appends notes to one stream, repeating the append under its id until the answer is known; whether they are there.
async fn write(appender: &Appender, notes: &[u64]) -> bool {
    let id = random::uuid(&Clock::system());
    let events: Vec<Noted> = notes.iter().map(|note| Noted { note: *note }).collect();
    let which = stream(random::below(1_000));
    loop {
        let append = Append::new().events(&which, Expected::Any, &events).idempotent(id);
        let answer = match random::below(10) {
            // Gone before the answer: the repetition tells.
            0 => match tokio::time::timeout(
                Duration::from_micros(random::below(5_000)),
                appender.append(append),
            )
            .await
            {
                Ok(answer) => answer,
                Err(_) => continue,
            },
            _ => appender.append(append).await,
        };
        match answer {
            Ok(_) => return true,
            Err(AppendError::Projection { .. }) => return false,
            Err(AppendError::Database(error)) if error.is_transient() => {}
            Err(AppendError::Overloaded { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}
