//! What a request names, or the refusal that says that it is not there.

use mainstay::Refusal;

use crate::commands::DomainError;
use crate::domain::{Item, Name, Resource, Stored};
use crate::ledger::Ledger;
use crate::read::{Named, Snapshot};

/// The thing of a name.
pub(in crate::api) async fn find<T: Named>(ledger: &Ledger, name: &Name) -> Result<Stored<T>, Refusal> {
    known(ledger.find::<T>(name).await?, name)
}

/// The thing of a name, as a snapshot has it.
pub(in crate::api) async fn find_in<T: Named>(
    snapshot: &mut Snapshot,
    name: &Name,
) -> Result<Stored<T>, Refusal> {
    known(snapshot.find::<T>(name).await?, name)
}

/// An item of a catalogue.
pub(in crate::api) async fn find_item(
    ledger: &Ledger,
    catalog: &Name,
    item_id: &Name,
) -> Result<Stored<Item>, Refusal> {
    let mut snapshot = ledger.snapshot().await?;
    let catalog = find_in(&mut snapshot, catalog).await?;
    known(snapshot.item(&catalog, item_id).await?, item_id)
}

fn known<T: Resource>(found: Option<Stored<T>>, name: &Name) -> Result<Stored<T>, Refusal> {
    Ok(found.ok_or_else(|| DomainError::not_found(T::KIND, name))?)
}
