//! What there is to see of admission.

use schemars::JsonSchema;
use serde::Serialize;

use crate::routes::{Cost, Priority};

/// How admission stands at one moment, and what it has done since the start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct AdmissionSnapshot {
    /// Whether work is limited at all.
    pub enabled: bool,
    /// The lanes, in the order of [`Cost::ALL`].
    pub lanes: [LaneSnapshot; Cost::ALL.len()],
}

/// How one lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct LaneSnapshot {
    /// Which requests it is for.
    pub cost: Cost,
    /// How many requests are worked on at once, at most.
    pub limit: u32,
    /// How many are.
    pub in_flight: u32,
    /// How many have begun, and wait for the rest of their bodies: they are not in flight meanwhile.
    pub waiting_for_clients: u32,
    /// How many wait for their turn.
    pub queued: u32,
    /// Whether the queue is standing: work comes faster than it is done, and some of it is turned away.
    pub overloaded: bool,
    /// How many requests a second were answered well in the last window.
    pub answers_per_second: f64,
    /// How many were let in, in the order of [`Priority::ALL`].
    pub admitted: [u64; Priority::ALL.len()],
    /// How many were turned away, in the order of [`Priority::ALL`].
    pub turned_away: [u64; Priority::ALL.len()],
}

impl AdmissionSnapshot {
    /// Whether any lane is overloaded.
    pub fn is_overloaded(&self) -> bool {
        self.lanes.iter().any(|lane| lane.overloaded)
    }
}
