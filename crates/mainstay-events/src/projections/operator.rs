//! What operators see of projections, and what they can wish.
//!
//! Everything goes through the database: the process that holds a lane carries the wish out at its next look,
//! which comes several times a second. So a command needs no connection to the service.

use mainstay_db::{Database, DbError, query};
use serde::Serialize;

use super::failures::Failure;
use crate::Position;

/// How a lane of a projection is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProjectionStatus {
    /// The projection.
    pub name: String,
    /// Which of its read models.
    pub generation: u32,
    /// Which lane.
    pub lane: u32,
    /// The version of the code that made it.
    pub version: u32,
    /// `building`, `serving` or `retired`.
    pub role: String,
    /// `running`, `halted` or `faulted`.
    pub status: String,
    /// The last event that it took.
    pub position: Position,
    /// The newest event of the log.
    pub head: Position,
    /// Why it does not run.
    pub failure: Option<Failure>,
    /// What it has put aside.
    pub quarantined: Vec<QuarantinedKey>,
}

/// Something that was put aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuarantinedKey {
    /// What: a stream, mostly.
    pub key: String,
    /// How many events wait behind it, the first included.
    pub waiting: u64,
    /// Why.
    pub failure: Option<Failure>,
}

/// What an operator can wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Try again.
    Retry,
    /// Leave out: the event at which it stands, or all that wait behind a key.
    Skip,
    /// Build the read model anew beside the one that serves.
    Rebuild,
}

impl ProjectionStatus {
    /// How many events it is behind.
    pub fn lag(&self) -> u64 {
        self.head.get().saturating_sub(self.position.get())
    }

    /// Whether all is well with it.
    pub fn is_well(&self) -> bool {
        self.role == "retired" || (self.status == "running" && self.quarantined.is_empty())
    }
}

/// How all projections are: one entry for each lane.
///
/// # Errors
///
/// See [`DbError`].
///
/// # Cancel safety
///
/// Safe: it only reads.
pub async fn status(database: &Database) -> Result<Vec<ProjectionStatus>, DbError> {
    let mut read = database.read_snapshot().await?;
    let head = query("select position from es_seq where id = 1").fetch_one(&mut read).await?.get(0)?;
    let rows = query(
        "select name, generation, lane, version, role, status, position, failure from es_projection
         order by name, generation, lane",
    )
    .fetch_all(&mut read)
    .await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let quarantined = query(
            "select q.key, q.failure, (select count(*) from es_quarantine_item i where i.name = q.name
                 and i.generation = q.generation and i.lane = q.lane and i.key = q.key)
             from es_quarantine q where q.name = $1 and q.generation = $2 and q.lane = $3 order by q.key",
        )
        .bind(row.get::<&str>(0)?)
        .bind(row.get::<u32>(1)?)
        .bind(row.get::<u32>(2)?)
        .fetch_all(&mut read)
        .await?;
        let quarantined = quarantined.iter().map(|row| {
            let failure = Failure::from_json(row.get(1)?);
            Ok(QuarantinedKey { key: row.get(0)?, waiting: row.get(2)?, failure })
        });
        all.push(ProjectionStatus {
            name: row.get(0)?,
            generation: row.get(1)?,
            lane: row.get(2)?,
            version: row.get(3)?,
            role: row.get(4)?,
            status: row.get(5)?,
            position: row.get(6)?,
            head,
            failure: row.get::<Option<&str>>(7)?.and_then(Failure::from_json),
            quarantined: quarantined.collect::<Result<_, DbError>>()?,
        });
    }
    Ok(all)
}

/// Notes a wish: for one key that was put aside, or for the projection and all its keys. Returns how many lanes
/// and keys it is for; 0 when there is nothing that it could mean.
///
/// # Errors
///
/// See [`DbError`].
///
/// # Cancel safety
///
/// When the future is dropped, the wish was noted or not.
pub async fn wish(database: &Database, name: &str, key: Option<&str>, wish: Wish) -> Result<u64, DbError> {
    let mut transaction = database.write().await?;
    let word = match wish {
        Wish::Retry => "retry",
        Wish::Skip => "skip",
        Wish::Rebuild => "rebuild",
    };
    let mut noted = 0;
    if wish == Wish::Rebuild {
        noted += query("update es_projection set wish = $2 where name = $1 and role = 'serving'")
            .bind(name)
            .bind(word)
            .execute(&mut transaction)
            .await?;
    } else {
        if key.is_none() {
            noted += query("update es_projection set wish = $2 where name = $1 and status <> 'running'")
                .bind(name)
                .bind(word)
                .execute(&mut transaction)
                .await?;
        }
        noted += query("update es_quarantine set wish = $2 where name = $1 and (key = $3 or $3 is null)")
            .bind(name)
            .bind(word)
            .bind(key)
            .execute(&mut transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(noted)
}
