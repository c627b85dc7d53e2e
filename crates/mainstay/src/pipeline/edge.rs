//! The service around the whole router.

use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use mainstay_core::{Clock, random};
use tracing::Instrument;

use super::access::Access;
use super::{Exchange, GuardLayer, RequestSettings};
use crate::accept::{Handle, Peer};
use crate::refusal::{self, ErrorCode, Refusal};
use crate::routes::{Assembled, RouteProblem, RouteTable, Routes, assemble};
use crate::telemetry::metrics::{HttpMeter, RouteMeter};

/// The labels of requests that no route was reached for: they cannot grow the metrics.
const UNROUTED: &str = "(unmatched)";

/// Answers requests by the routes that are installed.
///
/// A service answers probes before it is built, so the routes can be replaced while requests are served:
/// each request sees one table from beginning to end.
#[derive(Clone)]
pub struct Edge {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    settings: RequestSettings,
    guard: GuardLayer,
    meter: HttpMeter,
    unrouted: RouteMeter,
    stage: RwLock<Assembled>,
}

impl Edge {
    /// An edge without routes, which counts its requests with `meter`.
    pub fn new(settings: RequestSettings, clock: Clock, meter: HttpMeter) -> Self {
        let guard = GuardLayer::new(&settings);
        let unrouted = meter.route(UNROUTED, UNROUTED);
        let shared = Shared { clock, settings, guard, meter, unrouted, stage: RwLock::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Replaces the routes. What no route matches is refused with `unmatched`.
    ///
    /// # Errors
    ///
    /// Every problem of the registrations; the routes in place stay.
    pub fn install(&self, routes: Routes, unmatched: ErrorCode) -> Result<RouteTable, Vec<RouteProblem>> {
        let Shared { settings, guard, meter, stage, .. } = &*self.shared;
        let assembled = assemble(routes, settings, guard, meter, unmatched)?;
        let table = assembled.table.clone();
        // A stage is two handles that are replaced together: a panic elsewhere cannot tear it.
        *stage.write().unwrap_or_else(PoisonError::into_inner) = assembled;
        Ok(table)
    }

    /// The routes in place.
    pub fn table(&self) -> RouteTable {
        self.stage().table
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Body>, peer: Peer) -> Response {
        let Shared { clock, settings, meter, unrouted, .. } = &*self.shared;
        let Assembled { router, table } = self.stage();
        let (head, body) = request.into_parts();
        let exchange = Exchange::open(&head, &peer, table, &settings.trusted_proxies, clock);
        // At the level of errors: whatever the log leaves out, no line of an error is without the id.
        let span = tracing::error_span!("request", request_id = %exchange.request_id());
        let access =
            Access::open(exchange.clone(), clock.clone(), span.clone(), meter.clone(), unrouted.clone());
        super::edge(router, exchange, access, Request::from_parts(head, body)).instrument(span).await
    }

    fn stage(&self) -> Assembled {
        self.shared.stage.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Handle for Edge {
    async fn handle(&self, request: Request<Incoming>, peer: Peer) -> Response {
        self.answer(request.map(Body::new), peer).await
    }

    fn refuse(&self, status: StatusCode) -> Bytes {
        let Shared { clock, meter, .. } = &*self.shared;
        let request_id = random::uuid(clock);
        let refusal = Refusal::new(ErrorCode::of_status(status));
        let code = refusal.code();
        meter.refused(code);
        // There is no request to write an access line of, only what it was refused for.
        tracing::info!(target: "mainstay::access", %request_id, status = status.as_u16(), code = code.as_str(), "refused unread");
        refusal::connection_refusal(&refusal, request_id, clock.timestamp())
    }
}
