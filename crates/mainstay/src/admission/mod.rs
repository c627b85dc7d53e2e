//! Admission: how much work is taken on at once, and who is let in first.
//!
//! A service that takes on everything answers nobody once more is asked of it than it can do: each request gets its
//! share of too little. So each request needs a *permit* before it costs anything, the number of permits follows what
//! the service achieves, and who gets none is told so at once, and when to come back.
//!
//! - **Two lanes** ([`Cost`]): routes marked `slow` have permits of their own. Work that takes a second must not
//!   be what work that takes a millisecond waits for. Both lanes work alike.
//! - **The limit** of a lane moves by how long answers take, compared with what is usual for their route, and by
//!   whether doing more at once gets more done: the rules are in `gradient.rs`.
//! - **The queue** is short, for it only takes up bursts. Under overload (`codel.rs`) the newest go first and nobody
//!   waits for longer than twice the target. The better [`Priority`] always goes first, and the worst gives way.
//! - **A reserve** of a fifth belongs to operators and to signing in and out.
//! - **A permit is for work.** While a request waits for the rest of its body, its permit is lent to others: a client
//!   that drips holds a connection, and nothing else. When the head of the answer is there, the permit ends: streams
//!   and exports are bounded where they are made (lanes, pools), not here.
//!
//! The pure parts are told the time; they are tested as a simulation, `tests/simulation.rs`. The usual way costs two
//! atomic operations and two looks at the clock, takes no lock and allocates nothing.

mod backlog;
mod codel;
mod config;
mod gradient;
mod lane;
mod loan;
mod outcome;
mod permit;
mod queue;
mod snapshot;
mod tally;
mod ticket;
mod trend;
mod turn;
mod usual;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use mainstay_core::{Clock, random};
use tokio::time::timeout_at;

use crate::degradation::Circuit;
use crate::routes::{Cost, Priority, RoutePolicy};
use crate::{ErrorCode, Refusal};
use lane::{Arrival, Lane};
use turn::Turn;
use usual::UsualTime;

pub use config::AdmissionSettings;
pub(crate) use config::EXPLANATIONS;
pub(crate) use outcome::Outcome;
pub(crate) use permit::Permit;
pub use snapshot::{AdmissionSnapshot, LaneSnapshot};

/// What admission needs to know of a route.
#[derive(Debug)]
pub(crate) struct Course {
    cost: Cost,
    priority: Priority,
    usual: UsualTime,
}

impl Course {
    /// A route's.
    pub(crate) fn of(policy: &RoutePolicy) -> Self {
        Self { cost: policy.cost(), priority: policy.priority, usual: UsualTime::default() }
    }
}

/// The permits of a listener. Clones share them.
#[derive(Clone, Debug)]
pub struct Admission {
    shared: Arc<Shared>,
}

struct Shared {
    enabled: bool,
    clock: Clock,
    /// What holds up the work while it is out.
    circuit: Circuit,
    lanes: [Lane; Cost::ALL.len()],
}

impl Admission {
    /// Permits as the settings say, for work that nothing but itself holds up.
    pub fn new(settings: &AdmissionSettings, clock: &Clock) -> Self {
        Self::before(settings, clock, Arc::new(|| None))
    }

    /// Permits for work that a dependency may hold up: while its circuit is not closed, that is what whoever finds no
    /// room is told, and not that the service is overloaded.
    pub fn before(settings: &AdmissionSettings, clock: &Clock, circuit: Circuit) -> Self {
        let lanes = Cost::ALL.map(|cost| Lane::new(cost, settings, clock.now()));
        Self { shared: Arc::new(Shared { enabled: settings.enabled, clock: clock.clone(), circuit, lanes }) }
    }

    /// How things stand.
    pub fn snapshot(&self) -> AdmissionSnapshot {
        let Shared { enabled, clock, lanes, .. } = &*self.shared;
        let now = clock.now();
        AdmissionSnapshot { enabled: *enabled, lanes: lanes.each_ref().map(|lane| lane.snapshot(now)) }
    }

    /// A permit for one request, at once or after a short wait.
    ///
    /// # Errors
    ///
    /// See [`Admission::refusal`].
    ///
    /// # Cancel safety
    ///
    /// Safe: a dropped wait gives up its turn, and the permit if it had just got one.
    pub(crate) async fn admit<'a>(&'a self, course: &'a Course) -> Result<Permit<'a>, Refusal> {
        if !self.shared.enabled {
            return Ok(Permit::unlimited());
        }
        let lane = self.lane(course.cost);
        if !lane.try_admit(course.priority) {
            self.wait(course).await?;
        }
        Ok(Permit::held(self, course))
    }

    async fn wait(&self, course: &Course) -> Result<(), Refusal> {
        let lane = self.lane(course.cost);
        match lane.arrive(self.shared.clock.now(), course.priority) {
            Arrival::Admitted => Ok(()),
            Arrival::TurnedAway => Err(self.refusal(lane)),
            Arrival::Waits(ticket, key, until) => {
                let turn = Turn::new(self.clone(), course.cost, ticket, key);
                // Polled before the time is looked at: a permit that came at the last moment counts.
                let granted = timeout_at(until, turn.settled()).await;
                let granted = granted.unwrap_or_else(|_| turn.give_up(course.priority));
                if granted { Ok(()) } else { Err(self.refusal(lane)) }
            }
        }
    }

    /// Why there is no room, and when there may be some.
    ///
    /// | the circuit of what the work depends on | the refusal | to come back |
    /// |---|---|---|
    /// | open or half open: the permits are held by who waits for it | `circuit_open` | when it is tried again |
    /// | closed | `overloaded` | when what is ahead is likely to be done |
    fn refusal(&self, lane: &Lane) -> Refusal {
        if let Some(wait) = (self.shared.circuit)() {
            return Refusal::of_outage(ErrorCode::CircuitOpen, Some(wait));
        }
        let wait = lane.retry_after(self.shared.clock.now());
        Refusal::new(ErrorCode::Overloaded).retry_after(backlog::spread(wait, random::below))
    }

    fn lane(&self, cost: Cost) -> &Lane {
        &self.shared.lanes[cost as usize]
    }

    fn clock(&self) -> &Clock {
        &self.shared.clock
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("enabled", &self.enabled)
            .field("lanes", &self.lanes)
            .finish_non_exhaustive()
    }
}
