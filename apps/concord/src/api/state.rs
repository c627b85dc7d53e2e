//! What the handlers share.

use axum::extract::FromRef;
use mainstay_core::Clock;
use mainstay_events::projections::Projections;

use super::{DocumentReader, Feed};
use crate::evaluation::Evaluator;
use crate::import::Importer;
use crate::ledger::Ledger;
use crate::read::export::ExportLimits;

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
