//! The service around the whole router.

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use mainstay_core::{Clock, random};
use tracing::Instrument;

use super::access::Access;
use super::{Defences, Exchange, GuardLayer};
use crate::accept::{Handle, Peer};
use crate::controls::cors::MethodTable;
use crate::refusal::{self, ErrorCode, Refusal};
use crate::routes::{Assembled, RouteProblem, RouteTable, Routes, Row, assemble};
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
    defences: Arc<Defences>,
    meter: HttpMeter,
    unrouted: RouteMeter,
    stage: RwLock<Stage>,
}

/// The routes in place, and what is made of them.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) router: Router,
    pub(super) table: RouteTable,
    pub(super) methods: Arc<MethodTable>,
    pub(super) preflight: Arc<Row>,
}

impl Edge {
    /// An edge without routes, which counts its requests with `meter`.
    pub fn new(defences: Defences, clock: Clock, meter: HttpMeter) -> Self {
        let unrouted = meter.route(UNROUTED, UNROUTED);
        let preflight = Arc::new(Row::preflight(&defences.requests, &meter));
        let table = RouteTable::default();
        let defences = Arc::new(defences);
        let methods = Arc::new(MethodTable::new(&table));
        let stage = RwLock::new(Stage { router: Router::new(), table, methods, preflight });
        Self { shared: Arc::new(Shared { clock, defences, meter, unrouted, stage }) }
    }

    /// Replaces the routes. What no route matches is refused with `unmatched`.
    ///
    /// # Errors
    ///
    /// Every problem of the registrations; the routes in place stay.
    pub fn install(&self, routes: Routes, unmatched: ErrorCode) -> Result<RouteTable, Vec<RouteProblem>> {
        let Shared { defences, meter, stage, .. } = &*self.shared;
        let guard = GuardLayer::new(Arc::clone(defences));
        let Assembled { router, table } = assemble(routes, &defences.requests, &guard, meter, unmatched)?;
        let methods = Arc::new(MethodTable::new(&table));
        let preflight = Arc::clone(&self.stage().preflight);
        // A stage is a few handles that are replaced together: a panic elsewhere cannot tear it.
        *stage.write().unwrap_or_else(PoisonError::into_inner) =
            Stage { router, table: table.clone(), methods, preflight };
        Ok(table)
    }

    /// Serves a router as it is: what a composition would be that forgot its guards.
    #[cfg(test)]
    pub(super) fn install_as_it_is(&self, router: Router) {
        self.shared.stage.write().unwrap().router = router;
    }

    /// The layer that stands before the handler of a row.
    #[cfg(test)]
    pub(super) fn guard(&self) -> GuardLayer {
        GuardLayer::new(Arc::clone(&self.shared.defences))
    }

    /// The routes in place.
    pub fn table(&self) -> RouteTable {
        self.stage().table
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Body>, peer: Peer) -> Response {
        let Shared { clock, defences, meter, unrouted, .. } = &*self.shared;
        let stage = self.stage();
        let (head, body) = request.into_parts();
        let exchange =
            Exchange::open(&head, &peer, stage.table.clone(), &defences.requests.trusted_proxies, clock);
        // At the level of errors: whatever the log leaves out, no line of an error is without the id.
        let span = tracing::error_span!("request", request_id = %exchange.request_id());
        let access =
            Access::open(exchange.clone(), clock.clone(), span.clone(), meter.clone(), unrouted.clone());
        super::edge(stage, exchange, access, Request::from_parts(head, body), defences).instrument(span).await
    }

    fn stage(&self) -> Stage {
        self.shared.stage.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Handle for Edge {
    async fn handle(&self, request: Request<Incoming>, peer: Peer) -> Response {
        self.answer(request.map(Body::new), peer).await
    }

    fn refuse(&self, status: StatusCode) -> Bytes {
        let Shared { clock, meter, defences, .. } = &*self.shared;
        let request_id = random::uuid(clock);
        let refusal = Refusal::new(ErrorCode::of_status(status));
        let code = refusal.code();
        meter.refused(code);
        // There is no request to write an access line of, only what it was refused for.
        tracing::info!(target: "mainstay::access", %request_id, status = status.as_u16(), code = code.as_str(), "refused unread");
        refusal::connection_refusal(&refusal, request_id, clock.timestamp(), &defences.headers.lines())
    }
}
