//! A read model under 1,000 events a second: how far behind it is, and what a rebuild does to whoever reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Shutdown, Tasks};
use mainstay_db::query;
use mainstay_events::projections::operator::{self, Wish};
use mainstay_events::projections::{Folded, ProjectionSettings, Projections};
use mainstay_events::{Append, Appender, EventStore, Expected, StreamId};

use super::{Adding, Failure, STREAMS, Written};

/// How many events in each second.
const RATE: u64 = 1_000;

/// For so long it is measured how far behind the read model is.
const TIME: Duration = Duration::from_secs(15);

/// One of so many events is followed to the read model.
const SAMPLED: u64 = 10;

/// The slowest of a hundred, and the slowest, in milliseconds.
fn slowest(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let at = |index: usize| times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    (at(times.len().saturating_sub(1) * 99 / 100), at(times.len().saturating_sub(1)))
}

/// Measures it, and prints the figures.
pub(crate) async fn measure(store: &EventStore) -> Result<(), Failure> {
    let (tasks, shutdown, clock) = (Tasks::new(), Shutdown::new(), Clock::system());
    let settings = ProjectionSettings::new("bench");
    let projections = Projections::new(store.clone(), [Arc::new(Folded(Adding)) as _], settings);
    let (running, theirs, stop) = (projections.clone(), tasks.clone(), shutdown.clone());
    tasks.spawn("projections", async move { running.run(&theirs, stop).await });
    projections.wait_for("adding", store.head().await?, Duration::from_mins(5)).await?;

    let done = Arc::new(AtomicBool::new(false));
    let appender = Appender::start(store.clone(), &tasks);
    let following = tasks.spawn("writer", {
        let (appender, projections, done) = (appender.clone(), projections.clone(), Arc::clone(&done));
        let (clock, tasks) = (clock.clone(), tasks.clone());
        async move { write(&appender, &projections, &clock, &tasks, &done).await }
    });
    tokio::time::sleep(TIME).await;

    let reading = tasks.spawn("reader", {
        let (store, clock, done) = (store.clone(), clock.clone(), Arc::clone(&done));
        async move { read(&store, &clock, &done).await }
    });
    let from = store.head().await?;
    let began = clock.now();
    operator::wish(store.database(), "adding", None, Wish::Rebuild).await?;
    loop {
        let all = operator::status(store.database()).await?;
        let serving = all.iter().filter(|status| status.name == "adding" && status.role == "serving");
        if serving.map(|status| status.generation).max() > Some(1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = clock.now() - began;
    done.store(true, Ordering::Release);
    let (lag, _) = slowest(following.await??);
    let (usual, longest) = slowest(reading.await??);
    println!("lag: p99 {lag:.1} ms at {RATE} events/s");
    println!("rebuild under load: {:.0} events/s", from.get() as f64 / took.as_secs_f64());
    println!("reads during the rebuild: p99 {usual:.1} ms, longest {longest:.1} ms");
    appender.close().await;
    shutdown.begin();
    tasks.finished().await;
    Ok(())
}

/// Appends at its rate, whatever the answers take; gives back how long events took from their acknowledgement to the
/// read model, before the rebuild begins to share the machine.
async fn write(
    appender: &Appender,
    projections: &Projections,
    clock: &Clock,
    tasks: &Tasks,
    done: &AtomicBool,
) -> Result<Vec<Duration>, Failure> {
    let began = clock.now();
    let (mut number, mut sampled) = (0_u64, Vec::new());
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    while !done.load(Ordering::Acquire) {
        tick.tick().await;
        // As many as are due: a tick may come late.
        let due = u64::try_from((clock.now() - began).as_millis())? * RATE / 1_000;
        while number < due {
            number += 1;
            let event = Written { text: "x".repeat(188) };
            let append =
                Append::new().events(&StreamId::of("bench", number % STREAMS)?, Expected::Any, [&event]);
            let appender = appender.clone();
            let is_sampled = number % SAMPLED == 0 && clock.now() - began < TIME;
            let (projections, clock) = (projections.clone(), clock.clone());
            let one = tasks.spawn("append", async move {
                let appended = appender.append(append).await?;
                let acknowledged = clock.now();
                if !is_sampled {
                    return Ok::<_, Failure>(None);
                }
                projections.wait_for("adding", appended.last, Duration::from_secs(30)).await?;
                Ok(Some(clock.now() - acknowledged))
            });
            if is_sampled {
                sampled.push(one);
            }
        }
    }
    let mut lags = Vec::new();
    for one in sampled {
        lags.extend(one.await??);
    }
    Ok(lags)
}

/// Reads a row again and again, and how long each time took.
async fn read(store: &EventStore, clock: &Clock, done: &AtomicBool) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::new();
    while !done.load(Ordering::Acquire) {
        let began = clock.now();
        let mut read = store.database().read().await?;
        query("select count from adding where stream = $1").bind("bench-7").fetch_optional(&mut read).await?;
        times.push(clock.now() - began);
        drop(read);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(times)
}
