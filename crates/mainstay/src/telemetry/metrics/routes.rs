//! Metrics as a route.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use schemars::SchemaGenerator;

use super::Metrics;
use crate::routes::{Answer, DescribeResponse, Operation, Priority};
use crate::{Control, Role, Routes};

/// The content type of Prometheus' text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All values in Prometheus' text format.
struct Exposition(String);

/// `/metrics` for anybody who reaches the listener: of a listener that keeps the public away.
pub fn routes(metrics: Metrics) -> Routes {
    registered()
        .public()
        .waive(Control::Host, "scrapers ask by address")
        .waive(Control::Admission, "operators have to see what is the matter most of all when it is busy")
        .waive(Control::Session, "scrapers have no session; the listener keeps the public away")
        .with_state(metrics)
}

/// `/metrics` where the public is served too: for operators, such as a scraper with an API token.
pub fn routes_for_operators(metrics: Metrics) -> Routes {
    registered().role(Role::Operator).with_state(metrics)
}

fn registered() -> Routes<Metrics> {
    Routes::new()
        .tag("Operations")
        .get("/metrics", render)
        .summary("Everything that is counted, in Prometheus' text format")
        .priority(Priority::Operations)
}

async fn render(State(metrics): State<Metrics>) -> Exposition {
    Exposition(metrics.render())
}

impl IntoResponse for Exposition {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, CONTENT_TYPE)], self.0).into_response()
    }
}

impl DescribeResponse for Exposition {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(Answer::new(StatusCode::OK).content("text/plain", None));
    }
}
