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
use super::{Defences, Exchange};
use crate::routes::Row;
use crate::{ErrorCode, Refusal};

/// Puts guards in front of handlers.
#[derive(Clone)]
pub(crate) struct GuardLayer {
    defences: Arc<Defences>,
}

/// Puts the guard of one route in front of its handler.
#[derive(Clone)]
pub(crate) struct RouteGuardLayer {
    defences: Arc<Defences>,
    row: Arc<Row>,
}

/// A handler behind its guard.
#[derive(Clone)]
pub(crate) struct Guarded<H> {
    defences: Arc<Defences>,
    row: Arc<Row>,
    handler: H,
}

impl GuardLayer {
    pub(crate) fn new(defences: Arc<Defences>) -> Self {
        Self { defences }
    }

    /// The layer for one route.
    pub(crate) fn with(&self, row: Arc<Row>) -> RouteGuardLayer {
        RouteGuardLayer { defences: Arc::clone(&self.defences), row }
    }
}

impl<H> Layer<H> for RouteGuardLayer {
    type Service = Guarded<H>;

    fn layer(&self, handler: H) -> Guarded<H> {
        Guarded { defences: Arc::clone(&self.defences), row: Arc::clone(&self.row), handler }
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
        let Self { defences, row, handler } = self.clone();
        Box::pin(async move {
            let Some(exchange) = request.extensions().get::<Exchange>().cloned() else {
                return Ok(Refusal::new(ErrorCode::InternalError).because(Unguarded).into_response());
            };
            exchange.enter(&row);
            let handler = async move |request| match handler.oneshot(request).await {
                Ok(answer) => answer.into_response(),
                Err(never) => match never {},
            };
            let answer = super::guard(&row, handler, &exchange, request, &defences).await;
            Ok(answer.unwrap_or_else(IntoResponse::into_response))
        })
    }
}
