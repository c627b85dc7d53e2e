//! Telling other instances that there are new events, and being told.
//!
//! Whoever follows the log looks by itself every [`poll`](crate::projections::ProjectionSettings::poll), which is what correctness
//! rests on. The bell makes that a matter of milliseconds: after its commits an instance rings with the position of the
//! newest event, at most once in five milliseconds; who hears it looks at the log, which wakes everybody who
//! [watches](crate::EventStore::watch) it in that process.

use std::time::Duration;

use mainstay_core::Shutdown;
use mainstay_db::{DbError, Dialect, Listener};
use tokio::sync::watch;

use crate::Position;
use crate::projections::runner::Runner;

/// The bell of all logs in a database: there is one.
const BELL: &str = "mainstay_events";

/// Commits that come within this time are rung for once.
const PAUSE: Duration = Duration::from_millis(5);

/// Rings and listens until the process stops.
pub(super) async fn run(runner: &Runner, shutdown: &Shutdown) {
    if runner.database().dialect() == Dialect::Sqlite {
        // There is one process, and it knows.
        return;
    }
    // What others have told us is not told to them.
    let told = watch::Sender::new(Position::START);
    let both = async { tokio::join!(ring(runner, &told), listen(runner, &told)) };
    tokio::select! {
        _ = both => {}
        () = shutdown.begun() => {}
    }
}

async fn ring(runner: &Runner, told: &watch::Sender<Position>) {
    let mut head = runner.store().watch();
    // What was appended before we came here was rung for by nobody.
    head.mark_changed();
    while head.changed().await.is_ok() {
        tokio::time::sleep(PAUSE).await;
        let position = *head.borrow_and_update();
        if position <= *told.borrow() {
            continue;
        }
        // Nobody is rung for while the database fails; others look by themselves.
        if let Err(error) = runner.database().ring(BELL, &position.to_string()).await {
            tracing::debug!(%error, "other instances were not told of new events");
        }
    }
}

async fn listen(runner: &Runner, told: &watch::Sender<Position>) {
    let mut failed = 0;
    loop {
        let error = match runner.database().listen(BELL).await {
            Ok(mut listener) => {
                failed = 0;
                match follow(runner, told, &mut listener).await {
                    Ok(never) => match never {},
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        tracing::debug!(%error, "not told of new events: looking by itself");
        tokio::time::sleep(runner.settings().back_off(failed)).await;
        failed += 1;
    }
}

async fn follow(
    runner: &Runner,
    told: &watch::Sender<Position>,
    listener: &mut Listener,
) -> Result<std::convert::Infallible, DbError> {
    // What was appended before we listened was not heard.
    runner.store().head().await?;
    loop {
        let word = listener.heard().await?;
        if let Ok(position) = word.parse::<u64>() {
            let position = Position::new(position);
            told.send_if_modified(|newest| {
                let is_news = *newest < position;
                *newest = position.max(*newest);
                is_news
            });
        }
        runner.store().head().await?;
    }
}
