//! What is stored, one file for each kind: created, listed, shown, changed, deleted.

mod catalogs;
mod cluster_rulesets;
mod items;
mod rulesets;
mod schemas;

use mainstay::{Refusal, Routes};

use super::Catalogues;
use super::answers::Listing;
use super::requests::Paging;
use crate::domain::Stored;
use crate::ledger::Ledger;
use crate::read::Named;

/// All of them, each below its own path.
pub(super) fn routes() -> Routes<Catalogues> {
    schemas::routes()
        .merge(rulesets::routes())
        .merge(cluster_rulesets::routes())
        .merge(catalogs::routes())
        .merge(items::routes())
}

/// A part of all things of a kind, as one state of the store has them.
async fn listed<T: Named, V: From<Stored<T>>>(
    ledger: &Ledger,
    paging: Paging,
) -> Result<Listing<V>, Refusal> {
    let mut snapshot = ledger.snapshot().await?;
    let total = snapshot.count::<T>().await?;
    let rows = snapshot.page::<T>(paging.page).await?.into_iter().map(V::from).collect();
    Ok(Listing { rows, total, paging })
}
