//! Schemas, rulesets and cluster rulesets.

use mainstay_db::{Connection, query, query_assembled};
use mainstay_events::{ProjectionError, RecordedEvent};

use super::{json, one};
use crate::domain::{ClusterRuleset, Name, Ruleset, Schema};

type Applied = Result<(), ProjectionError>;

pub(super) async fn create_schema(
    connection: &mut Connection,
    event: &RecordedEvent,
    schema: &Schema,
) -> Applied {
    let changed = query(
        "insert into schema (name, version, description, dimensions, invalid, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(&schema.name)
    .bind(schema.version.as_str())
    .bind(schema.description.as_deref())
    .bind(json(&schema.dimensions)?)
    .bind(schema.invalid)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "schema", changed)
}

pub(super) async fn change_schema(
    connection: &mut Connection,
    event: &RecordedEvent,
    schema: &Schema,
) -> Applied {
    let changed = query(
        "update schema set version = $2, description = $3, dimensions = $4, invalid = $5, revision = $6,
         updated_at = $7 where name = $1",
    )
    .bind(&schema.name)
    .bind(schema.version.as_str())
    .bind(schema.description.as_deref())
    .bind(json(&schema.dimensions)?)
    .bind(schema.invalid)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "schema", changed)
}

pub(super) async fn create_ruleset(
    connection: &mut Connection,
    event: &RecordedEvent,
    ruleset: &Ruleset,
) -> Applied {
    let changed = query(
        "insert into ruleset
         (name, version, description, schema_id, rules, invalid, revision, created_at, updated_at)
         select $1, $2, $3, schema.id, $5, $6, $7, $8, $8 from schema where schema.name = $4",
    )
    .bind(&ruleset.name)
    .bind(ruleset.version.as_str())
    .bind(ruleset.description.as_deref())
    .bind(&ruleset.schema_name)
    .bind(json(&ruleset.rules)?)
    .bind(ruleset.invalid)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "ruleset", changed)
}

pub(super) async fn change_ruleset(
    connection: &mut Connection,
    event: &RecordedEvent,
    ruleset: &Ruleset,
) -> Applied {
    let changed = query(
        "update ruleset set version = $2, description = $3, rules = $4, invalid = $5, revision = $6,
         updated_at = $7 where name = $1",
    )
    .bind(&ruleset.name)
    .bind(ruleset.version.as_str())
    .bind(ruleset.description.as_deref())
    .bind(json(&ruleset.rules)?)
    .bind(ruleset.invalid)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "ruleset", changed)
}

pub(super) async fn create_cluster_ruleset(
    connection: &mut Connection,
    event: &RecordedEvent,
    ruleset: &ClusterRuleset,
) -> Applied {
    let changed = query(
        "insert into cluster_ruleset
         (name, version, description, schema_id, pairwise_ruleset_id, rules, invalid, revision, created_at,
          updated_at)
         select $1, $2, $3, schema.id, ruleset.id, $6, $7, $8, $9, $9
         from schema, ruleset where schema.name = $4 and ruleset.name = $5",
    )
    .bind(&ruleset.name)
    .bind(ruleset.version.as_str())
    .bind(ruleset.description.as_deref())
    .bind(&ruleset.schema_name)
    .bind(&ruleset.pairwise_ruleset_name)
    .bind(json(&ruleset.rules)?)
    .bind(ruleset.invalid)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "cluster_ruleset", changed)
}

pub(super) async fn change_cluster_ruleset(
    connection: &mut Connection,
    event: &RecordedEvent,
    ruleset: &ClusterRuleset,
) -> Applied {
    let changed = query(
        "update cluster_ruleset set version = $2, description = $3, rules = $4, invalid = $5, revision = $6,
         updated_at = $7 where name = $1",
    )
    .bind(&ruleset.name)
    .bind(ruleset.version.as_str())
    .bind(ruleset.description.as_deref())
    .bind(json(&ruleset.rules)?)
    .bind(ruleset.invalid)
    .bind(event.version)
    .bind(event.recorded_at)
    .execute(connection)
    .await?;
    one(event, "cluster_ruleset", changed)
}

/// Deletes from any table of things with names.
pub(super) async fn delete(
    connection: &mut Connection,
    event: &RecordedEvent,
    table: &'static str,
    name: &Name,
) -> Applied {
    let delete = query_assembled(format!("delete from {table} where name = $1"));
    let changed = delete.bind(name).execute(connection).await?;
    one(event, table, changed)?;
    retire(connection, event).await
}

/// Remembers where a stream was left.
pub(super) async fn retire(connection: &mut Connection, event: &RecordedEvent) -> Applied {
    query(
        "insert into retired_stream (stream_id, revision) values ($1, $2)
         on conflict (stream_id) do update set revision = excluded.revision",
    )
    .bind(&event.stream)
    .bind(event.version)
    .execute(connection)
    .await?;
    Ok(())
}
