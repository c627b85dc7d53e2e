//! The routes that the runtime adds to an application's own.

use mainstay_core::Clock;

use crate::health::{self, Health, Identity};
use crate::identity::{self, Accounts};
use crate::life::Runtime;
use crate::life::admin::{self, Admin};
use crate::openapi::{self, About};
use crate::routes::{RouteProblem, RouteTable};
use crate::telemetry::metrics::{self, Metrics};
use crate::templates::TemplateError;
use crate::{Routes, Service, assets};

/// What the public listener answers beside the application: probes, what operators ask, the style sheet, signing in,
/// the API reference where it is on, and metrics for operators where no other listener has them.
pub(super) fn public<S: Service>(
    probes: Routes<S::State>,
    metrics: &Metrics,
    runtime: &Runtime,
    identity: Routes<S::State>,
) -> Routes<S::State> {
    let mut routes = probes.merge(assets::routes().with_state(())).merge(identity);
    if runtime.reference.enabled {
        let about = About { title: S::NAME, version: S::VERSION, description: S::ABOUT };
        routes = routes.merge(openapi::routes(about).with_state(()));
    }
    // Where no other listener keeps metrics from the public, they are for operators.
    if runtime.listen.management.is_none() {
        routes = routes.merge(metrics::routes_for_operators(metrics.clone()).with_state(()));
    }
    routes
}

/// Where people sign in, and manage what is theirs.
pub(super) fn identity<S: Service>(accounts: &Accounts) -> Result<Routes<S::State>, TemplateError> {
    let pages = identity::routes::pages(accounts)?;
    Ok(identity::routes::api().with_state(accounts.clone()).merge(pages))
}

/// What the listener for operators answers.
pub(super) fn management(admin: Admin, metrics: &Metrics) -> Routes {
    let probes = health::probes(admin.health.clone());
    probes.merge(admin::reports().with_state(admin)).merge(metrics::routes(metrics.clone()))
}

/// What operators ask at the public listener, and probes.
pub(super) fn operations<S: Clone + Send + Sync + 'static>(admin: &Admin) -> Routes<S> {
    probes(&admin.health).merge(admin::routes().with_state(admin.clone()))
}

/// What is answered from the first moment on.
pub(super) fn probes<S: Clone + Send + Sync + 'static>(health: &Health) -> Routes<S> {
    health::routes(health.clone()).with_state(())
}

/// Every route of the public listener, without a service that runs.
///
/// # Errors
///
/// All problems of the registrations at once.
pub fn route_table<S: Service>(service: &S, runtime: &Runtime) -> Result<RouteTable, Vec<RouteProblem>> {
    let identity = Identity { version: S::VERSION, environment: runtime.environment };
    let health = Health::new(identity, &Clock::system());
    let operations = probes(&health).merge(admin::routes().listed());
    let routes = public::<S>(operations, &Metrics::new(), runtime, identity::routes::listed());
    let routes = routes.merge(service.routes());
    let table = RouteTable::of(routes, &runtime.requests)?;
    let unlisted = table.unlisted(&runtime.requests.limits);
    if unlisted.is_empty() { Ok(table) } else { Err(unlisted) }
}
