//! Getting what is not kept.

use mainstay_events::Version;
use tokio::time::Instant;

use super::compiled::{Compiled, CompiledCatalog, compile_catalog};
use super::{Library, not_found};
use crate::domain::{Catalog, Name, Schema, Stored};
use crate::evaluation::AnswerError;
use crate::read::{CatalogRevision, Named, Snapshot};

/// A catalogue with more items is not evaluated.
pub const MAX_ITEMS: u64 = 100_000;

/// Why something is not got.
pub(super) enum Miss {
    /// It is in another state by now.
    Moved,
    Failed(AnswerError),
}

impl<E: Into<AnswerError>> From<E> for Miss {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// One way of getting what is not kept.
pub(super) struct Look<'a> {
    pub(super) library: &'a Library,
    /// Whether it must be in the state asked for.
    pub(super) exact: bool,
    pub(super) deadline: Instant,
}

impl Look<'_> {
    pub(super) async fn catalog(
        &self,
        name: &Name,
        wanted: CatalogRevision,
    ) -> Result<CompiledCatalog, Miss> {
        let place = self.library.lane.enter(self.deadline).await?;
        let mut snapshot = Snapshot::take(&self.library.database).await?;
        let catalog = self.found(name, snapshot.find::<Catalog>(name).await?)?;
        let schema_name = &catalog.content.schema_name;
        let schema = self.found(schema_name, snapshot.find::<Schema>(schema_name).await?)?;
        self.unmoved(CatalogRevision::of(&catalog, &schema) == wanted)?;
        if catalog.item_count > MAX_ITEMS {
            let count = usize::try_from(catalog.item_count).unwrap_or(usize::MAX);
            return Err(AnswerError::CatalogTooLarge { count }.into());
        }
        let items = snapshot.items_for_evaluation(&catalog).await?;
        drop(snapshot);
        Ok(place.work(move |_| compile_catalog(&catalog.content, &schema.content, &items)).await??)
    }

    pub(super) async fn rules<T: Named, C: Send + Sync + 'static>(
        &self,
        name: &Name,
        wanted: Version,
        compile: fn(&T) -> Compiled<C>,
    ) -> Result<Compiled<C>, Miss> {
        let place = self.library.lane.enter(self.deadline).await?;
        let found = Snapshot::take(&self.library.database).await?.find::<T>(name).await?;
        let stored = self.found(name, found)?;
        self.unmoved(stored.revision == wanted)?;
        Ok(place.work(move |_| compile(&stored.content)).await?)
    }

    /// What was there a moment ago.
    fn found<T: Named>(&self, name: &Name, found: Option<Stored<T>>) -> Result<Stored<T>, Miss> {
        self.unmoved(found.is_some())?;
        found.ok_or_else(|| not_found(T::KIND, name).into())
    }

    fn unmoved(&self, is_wanted: bool) -> Result<(), Miss> {
        if self.exact && !is_wanted { Err(Miss::Moved) } else { Ok(()) }
    }
}
