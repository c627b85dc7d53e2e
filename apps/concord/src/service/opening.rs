//! How the parts of Concord are opened, each with what it stands on.

use std::sync::Arc;

use mainstay::telemetry::metrics::Metrics;
use mainstay_core::{Clock, Shutdown, Tasks};
use mainstay_db::Database;
use mainstay_events::projections::{Folded, Projection, ProjectionSettings, Projections};

use super::FAMILIES;
use crate::api::{Catalogues, DocumentReader, Feed};
use crate::engine::WorkersError;
use crate::evaluation::{Evaluator, EvaluatorLimits};
use crate::import::Importer;
use crate::ledger::Ledger;
use crate::read::CatalogSummaries;
use crate::settings::ConcordSettings;

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

impl Catalogues {
    /// Opens the catalogues of a database whose schema is current.
    ///
    /// # Errors
    ///
    /// When the threads for evaluations cannot be started.
    pub fn open(surroundings: Surroundings, settings: &ConcordSettings) -> Result<Self, WorkersError> {
        let Surroundings { database, clock, tasks, metrics, stopping } = surroundings;
        metrics.describe(FAMILIES);
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
