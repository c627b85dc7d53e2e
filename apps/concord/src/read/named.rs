//! How the kinds with names of their own lie in their tables.

use mainstay_db::{DbError, Row};

use super::column::Json;
use crate::domain::{Catalog, ClusterRuleset, Resource, Ruleset, Schema, Stored};

/// A kind whose things have names, and a table each.
///
/// All statements on it begin with [`SELECT`](Named::SELECT), in which `it` is the table of the kind.
pub trait Named: Resource {
    /// The columns and the tables.
    const SELECT: &'static str;

    /// The table.
    const TABLE: &'static str;

    /// Reads a row of the statement.
    ///
    /// # Errors
    ///
    /// When the row is not one of its.
    fn read(row: &Row) -> Result<Stored<Self>, DbError>;
}

/// The columns that every kind begins with.
pub(super) const HEAD: usize = 5;

/// What stands around the content.
pub(super) fn stored<T>(row: &Row, content: T) -> Result<Stored<T>, DbError> {
    Ok(Stored {
        id: row.get(0)?,
        revision: row.get(1)?,
        tag: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        item_count: 0,
        content,
    })
}

impl Named for Schema {
    const TABLE: &'static str = "schema";

    const SELECT: &'static str = "select it.id, it.revision, it.revision, it.created_at, it.updated_at,
         it.name, it.version, it.description, it.dimensions, it.invalid
         from schema it";

    fn read(row: &Row) -> Result<Stored<Self>, DbError> {
        let Json(dimensions) = row.get(HEAD + 3)?;
        let content = Self {
            name: row.get(HEAD)?,
            version: row.get(HEAD + 1)?,
            description: row.get(HEAD + 2)?,
            dimensions,
            invalid: row.get(HEAD + 4)?,
        };
        stored(row, content)
    }
}

impl Named for Ruleset {
    const TABLE: &'static str = "ruleset";

    const SELECT: &'static str = "select it.id, it.revision, it.revision, it.created_at, it.updated_at,
         it.name, it.version, it.description, schema.name, it.rules, it.invalid
         from ruleset it join schema on schema.id = it.schema_id";

    fn read(row: &Row) -> Result<Stored<Self>, DbError> {
        let Json(rules) = row.get(HEAD + 4)?;
        let content = Self {
            name: row.get(HEAD)?,
            version: row.get(HEAD + 1)?,
            description: row.get(HEAD + 2)?,
            schema_name: row.get(HEAD + 3)?,
            rules,
            invalid: row.get(HEAD + 5)?,
        };
        stored(row, content)
    }
}

impl Named for ClusterRuleset {
    const TABLE: &'static str = "cluster_ruleset";

    const SELECT: &'static str = "select it.id, it.revision, it.revision, it.created_at, it.updated_at,
         it.name, it.version, it.description, schema.name, ruleset.name, it.rules, it.invalid
         from cluster_ruleset it
         join schema on schema.id = it.schema_id
         join ruleset on ruleset.id = it.pairwise_ruleset_id";

    fn read(row: &Row) -> Result<Stored<Self>, DbError> {
        let Json(rules) = row.get(HEAD + 5)?;
        let content = Self {
            name: row.get(HEAD)?,
            version: row.get(HEAD + 1)?,
            description: row.get(HEAD + 2)?,
            schema_name: row.get(HEAD + 3)?,
            pairwise_ruleset_name: row.get(HEAD + 4)?,
            rules,
            invalid: row.get(HEAD + 6)?,
        };
        stored(row, content)
    }
}

impl Named for Catalog {
    const TABLE: &'static str = "catalog";

    const SELECT: &'static str = "select it.id, it.revision, it.touched, it.created_at, it.updated_at,
         it.uid, it.name, it.description, schema.name, it.metadata, it.item_count
         from catalog it join schema on schema.id = it.schema_id";

    fn read(row: &Row) -> Result<Stored<Self>, DbError> {
        let Json(metadata) = row.get(HEAD + 4)?;
        let content = Self {
            uid: row.get(HEAD)?,
            name: row.get(HEAD + 1)?,
            description: row.get(HEAD + 2)?,
            schema_name: row.get(HEAD + 3)?,
            metadata,
        };
        Ok(Stored { item_count: row.get(HEAD + 5)?, ..stored(row, content)? })
    }
}
