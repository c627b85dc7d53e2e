//! Questions to the read model.

use std::collections::HashMap;

use mainstay_db::{
    ByDialect, Connection, Database, DbError, Dialect, ReadConnection, Row, query, query_assembled,
};
use mainstay_events::{StreamId, Version};

use super::Named;
use crate::domain::{Catalog, ClusterRuleset, Name, Ruleset, Slot, Stored, stream};

/// The read model at one moment: all questions to it see the same state.
#[derive(Debug)]
pub struct Snapshot {
    connection: ReadConnection,
}

/// A part of a list: so many rows after so many others, in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many come before it.
    pub skip: u32,
    /// How many it has at most.
    pub limit: u32,
}

impl Snapshot {
    /// Takes a snapshot. Do not keep it across a wait for anything but its own answers.
    ///
    /// # Errors
    ///
    /// See [`Database::read_snapshot`].
    pub async fn take(database: &Database) -> Result<Self, DbError> {
        Ok(Self { connection: database.read_snapshot().await? })
    }

    /// The read model as each question finds it. For one question this is as good as a snapshot, and cheaper.
    ///
    /// # Errors
    ///
    /// See [`Database::read`].
    pub async fn of_each_moment(database: &Database) -> Result<Self, DbError> {
        Ok(Self { connection: database.read().await? })
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The thing of this name.
    ///
    /// # Errors
    ///
    /// See [`DbError`]; so for all that follow.
    pub async fn find<T: Named>(&mut self, name: &Name) -> Result<Option<Stored<T>>, DbError> {
        let sql = format!("{} where it.name = $1", T::SELECT);
        let row = query_assembled(sql).bind(name).fetch_optional(&mut self.connection).await?;
        row.as_ref().map(T::read).transpose()
    }

    /// The thing of this name, or where its stream was left.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::find`].
    pub async fn slot<T: Named>(&mut self, name: &Name) -> Result<Slot<T>, DbError> {
        match self.find(name).await? {
            Some(stored) => Ok(Slot::Taken(Box::new(stored))),
            None => self.retired(&stream::named(T::KIND, name)).await.map(Slot::Vacant),
        }
    }

    /// The slots of many names.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::find`].
    pub async fn slots<T: Named>(
        &mut self,
        names: impl IntoIterator<Item = &Name>,
    ) -> Result<HashMap<Name, Slot<T>>, DbError> {
        let mut slots = HashMap::new();
        let mut streams = HashMap::new();
        for name in names {
            streams.insert(stream::named(T::KIND, name), name.clone());
            slots.insert(name.clone(), Slot::Vacant(Version::default()));
        }
        let retired = query(ByDialect {
            sqlite: "select stream_id, revision from retired_stream
                     where stream_id in (select value from json_each($1))",
            postgres: "select stream_id, revision from retired_stream
                       where stream_id in (select json_array_elements_text($1::json))",
        });
        let keys = list(streams.keys().map(StreamId::as_str));
        for row in retired.bind(keys).fetch_all(&mut self.connection).await? {
            if let Some(name) = streams.remove(&row.get::<StreamId>(0)?) {
                slots.insert(name, Slot::Vacant(row.get(1)?));
            }
        }
        let listed = match self.connection.dialect() {
            Dialect::Sqlite => "select value from json_each($1)",
            Dialect::Postgres => "select json_array_elements_text($1::json)",
        };
        let taken = format!("{} where it.name in ({listed})", T::SELECT);
        let keys = list(slots.keys().map(Name::as_str));
        for row in query_assembled(taken).bind(keys).fetch_all(&mut self.connection).await? {
            let stored = T::read(&row)?;
            slots.insert(stored.content.key().clone(), Slot::Taken(Box::new(stored)));
        }
        Ok(slots)
    }

    /// Things in the order of their ids.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::find`].
    pub async fn page<T: Named>(&mut self, page: Page) -> Result<Vec<Stored<T>>, DbError> {
        let sql = format!("{} order by it.id limit $1 offset $2", T::SELECT);
        let rows = query_assembled(sql).bind(page.limit).bind(page.skip).fetch_all(&mut self.connection);
        read_all(&rows.await?)
    }

    /// How many things of a kind there are.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::find`].
    pub async fn count<T: Named>(&mut self) -> Result<u64, DbError> {
        let sql = format!("select count(*) from {}", T::TABLE);
        query_assembled(sql).fetch_one(&mut self.connection).await?.get(0)
    }

    /// The rulesets of a schema.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::find`].
    pub async fn rulesets_of(&mut self, schema_id: i64) -> Result<Vec<Stored<Ruleset>>, DbError> {
        self.all_where("it.schema_id = $1", schema_id).await
    }

    /// The catalogues of a schema.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::find`].
    pub async fn catalogs_of(&mut self, schema_id: i64) -> Result<Vec<Stored<Catalog>>, DbError> {
        self.all_where("it.schema_id = $1", schema_id).await
    }

    /// The cluster rulesets of a schema, and those that name one of its rulesets.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::find`].
    pub async fn cluster_rulesets_of_schema(
        &mut self,
        schema_id: i64,
    ) -> Result<Vec<Stored<ClusterRuleset>>, DbError> {
        self.all_where("(it.schema_id = $1 or ruleset.schema_id = $1)", schema_id).await
    }

    /// The cluster rulesets that name a pairwise ruleset.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::find`].
    pub async fn cluster_rulesets_of_ruleset(
        &mut self,
        ruleset_id: i64,
    ) -> Result<Vec<Stored<ClusterRuleset>>, DbError> {
        self.all_where("it.pairwise_ruleset_id = $1", ruleset_id).await
    }

    /// Where the stream of something deleted was left; 0 if there never was one.
    pub(super) async fn retired(&mut self, stream: &StreamId) -> Result<Version, DbError> {
        let found = query("select revision from retired_stream where stream_id = $1").bind(stream);
        let row = found.fetch_optional(&mut self.connection).await?;
        row.map_or(Ok(Version::default()), |row| row.get(0))
    }

    async fn all_where<T: Named>(
        &mut self,
        condition: &'static str,
        id: i64,
    ) -> Result<Vec<Stored<T>>, DbError> {
        let sql = format!("{} where {condition} order by it.id", T::SELECT);
        read_all(&query_assembled(sql).bind(id).fetch_all(&mut self.connection).await?)
    }
}

fn read_all<T: Named>(rows: &[Row]) -> Result<Vec<Stored<T>>, DbError> {
    rows.iter().map(T::read).collect()
}

/// A list of texts as one value: one statement for any number of them.
fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.collect::<serde_json::Value>().to_string()
}
