//! The way of a request, in one place.
//!
//! Two services do the work: the *edge* around the whole router, and a *guard* in front of each handler.
//! The guard is made with its route, so it holds the route's row and looks nothing up. What stands below
//! is the whole order; each control is one call, and its rules and decision table live with it.

mod access;
pub(crate) mod config;
mod defences;
mod edge;
mod exchange;
mod exit;
mod form;
mod guard;
mod proof;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::Request;
use mainstay_db::{Scope, Work};
use tokio::time::Instant;
use tower::ServiceExt;

use access::Access;
use edge::Stage;

use crate::admission::{Outcome, Permit};
use crate::controls::Control;
use crate::identity::Caller;
use crate::routes::{Auth, Row};
use crate::{ErrorCode, Refusal};

pub use config::RequestSettings;
pub use defences::{DefenceParts, Defences};
pub use edge::Edge;
pub(crate) use exchange::Unguarded;
pub use exchange::{Exchange, RequestId};
pub(crate) use guard::GuardLayer;

/// The edge: everything that happens once a request, whatever route it takes.
///
/// The exchange is open already: it has its id, its client and its clock before anything can refuse, so
/// every refusal can be told apart in answer and log.
async fn edge(
    stage: Stage,
    exchange: Exchange,
    access: Access,
    mut request: Request<Body>,
    defences: &Defences,
) -> Response {
    request.extensions_mut().insert(exchange.clone());

    // CORS first, so that its grant stands on every refusal too; a preflight goes no further.
    let methods = || stage.methods.of(request.uri().path());
    let cors = defences.cors.check(request.method(), request.headers(), methods);
    exchange.stamp(Control::Cors);

    let answer = match (exchange.ambiguity(), cors.preflight) {
        // Before routing: what makes the request ambiguous makes every later decision ambiguous.
        (Some(refusal), _) => refusal.into_response(),
        (None, Some(answer)) => {
            exchange.enter(&stage.preflight);
            answer.unwrap_or_else(IntoResponse::into_response)
        }
        // A panic in the router or in a layer around it; a handler's own is caught by its guard.
        (None, None) => match AssertUnwindSafe(stage.router.oneshot(request)).catch_unwind().await {
            // Whatever the router ends in stands behind a guard; what does not leaves for nobody.
            Ok(_) if exchange.row().is_none() => Refusal::from(proof::unguarded()).into_response(),
            Ok(answer) => answer.unwrap_or_else(|never| match never {}),
            Err(_) => ErrorCode::InternalError.status().into_response(),
        },
    };

    // The one way out, also for what the router itself refused.
    exit::leave(&exchange, access, answer, &cors.grant, defences)
}

/// The guard: everything that a route's row decides.
async fn guard<H>(
    row: &Row,
    handler: H,
    exchange: &Exchange,
    request: Request<Body>,
    defences: &Defences,
) -> Result<Response, Refusal>
where
    H: AsyncFnOnce(Request<Body>) -> Response,
{
    let demanded = |control| !row.policy.waives(control);

    // Host first: a request for somebody else's name gets nothing that costs more than a comparison.
    if demanded(Control::Host) {
        defences.requests.allowed_hosts.check(exchange.host())?;
        exchange.stamp(Control::Host);
    }

    // By address, while a request has cost next to nothing: before its body is read or its session looked for.
    let mut charged = [None; 2];
    if demanded(Control::AddressLimit) {
        let met = defences.limiter.by_address(&row.limits, exchange.client(), request.headers()).await;
        charged[0] = exchange.meet(met)?;
        exchange.stamp(Control::AddressLimit);
    }

    // The deadline runs from the request's arrival, so waiting for the body counts too.
    let deadline = exchange.received() + row.deadline;
    exchange.set_deadline(deadline);
    exchange.stamp(Control::Deadline);

    // Sizes that the head declares, before anything is read; what it does not declare is bounded while it is read.
    defences.requests.target.check(request.uri())?;
    exchange.stamp(Control::Target);
    row.body.check(request.headers())?;
    exchange.stamp(Control::Body);

    // Room for the work, before the first thing that costs any: what follows may ask a store or read a body.
    let mut permit = if demanded(Control::Admission) {
        let permit = within(deadline, defences.admission.admit(&row.course)).await??;
        exchange.stamp(Control::Admission);
        permit
    } else {
        Permit::unlimited()
    };
    let (head, body) = request.into_parts();
    let (body, report) = row.body.wrap(body);
    let mut request = Request::from_parts(head, permit.lend_while_reading(body));

    // Who it is.
    let caller = if demanded(Control::Session) {
        exchange.stamp(Control::Session);
        within(deadline, defences.callers.find(request.headers(), exchange.client())).await?
    } else {
        Caller::unasked()
    };
    caller.introduce(exchange, request.extensions_mut());

    // That a change comes from our own pages, before anybody is told what they may do.
    defences.csrf.open(exchange, caller.shown(), request.headers());
    if demanded(Control::Csrf) {
        let is_public = row.policy.auth == Auth::Public;
        request = within(deadline, defences.csrf.admit(exchange, is_public, request)).await??;
        exchange.stamp(Control::Csrf);
    }

    // And whether they may.
    if demanded(Control::Role) {
        caller.authorise(row.policy.auth)?;
        exchange.stamp(Control::Role);
    }

    // By identity, whatever address it comes from: only now is it known, and not just claimed.
    if demanded(Control::IdentityLimit) {
        if let Some(subject) = caller.subject() {
            charged[1] = exchange.meet(defences.limiter.by_identity(&row.limits, subject).await)?;
        }
        exchange.stamp(Control::IdentityLimit);
    }

    // Nothing is done for a request that a demanded control has not seen.
    proof::of_request(exchange, row)?;

    // What the route does while the database is not well: some are not tried, some have an answer to fall back on.
    let fallback = defences.degraded.prepare(row, &request, caller.role())?;

    // The handler, under catch-unwind: a panic is an answer like any other.
    // What it asks of the database is bounded by the deadline too, and comes from the lane of its route.
    let work = if row.policy.slow { Work::Slow } else { Work::Web };
    let scope = Scope::new().until(deadline).of(work);
    let work = scope.run(AssertUnwindSafe(handler(request)).catch_unwind());
    let answer = match within(deadline, work).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(ErrorCode::InternalError.into()),
        Err(late) => Err(late),
    };

    // An attempt with credentials that were good is no attempt to guess.
    let status = answer.as_ref().map_or_else(|refusal| refusal.code().status(), Response::status);
    defences.limiter.settle(&row.limits, &charged, status).await;

    let answer = fallback.settle(answer, exchange.is_personal() || caller.is_personal()).await;

    // What was done to the session is stored before the answer is let go.
    let answer = caller.keep(answer, &defences.callers).await;

    // The work is done; what is left of a stream is bounded where it is made.
    permit.end(Outcome::of(&answer));

    // A foreign extractor may have made a 400 of a body that was too large or too slow: tell the truth.
    match (report.failure(), answer) {
        (Some(failure), Ok(answer)) if answer.status().is_client_error() => Err(failure.into()),
        (_, answer) => answer,
    }
}

/// Waits until the deadline, and no longer.
async fn within<F: Future>(deadline: Instant, work: F) -> Result<F::Output, Refusal> {
    tokio::time::timeout_at(deadline, work).await.map_err(|_| ErrorCode::HandlerTimeout.into())
}
