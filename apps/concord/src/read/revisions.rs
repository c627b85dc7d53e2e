//! In which state things are, without looking at what they are.

use mainstay_db::{Database, DbError, Row, query};
use mainstay_events::Version;
use uuid::Uuid;

use crate::domain::{Catalog, Name, Schema, Stored};

/// In which states the things that an evaluation names are; `None` where there is no such thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revisions {
    /// Of the catalogue.
    pub catalog: Option<CatalogRevision>,
    /// Of the pairwise ruleset.
    pub ruleset: Option<Version>,
    /// Of the cluster ruleset.
    pub cluster_ruleset: Option<Version>,
}

/// In which state a catalogue is, with its items and its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogRevision {
    /// Another one when a deleted name is used again.
    uid: Uuid,
    /// Moves with the catalogue and with each of its items.
    touched: u64,
    schema: Version,
}

impl CatalogRevision {
    /// The state that a catalogue and its schema were read in.
    pub fn of(catalog: &Stored<Catalog>, schema: &Stored<Schema>) -> Self {
        Self { uid: catalog.content.uid, touched: catalog.tag, schema: schema.revision }
    }
}

impl Revisions {
    /// Looks up the states of a catalogue, a ruleset and perhaps a cluster ruleset, all at one moment: one
    /// statement that reads a few rows by their keys.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn read(
        database: &Database,
        catalog: &Name,
        ruleset: &Name,
        cluster_ruleset: Option<&Name>,
    ) -> Result<Self, DbError> {
        let mut connection = database.read().await?;
        let row = query(
            "select catalog.uid, catalog.touched, schema.revision, ruleset.revision, cluster_ruleset.revision
             from (select 1) as one
             left join catalog on catalog.name = $1
             left join schema on schema.id = catalog.schema_id
             left join ruleset on ruleset.name = $2
             left join cluster_ruleset on cluster_ruleset.name = $3",
        )
        .bind(catalog)
        .bind(ruleset)
        .bind(cluster_ruleset.map(Name::as_str))
        .fetch_one(&mut connection)
        .await?;
        Ok(Self { catalog: catalog_of(&row)?, ruleset: row.get(3)?, cluster_ruleset: row.get(4)? })
    }
}

fn catalog_of(row: &Row) -> Result<Option<CatalogRevision>, DbError> {
    let Some(uid) = row.get(0)? else { return Ok(None) };
    Ok(Some(CatalogRevision { uid, touched: row.get(1)?, schema: row.get(2)? }))
}
