//! Concord as a service: how its parts are put together.

use std::sync::Arc;

use axum::extract::FromRef;
use mainstay::health::Finding;
use mainstay::life::{App, Phase, Restart};
use mainstay::telemetry::metrics::Metrics;
use mainstay::{BuildError, Class, Routes, Service};
use mainstay_core::{Clock, Shutdown, Tasks};
use mainstay_db::{Database, Migrations};
use mainstay_events::Event as _;
use mainstay_events::projections::{Folded, Projection, ProjectionSettings, Projections};

use crate::api::{DocumentReader, Feed};
use crate::domain::Fact;
use crate::engine::WorkersError;
use crate::evaluation::{Evaluator, EvaluatorLimits};
use crate::import::Importer;
use crate::ledger::Ledger;
use crate::read::CatalogSummaries;
use crate::read::export::ExportLimits;
use crate::settings::ConcordSettings;
use crate::{alerts, api, demo, log, pages};

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Concord;

impl Service for Concord {
    const NAME: &'static str = "concord";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const ABOUT: &'static str =
        "Catalogues of things, rules that say which of them go together, and the answers.";

    const LIMITS: &'static [Class] = api::LIMITS;

    type Settings = ConcordSettings;
    type State = Catalogues;

    fn routes(&self) -> Routes<Catalogues> {
        let routes = api::routes().merge(pages::routes());
        #[cfg(feature = "drills")]
        let routes = routes.merge(crate::drill::routes());
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

/// What the catalogues stand on.
#[derive(Clone)]
pub struct Surroundings {
    /// The database, its schema current.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// The tasks of the process.
    pub tasks: Tasks,
    /// The metrics.
    pub metrics: Metrics,
    /// Tells long-lived answers when to end.
    pub stopping: Shutdown,
}

/// What the handlers share.
#[derive(Clone, Debug)]
pub struct Catalogues {
    /// Where commands are carried out and the read model is asked.
    pub ledger: Ledger,
    /// Reads what is to be imported.
    pub reader: DocumentReader,
    /// Imports documents.
    pub importer: Importer,
    /// Answers what goes together.
    pub evaluator: Evaluator,
    /// How large a page of an export may be.
    pub export: ExportLimits,
    /// The time.
    pub clock: Clock,
    /// The read models that follow the log by themselves.
    pub projections: Projections,
    /// What happens, live.
    pub feed: Feed,
}

impl Catalogues {
    /// Opens the catalogues of a database whose schema is current.
    ///
    /// # Errors
    ///
    /// When the threads for evaluations cannot be started.
    pub fn open(surroundings: Surroundings, settings: &ConcordSettings) -> Result<Self, WorkersError> {
        let Surroundings { database, clock, tasks, metrics, stopping } = surroundings;
        metrics.describe(log::FAMILIES);
        let evaluator = Evaluator::start(&database, &clock, &tasks, &metrics, EvaluatorLimits::default())?;
        let ledger = Ledger::open(database, clock.clone(), &tasks);
        let importer = Importer::new(ledger.clone(), clock.clone(), settings.max_import_items);
        let reader = DocumentReader::new(settings.files, tasks);
        let projections: Vec<Arc<dyn Projection>> = vec![Arc::new(Folded(CatalogSummaries))];
        let build = ProjectionSettings::new(env!("CARGO_PKG_VERSION"));
        let projections = Projections::new(ledger.events().clone(), projections, build);
        let feed = Feed::new(ledger.events().clone(), clock.clone(), stopping);
        Ok(Self { ledger, reader, importer, evaluator, export: settings.export, clock, projections, feed })
    }
}

macro_rules! part {
    ($part:ty, $field:ident) => {
        impl FromRef<Catalogues> for $part {
            fn from_ref(catalogues: &Catalogues) -> Self {
                catalogues.$field.clone()
            }
        }
    };
}

part!(Ledger, ledger);
part!(DocumentReader, reader);
part!(Importer, importer);
part!(Evaluator, evaluator);
part!(ExportLimits, export);
part!(Clock, clock);
part!(Projections, projections);
part!(Feed, feed);
