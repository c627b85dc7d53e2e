//! The proof that every control ran which a route demands.
//!
//! A control that ran leaves its stamp on the exchange. The stamps are compared with the route's row twice: before the
//! handler, so that nothing is done for a request that was not judged, and before the answer leaves. Either way what
//! is missing is a fault of ours: 500, a line of the level `CRITICAL`, and `control_stamp_missing_total`.
//!
//! | before the handler | verdict |
//! |---|---|
//! | every stamp but those of the exit | the handler is called |
//! | one is missing | refused |
//!
//! | before the answer leaves | verdict |
//! |---|---|
//! | the router answered, and no guard was reached | refused, whatever the answer |
//! | an error: of a control, of the edge, or of a handler that was proven before | leaves |
//! | anything else, with every stamp | leaves |
//! | anything else, and one is missing | refused |

use std::fmt;

use http::StatusCode;

use super::Exchange;
use crate::controls::{Control, ControlSet};
use crate::routes::Row;
use crate::{ErrorCode, Refusal};

/// A control that a route demands left no stamp.
#[derive(Debug, thiserror::Error)]
#[error("no stamp of {0}")]
pub(super) struct StampMissing(pub(super) Missing);

/// The controls that left no stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing(ControlSet);

/// Whether the handler may be called.
///
/// # Errors
///
/// [`StampMissing`] with all controls that did not run.
pub(super) fn of_request(exchange: &Exchange, row: &Row) -> Result<(), StampMissing> {
    let before: ControlSet = row.demanded.iter().filter(|control| !control.is_of_the_exit()).collect();
    complete(before, exchange)
}

/// The router answered by something that stands behind no guard.
pub(super) fn unguarded() -> StampMissing {
    StampMissing(Missing(Control::ALL.iter().copied().collect()))
}

/// Whether an answer may leave.
///
/// # Errors
///
/// [`StampMissing`] with all controls that did not run.
pub(super) fn of_answer(exchange: &Exchange, status: StatusCode) -> Result<(), StampMissing> {
    if status.is_client_error() || status.is_server_error() {
        return Ok(());
    }
    exchange.row().map_or_else(|| Err(unguarded()), |row| complete(row.demanded, exchange))
}

fn complete(demanded: ControlSet, exchange: &Exchange) -> Result<(), StampMissing> {
    let missing = demanded.without(exchange.stamps());
    if missing.is_empty() { Ok(()) } else { Err(StampMissing(Missing(missing))) }
}

impl From<StampMissing> for Refusal {
    fn from(missing: StampMissing) -> Self {
        Self::new(ErrorCode::InternalError).because(missing)
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(Control::as_str).collect::<Vec<_>>();
        f.write_str(&names.join(", "))
    }
}
