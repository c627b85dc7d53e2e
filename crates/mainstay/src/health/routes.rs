//! The probes as routes.

use axum::extract::State;

use super::Health;
use super::answer::{Alive, Audience, HealthBody, Probed, ReadyBody};
use crate::routes::Priority;
use crate::{Control, Routes};

/// `/health`, `/health/live`, `/health/ready` and `/api/v1/health`.
pub fn routes(health: Health) -> Routes {
    let routes = Routes::new().tag("Health");
    let routes = let_in(routes.get("/health", report).summary("How well the service is"));
    let routes = let_in(routes.get("/api/v1/health", report).summary("How well the service is"));
    live_and_ready(routes, health)
}

/// The same for a listener that only operators reach: they see messages, and how admission stands.
pub fn routes_for_operators(health: Health) -> Routes {
    let routes = Routes::new().tag("Health");
    let routes = let_in(routes.get("/health", full_report).summary("How well the service is"));
    let routes = let_in(routes.get("/api/v1/health", full_report).summary("How well the service is"));
    live_and_ready(routes, health)
}

fn live_and_ready(routes: Routes<Health>, health: Health) -> Routes {
    let routes = let_in(routes.get("/health/live", live).summary("Whether the process is alive"));
    let routes = let_in(routes.get("/health/ready", ready).summary("Whether the service can serve"));
    routes.with_state(health)
}

/// Balancers and orchestrators ask by address, often, and without credentials.
fn let_in(routes: Routes<Health>) -> Routes<Health> {
    routes
        .public()
        .priority(Priority::Operations)
        .waive(Control::Host, "probes ask by address")
        .waive(
            Control::AddressLimit,
            "a probe costs nothing, and one that is refused restarts a healthy service",
        )
        .waive(
            Control::Admission,
            "a probe is answered from memory, and has to be answered most of all when it is busy",
        )
        .waive(Control::Session, "probes have no credentials")
        .waive(Control::IdentityLimit, "probes have no identity")
}

async fn live() -> Probed<Alive> {
    Health::live()
}

async fn ready(State(health): State<Health>) -> Probed<ReadyBody> {
    health.ready()
}

async fn report(State(health): State<Health>) -> Probed<HealthBody> {
    health.report(Audience::Public)
}

async fn full_report(State(health): State<Health>) -> Probed<HealthBody> {
    health.report(Audience::Operator)
}
