//! One lane at work: takes events in their order, and says what became of them.
//!
//! A lane is asked for, held under a fence and worked on (`work`); a page of the log is taken in transactions (`take`);
//! an event that cannot be applied is dealt with as the projection says (`poison`), unless there are so many that the
//! code must be wrong (`mass`); a lane that cannot go on stands until somebody helps it (`stand`).

mod mass;
mod poison;
mod stand;
mod take;
mod work;

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_core::Chain;
use mainstay_db::{DbError, DbErrorKind};
use tokio::time::Instant;

use super::definition::{Projection, Tables};
use super::failures::{Failure, MassPoison, Sort, sort};
use super::place::Place;
use super::runner::Runner;
use crate::{Position, ProjectionError};

/// One lane of a projection, whether or not it is ours at the moment.
pub(super) struct Lane {
    pub(super) runner: Arc<Runner>,
    pub(super) projection: Arc<dyn Projection>,
    pub(super) place: Place,
    pub(super) tables: Tables,
}

/// A lane that is ours, until the fence says otherwise.
struct Holding {
    fence: i64,
    position: Position,
    /// Keys that were put aside.
    aside: BTreeSet<String>,
    mass: MassPoison,
    /// When wishes and the end of the log were looked at.
    looked: Instant,
    /// When the lease was renewed.
    renewed: Instant,
    /// How many events are read next.
    page: u32,
}

/// Why a lane does not go on at once.
#[derive(Debug)]
pub(super) enum Stop {
    /// The process is stopping.
    Stopping,
    /// Somebody else has it, or its state was changed: take it anew.
    Lost,
    /// The database fails in a way that passes.
    Transient(String),
}

/// Why some events were not taken. Nothing of them is left.
pub(super) enum Refused {
    Stop(Stop),
    Poison(ProjectionError),
}

impl Lane {
    /// Why it does not go on, as of now and by this build.
    fn failure(&self, kind: &str, error: &str) -> Failure {
        Failure::new(kind, error, self.runner.build(), self.runner.clock().timestamp())
    }
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        ProjectionError::Database(error).into()
    }
}

impl From<ProjectionError> for Refused {
    fn from(error: ProjectionError) -> Self {
        match sort(&error) {
            Sort::Poison => Self::Poison(error),
            Sort::Transient => Self::Stop(Stop::Transient(Chain(&error).to_string())),
            Sort::Stopping => Self::Stop(Stop::Stopping),
        }
    }
}

impl From<DbError> for Stop {
    /// What our own statements meet is never the fault of an event.
    fn from(error: DbError) -> Self {
        match error.kind() {
            DbErrorKind::Closed => Self::Stopping,
            _ => Self::Transient(Chain(&error).to_string()),
        }
    }
}
