//! The way of a request, in one place.
//!
//! Two services do the work: the *edge* around the whole router, and a *guard* in front of each handler.
//! The guard is made with its route, so it holds the route's row and looks nothing up. What stands below
//! is the whole order; each control is one call, and its rules and decision table live with it.

mod access;
pub(crate) mod config;
mod edge;
mod exchange;
mod exit;
mod guard;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::Request;
use tower::ServiceExt;

use access::Access;

use crate::controls::Control;
use crate::routes::Row;
use crate::{ErrorCode, Refusal};

pub use config::RequestSettings;
pub use edge::Edge;
pub(crate) use exchange::Unguarded;
pub use exchange::{Exchange, RequestId};
pub(crate) use guard::{Guard, GuardLayer};

/// The edge: everything that happens once a request, whatever route it takes.
///
/// The exchange is open already: it has its id, its client and its clock before anything can refuse, so
/// every refusal can be told apart in answer and log.
async fn edge(router: Router, exchange: Exchange, access: Access, mut request: Request<Body>) -> Response {
    request.extensions_mut().insert(exchange.clone());

    // Before routing: what makes the request ambiguous makes every later decision ambiguous.
    let answer = match exchange.ambiguity() {
        Some(refusal) => refusal.into_response(),
        // A panic in the router or in a layer around it; a handler's own is caught by its guard.
        None => match AssertUnwindSafe(router.oneshot(request)).catch_unwind().await {
            Ok(answer) => answer.unwrap_or_else(|never| match never {}),
            Err(_) => ErrorCode::InternalError.status().into_response(),
        },
    };

    // The one way out, also for what the router itself refused.
    exit::leave(&exchange, access, answer)
}

/// The guard: everything that a route's row decides.
async fn guard<H>(
    row: &Row,
    handler: H,
    exchange: &Exchange,
    request: Request<Body>,
    guard: &Guard,
) -> Result<Response, Refusal>
where
    H: AsyncFnOnce(Request<Body>) -> Response,
{
    let demanded = |control| !row.policy.waives(control);

    // Host first: a request for somebody else's name gets nothing that costs more than a comparison.
    if demanded(Control::Host) {
        guard.hosts.check(exchange.host())?;
        exchange.stamp(Control::Host);
    }

    // The deadline runs from the request's arrival, so waiting for the body counts too.
    let deadline = exchange.received() + row.deadline;
    exchange.set_deadline(deadline);
    exchange.stamp(Control::Deadline);

    // Sizes that the head declares, before anything is read.
    guard.target.check(request.uri())?;
    exchange.stamp(Control::Target);
    row.body.check(request.headers())?;
    exchange.stamp(Control::Body);

    // What the head did not declare is bounded while it is read.
    let (head, body) = request.into_parts();
    let (body, report) = row.body.wrap(body);
    let request = Request::from_parts(head, body);

    // The handler, under its deadline and under catch-unwind.
    let work = AssertUnwindSafe(handler(request)).catch_unwind();
    let answer = match tokio::time::timeout_at(deadline, work).await {
        Err(_) => return Err(ErrorCode::HandlerTimeout.into()),
        Ok(Err(_)) => return Err(ErrorCode::InternalError.into()),
        Ok(Ok(answer)) => answer,
    };

    // A foreign extractor may have made a 400 of a body that was too large or too slow: tell the truth.
    match report.failure() {
        Some(failure) if answer.status().is_client_error() => Err(failure.into()),
        _ => Ok(answer),
    }
}
