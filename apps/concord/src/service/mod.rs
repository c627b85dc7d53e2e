//! Concord as a service: how its parts are put together, and what runs beside them.

mod alerts;
pub mod demo;
#[cfg(feature = "drills")]
mod drill;
mod metrics;
mod opening;

use std::sync::Arc;

use mainstay::health::Finding;
use mainstay::life::{App, Phase, Restart};
use mainstay::{BuildError, Class, Routes, Service};
use mainstay_db::Migrations;
use mainstay_events::Event as _;

#[cfg(feature = "alerts")]
pub(crate) use self::alerts::channels;
pub use self::metrics::FAMILIES;
pub use self::opening::Surroundings;
use crate::api::Catalogues;
use crate::domain::Fact;
use crate::settings::ConcordSettings;
use crate::{api, pages};

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Concord;

impl Service for Concord {
    const NAME: &'static str = "concord";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const ABOUT: &'static str = pages::ABOUT;

    const LIMITS: &'static [Class] = api::LIMITS;

    type Settings = ConcordSettings;
    type State = Catalogues;

    fn routes(&self) -> Routes<Catalogues> {
        let routes = api::routes().merge(pages::routes());
        #[cfg(feature = "drills")]
        let routes = routes.merge(drill::routes());
        routes
    }

    fn migrations(&self) -> Migrations {
        migrations()
    }

    async fn build(&self, app: &mut App<ConcordSettings>) -> Result<Catalogues, BuildError> {
        let settings = Arc::clone(app.settings());
        let surroundings = Surroundings {
            database: app.database().clone(),
            clock: app.clock().clone(),
            tasks: app.tasks().clone(),
            metrics: app.metrics().clone(),
            stopping: app.stopping().child(),
        };
        // With the first step of the drain, which waits for all answers: this one would not end by itself.
        let live = surroundings.stopping.clone();
        app.on_shutdown("live events", Phase::Requests, async move |_| {
            live.begin();
            Ok(())
        });
        let mut catalogues = Catalogues::open(surroundings, &settings)?;
        catalogues.projections = catalogues.projections.telling(alerts::start(app)?);
        catalogues.feed = catalogues.feed.ending_with(app.accounts().sessions().clone());
        follow(app, &catalogues).await?;
        let ledger = catalogues.ledger.clone();
        // What is registered first ends last: workers may append until they end.
        app.on_shutdown("appender", Phase::Workers, async move |_| {
            ledger.close().await;
            Ok(())
        });
        if settings.demo_data {
            demo::fill_if_empty(&catalogues).await?;
        }
        Ok(catalogues)
    }
}

/// Lets the read models follow the log that are not written with it.
async fn follow(app: &mut App<ConcordSettings>, catalogues: &Catalogues) -> Result<(), BuildError> {
    // An old fact that nothing reads any more is found now, and not when somebody needs it.
    if let Err(problems) = Fact::upcasters().check() {
        return Err(problems
            .into_iter()
            .map(|problem| problem.to_string())
            .collect::<Vec<_>>()
            .join("; ")
            .into());
    }
    let projections = catalogues.projections.clone();
    projections.prepare().await?;
    let (running, tasks) = (projections.clone(), app.tasks().clone());
    app.worker("projections", Restart::budgeted(), move |shutdown| {
        let (projections, tasks) = (running.clone(), tasks.clone());
        async move {
            projections.run(&tasks, shutdown).await;
            Ok(())
        }
    });
    let database = app.database().clone();
    app.health("projections", move || {
        let (projections, database) = (projections.clone(), database.clone());
        async move {
            match projections.health(&database).await {
                Ok(health) if health.is_well => Finding::healthy(health.message),
                Ok(health) => Finding::degraded(health.message),
                Err(error) => Finding::degraded(error.to_string()),
            }
        }
    });
    Ok(())
}

/// The schema: the log's own tables, then the read model.
pub fn migrations() -> Migrations {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "migrations"]
    struct Files;

    mainstay_events::migrations().and_embedded::<Files>("concord")
}
