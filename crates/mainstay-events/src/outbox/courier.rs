//! Whoever carries the messages for one destination, one after the other.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use mainstay_core::{Chain, Shutdown, random};
use mainstay_db::DbError;
use tokio::time::Instant;

use super::table::{self, Taken};
use super::{Destination, Inner, Message};

/// How often old rows are removed.
const TIDIED: Duration = Duration::from_hours(1);

/// Most characters of an error that are kept.
const ERROR: usize = 1_000;

/// Carries the messages for one destination.
pub(super) struct Courier<'a> {
    pub(super) outbox: &'a Inner,
    pub(super) destination: &'a dyn Destination,
}

impl Courier<'_> {
    /// Carries until the process stops.
    pub(super) async fn run(self, shutdown: &Shutdown) {
        let mut news = self.outbox.news.subscribe();
        let mut tidied: Option<Instant> = None;
        while !shutdown.has_begun() {
            // Before the look: what comes during it wakes us again.
            news.borrow_and_update();
            let now = self.outbox.clock.now();
            if tidied.is_none_or(|tidied| now.saturating_duration_since(tidied) >= TIDIED) {
                tidied = Some(now);
                let _ = self.tidy().await;
            }
            match self.carry_one().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(destination = self.destination.name(), %error, "the outbox waits for the database");
                }
            }
            tokio::select! {
                // Fails when the outbox is gone, and we with it.
                _ = news.changed() => {}
                () = tokio::time::sleep(self.outbox.settings.poll) => {}
                () = shutdown.begun() => {}
            }
        }
    }

    /// Takes one message and tries to hand it over; `false` when none is due.
    async fn carry_one(&self) -> Result<bool, DbError> {
        let (name, settings) = (self.destination.name(), &self.outbox.settings);
        let mut transaction = self.outbox.database.write().await?;
        let taken = table::take(&mut transaction, name, settings.lease()).await?;
        transaction.commit().await?;
        let Some(Taken { message, attempts, age }) = taken else { return Ok(false) };

        // No transaction is open meanwhile: it may take its time.
        let outcome = self.outbox.hand_over(self.destination, &message).await;
        let mut transaction = self.outbox.database.write().await?;
        match outcome {
            Ok(()) => table::settle(&mut transaction, name, &message, None).await?,
            Err(error) if age >= settings.give_up_after => {
                table::settle(&mut transaction, name, &message, Some(&error)).await?;
                let (id, subject) = (message.id(), message.subject());
                metrics::counter!("outbox_given_up_total", "destination" => name).increment(1);
                tracing::error!(critical = true, destination = name, %id, subject, attempts, error,
                    "a message is given up: nobody took it");
            }
            Err(error) => {
                let wait = self.wait_after(attempts);
                tracing::warn!(destination = name, id = %message.id(), attempts, error, "a message was not taken");
                table::postpone(&mut transaction, name, &message, &error, wait).await?;
            }
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn tidy(&self) -> Result<(), DbError> {
        let mut transaction = self.outbox.database.write().await?;
        table::tidy(&mut transaction, self.destination.name(), self.outbox.settings.keep).await?;
        transaction.commit().await
    }

    /// Random, within a bound that doubles.
    fn wait_after(&self, attempts: u32) -> Duration {
        let settings = &self.outbox.settings;
        let bound =
            settings.shortest_wait.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1).min(20)));
        let bound = u64::try_from(bound.min(settings.longest_wait).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(bound / 2 + random::below(bound / 2 + 1))
    }
}

impl Inner {
    /// One attempt, within its time; a panic is a refusal.
    pub(super) async fn hand_over(
        &self,
        destination: &dyn Destination,
        message: &Message,
    ) -> Result<(), String> {
        let began = self.clock.now();
        let delivering = AssertUnwindSafe(async { destination.deliver(message).await }).catch_unwind();
        let outcome = match tokio::time::timeout(self.settings.limit, delivering).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(Chain(&error).to_string().chars().take(ERROR).collect()),
            Ok(Err(_)) => Err("the code that sends it panicked".to_owned()),
            Err(_) => Err(format!("no answer within {} s", self.settings.limit.as_secs())),
        };
        let (name, word) = (destination.name(), if outcome.is_ok() { "taken" } else { "failed" });
        metrics::counter!("outbox_attempts_total", "destination" => name, "outcome" => word).increment(1);
        metrics::histogram!("outbox_attempt_seconds", "destination" => name)
            .record(self.clock.now().saturating_duration_since(began));
        outcome
    }
}
