//! Messages that leave the service: alerts, webhooks.
//!
//! A message is a row, written in the transaction of what it tells of, and sent afterwards: what was rolled back
//! tells nothing, and what was committed is told, however often the process is killed in between. For each
//! [`Destination`] a message has a row of its own, so that one which is out of reach holds up no other.
//!
//! # At least once
//!
//! A message is sent again until a destination has said that it took it. When the process dies between that answer
//! and its note of it, the message is sent twice, with the same id. Nothing can do better than that: receivers that
//! count must remember ids.
//!
//! Ids are [made of what a message tells of](id_of), so whoever tells the same thing again, after a crash or from
//! another process, tells nothing new.
//!
//! | what | bound |
//! |---|---|
//! | one attempt | [`OutboxSettings::limit`], then it has failed |
//! | attempts | after growing random waits, until [`OutboxSettings::give_up_after`]; then a `CRITICAL` record, and the row stays for an operator |
//! | messages that wait for a destination | [`OutboxSettings::capacity`]; beyond it, a message is dropped with a `CRITICAL` record |
//! | rows of messages that were sent | kept for [`OutboxSettings::keep`], which is how long their ids are known |

mod courier;
mod message;
pub mod operator;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod unwritten;

pub use message::{Message, id_of};
pub use settings::OutboxSettings;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use mainstay_core::{Clock, Shutdown};
use mainstay_db::{Connection, Database, DbError, Scope, Work};
use tokio::sync::watch;

/// The answer of a destination, when it comes.
pub type Delivery<'a> = Pin<Box<dyn Future<Output = Result<(), DeliveryError>> + Send + 'a>>;

/// Somebody who takes messages.
pub trait Destination: Send + Sync + 'static {
    /// What it is called in rows, logs and metrics. It never changes.
    fn name(&self) -> &'static str;

    /// Hands a message over. `Ok` means that it was taken, and it is not sent again.
    fn deliver<'a>(&'a self, message: &'a Message) -> Delivery<'a>;
}

/// A destination has not taken a message.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DeliveryError(#[from] Box<dyn std::error::Error + Send + Sync>);

impl DeliveryError {
    /// An error because of another one.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// The outbox of a database, and who is told what lies in it. Clones share it.
///
/// Its table comes with [`migrations`](crate::migrations).
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    clock: Clock,
    destinations: Vec<Arc<dyn Destination>>,
    settings: OutboxSettings,
    /// Grows with each message, to wake those who send.
    news: watch::Sender<u64>,
    /// What the database would not take.
    unwritten: Mutex<VecDeque<Message>>,
}

impl Outbox {
    /// An outbox for these destinations. What lies in it is sent while [`Outbox::run`] runs.
    pub fn new(
        database: &Database,
        clock: Clock,
        destinations: impl IntoIterator<Item = Arc<dyn Destination>>,
        settings: OutboxSettings,
    ) -> Self {
        let (database, destinations) =
            (database.for_work(Work::Background), destinations.into_iter().collect());
        let (news, unwritten) = (watch::Sender::new(0), Mutex::default());
        Self { inner: Arc::new(Inner { database, clock, destinations, settings, news, unwritten }) }
    }

    /// Whether anybody would get a message.
    pub fn has_destinations(&self) -> bool {
        !self.inner.destinations.is_empty()
    }

    /// Writes a message in a transaction of the caller's; one of the same id is left as it is. After the commit,
    /// [`Outbox::announce`] lets it be sent at once.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the transaction must be rolled back.
    pub async fn put(&self, connection: &mut Connection, message: &Message) -> Result<(), DbError> {
        for destination in &self.inner.destinations {
            let name = destination.name();
            if !table::put(connection, name, message, self.inner.settings.capacity).await? {
                tracing::error!(
                    critical = true,
                    destination = name,
                    id = %message.id(),
                    subject = message.subject(),
                    "the outbox is full: a message is dropped"
                );
                metrics::counter!("outbox_dropped_total", "destination" => name).increment(1);
            }
        }
        Ok(())
    }

    /// Writes a message in a transaction of its own. When the database does not take it, it is kept in memory, and
    /// sent from there: for what tells that the database fails.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the message was written or not.
    pub async fn post(&self, message: Message) {
        if !self.has_destinations() {
            return;
        }
        match self.write(&message).await {
            Ok(()) => self.announce(),
            Err(error) => {
                tracing::warn!(%error, id = %message.id(), "a message is kept in memory");
                self.inner.remember(message);
                self.announce();
            }
        }
    }

    /// Lets what was written be sent at once. Whoever forgets it makes it a few seconds late.
    pub fn announce(&self) {
        self.inner.news.send_modify(|news| *news += 1);
    }

    /// Sends what lies in the outbox until the process stops. A message that is on its way then gets its time.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, messages on their way are sent again, here or by another process.
    pub async fn run(&self, shutdown: Shutdown) {
        let sending = self.inner.destinations.iter().map(|destination| {
            courier::Courier { outbox: &self.inner, destination: &**destination }.run(&shutdown)
        });
        let all = futures_util::future::join(
            futures_util::future::join_all(sending),
            unwritten::look_after(self, &shutdown),
        );
        Scope::new().of(Work::Background).run(Box::pin(all)).await;
    }

    async fn write(&self, message: &Message) -> Result<(), DbError> {
        let mut transaction = self.inner.database.write().await?;
        self.put(&mut transaction, message).await?;
        transaction.commit().await
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.inner.destinations.iter().map(|destination| destination.name()).collect();
        f.debug_struct("Outbox").field("destinations", &names).finish_non_exhaustive()
    }
}
