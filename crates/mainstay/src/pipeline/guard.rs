//! The service in front of each handler.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::Request;
use tower::{Layer, Service, ServiceExt};

use super::exchange::Unguarded;
use super::{Exchange, RequestSettings};
use crate::controls::host::AllowedHosts;
use crate::controls::target::TargetLimits;
use crate::routes::Row;
use crate::{ErrorCode, Refusal};

/// The parts of the guard that all routes share.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(super) hosts: AllowedHosts,
    pub(super) target: TargetLimits,
}

/// Puts guards in front of handlers.
#[derive(Clone, Debug)]
pub(crate) struct GuardLayer {
    guard: Arc<Guard>,
}

/// Puts the guard of one route in front of its handler.
#[derive(Clone, Debug)]
pub(crate) struct RouteGuardLayer {
    guard: Arc<Guard>,
    row: Arc<Row>,
}

/// A handler behind its guard.
#[derive(Clone, Debug)]
pub(crate) struct Guarded<H> {
    guard: Arc<Guard>,
    row: Arc<Row>,
    handler: H,
}

impl GuardLayer {
    pub(crate) fn new(settings: &RequestSettings) -> Self {
        let guard = Guard { hosts: settings.allowed_hosts.clone(), target: settings.target };
        Self { guard: Arc::new(guard) }
    }

    /// The layer for one route.
    pub(crate) fn with(&self, row: Arc<Row>) -> RouteGuardLayer {
        RouteGuardLayer { guard: Arc::clone(&self.guard), row }
    }
}

impl<H> Layer<H> for RouteGuardLayer {
    type Service = Guarded<H>;

    fn layer(&self, handler: H) -> Guarded<H> {
        Guarded { guard: Arc::clone(&self.guard), row: Arc::clone(&self.row), handler }
    }
}

impl<H> Service<Request<Body>> for Guarded<H>
where
    H: Service<Request<Body>, Error = Infallible> + Clone + Send + 'static,
    H::Response: IntoResponse,
    H::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The handler is made ready inside the guard, by the clone that is then called.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { guard, row, handler } = self.clone();
        Box::pin(async move {
            let Some(exchange) = request.extensions().get::<Exchange>().cloned() else {
                return Ok(Refusal::new(ErrorCode::InternalError).because(Unguarded).into_response());
            };
            exchange.enter(&row);
            let handler = async move |request| match handler.oneshot(request).await {
                Ok(answer) => answer.into_response(),
                Err(never) => match never {},
            };
            let answer = super::guard(&row, handler, &exchange, request, &guard).await;
            Ok(answer.unwrap_or_else(IntoResponse::into_response))
        })
    }
}
