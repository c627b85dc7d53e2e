//! What stands in for a handler's answer.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request, header};

use super::last::Key;
use super::{Degradation, Degraded, is_outage};
use crate::routes::Row;
use crate::{ErrorCode, Refusal, Role};

/// What may stand in for the answer to one request.
pub(crate) struct Fallback<'a> {
    degraded: &'a Degraded,
    stale: Option<(Key, Duration)>,
}

impl Degraded {
    /// Before the handler: finds what may stand in for its answer.
    ///
    /// # Errors
    ///
    /// `circuit_open` for a route that is not to be tried now.
    pub(crate) fn prepare(
        &self,
        row: &Row,
        request: &Request<Body>,
        role: Option<Role>,
    ) -> Result<Fallback<'_>, Refusal> {
        let stale = match row.policy.degradation {
            Degradation::Fail => None,
            Degradation::Stale(max_age) => {
                // HEAD goes through a handler of GET, and has nothing to keep.
                let is_kept = request.method() == Method::GET && self.last.is_some();
                is_kept.then(|| (Key::of(request, role), max_age))
            }
            Degradation::ReadOnly => match (self.circuit)() {
                Some(wait) => {
                    metrics::counter!("degraded_answers_total", "kind" => "read_only").increment(1);
                    return Err(Refusal::of_outage(ErrorCode::CircuitOpen, Some(wait)));
                }
                None => None,
            },
        };
        Ok(Fallback { degraded: self, stale })
    }
}

impl Fallback<'_> {
    /// After the handler: keeps a good answer, unless it is for this caller only, and puts one in the place of an outage.
    ///
    /// # Errors
    ///
    /// The handler's own refusal, where nothing stands in for it.
    pub(crate) async fn settle(
        self,
        answer: Result<Response, Refusal>,
        is_personal: bool,
    ) -> Result<Response, Refusal> {
        let (Some((key, max_age)), Some(last)) = (self.stale, &self.degraded.last) else { return answer };
        let refused = match &answer {
            Ok(answer) => answer.extensions().get::<Refusal>(),
            Err(refusal) => Some(refusal),
        };
        match (refused.map(Refusal::code), answer) {
            (Some(code), answer) if is_outage(code) => {
                let Some(stale) = last.find(&key, max_age) else { return answer };
                metrics::counter!("degraded_answers_total", "kind" => "stale").increment(1);
                tracing::debug!(code = code.as_str(), "an old answer stands in");
                Ok(stale)
            }
            (None, Ok(answer)) if !is_personal => {
                let kept = last.keep(key, answer).await;
                kept.map_err(|error| Refusal::new(ErrorCode::InternalError).because(error))
            }
            (_, answer) => answer,
        }
    }
}

impl Key {
    fn of(request: &Request<Body>, role: Option<Role>) -> Self {
        let uri = request.uri();
        Self {
            target: uri.path_and_query().map_or_else(|| uri.path(), |target| target.as_str()).to_owned(),
            role,
            accept: request.headers().get(header::ACCEPT).cloned(),
        }
    }
}
