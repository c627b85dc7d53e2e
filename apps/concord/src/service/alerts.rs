//! Telling people: what lies in the outbox goes through the channels that the settings name.

use std::sync::Arc;

use mainstay::BuildError;
use mainstay::health::Finding;
use mainstay::life::{App, Restart};
use mainstay_db::{Database, DbError};
use mainstay_events::outbox::{Destination, Outbox, OutboxSettings, operator};

/// Tries after which a message that waits is worth a word: the receiver is not just being restarted.
const TRIES: u32 = 3;

/// The outbox of a service, and a worker that sends what lies in it.
pub(crate) fn start<S>(app: &mut App<S>) -> Result<Outbox, BuildError> {
    let destinations = destinations(app)?;
    let (database, clock) = (app.database().clone(), app.clock().clone());
    let outbox = Outbox::new(&database, clock, destinations, OutboxSettings::default());
    if outbox.has_destinations() {
        let sending = outbox.clone();
        app.worker("outbox", Restart::budgeted(), move |shutdown| {
            let outbox = sending.clone();
            async move {
                outbox.run(shutdown).await;
                Ok(())
            }
        });
        app.health("alerts", move || {
            let database = database.clone();
            async move {
                match overdue(&database).await {
                    Ok(0) => Finding::healthy("nothing waits"),
                    Ok(count) => {
                        Finding::degraded(format!("{count} alerts were tried in vain; see `alert list`"))
                    }
                    Err(error) => Finding::degraded(error.to_string()),
                }
            }
        });
    }
    Ok(outbox)
}

/// How many messages wait that were tried in vain, up to a hundred.
async fn overdue(database: &Database) -> Result<usize, DbError> {
    let unsent = operator::unsent(database, 100).await?;
    Ok(unsent.iter().filter(|unsent| unsent.state == "waiting" && unsent.attempts >= TRIES).count())
}

/// Nobody: this build knows no channels.
#[cfg(not(feature = "alerts"))]
#[expect(clippy::unnecessary_wraps, reason = "as where there are channels")]
fn destinations<S>(_: &App<S>) -> Result<Vec<Arc<dyn Destination>>, BuildError> {
    Ok(Vec::new())
}

/// The channels that the settings name.
#[cfg(feature = "alerts")]
fn destinations<S>(app: &App<S>) -> Result<Vec<Arc<dyn Destination>>, BuildError> {
    let channels = channels::open(app.runtime(), app.clock(), app.tasks())?;
    Ok(channels
        .into_iter()
        .map(|channel| Arc::new(channels::Told(channel)) as Arc<dyn Destination>)
        .collect())
}

#[cfg(feature = "alerts")]
pub(crate) mod channels {
    //! The channels of the runtime as destinations of the outbox: neither knows the other.

    use mainstay::Service as _;
    use mainstay::alerts::{self, Alert, Channel, OpenError, Sender};
    use mainstay::life::Runtime;
    use mainstay_core::{Clock, Tasks};
    use mainstay_events::outbox::{Delivery, DeliveryError, Destination, Message};

    use crate::service::Concord;

    /// A channel that takes messages.
    pub(crate) struct Told(pub(crate) Channel);

    impl Destination for Told {
        fn name(&self) -> &'static str {
            self.0.name()
        }

        fn deliver<'a>(&'a self, message: &'a Message) -> Delivery<'a> {
            let alert = Alert {
                id: message.id(),
                topic: message.topic(),
                subject: message.subject(),
                details: message.body(),
            };
            Box::pin(async move { self.0.send(&alert).await.map_err(DeliveryError::new) })
        }
    }

    /// The channels that the settings name.
    pub(crate) fn open(runtime: &Runtime, clock: &Clock, tasks: &Tasks) -> Result<Vec<Channel>, OpenError> {
        let sender = Sender {
            service: Concord::NAME,
            environment: runtime.environment.name(),
            instance: runtime.process.instance_name.clone(),
        };
        alerts::open(&runtime.alerts, &sender, clock, tasks)
    }
}
