//! The probes as routes.

use axum::extract::State;

use super::Health;
use super::answer::{Alive, Audience, HealthBody, Probed, ReadyBody};
use crate::routes::{Endpoint, Priority};
use crate::{Control, Routes};

/// `/health`, `/health/live`, `/health/ready` and `/api/v1/health`.
pub fn routes(health: Health) -> Routes {
    reports(report).with_state(health.clone()).merge(probes(health))
}

/// `/health/live` and `/health/ready`.
pub(crate) fn probes(health: Health) -> Routes {
    let routes = Routes::new().tag("Health");
    let routes = let_in(routes.get("/health/live", live).summary("Whether the process is alive"));
    let routes = let_in(routes.get("/health/ready", ready).summary("Whether the service can serve"));
    routes.with_state(health)
}

/// `/health` and `/api/v1/health`, answered by this handler.
pub(crate) fn reports<H, T, S>(report: H) -> Routes<S>
where
    H: Endpoint<T, S> + Copy,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    let routes = Routes::new().tag("Health");
    let routes = let_in(routes.get("/health", report).summary("How well the service is"));
    let_in(routes.get("/api/v1/health", report).summary("How well the service is"))
}

/// Balancers and orchestrators ask by address, often, and without credentials.
fn let_in<S: Clone + Send + Sync + 'static>(routes: Routes<S>) -> Routes<S> {
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
