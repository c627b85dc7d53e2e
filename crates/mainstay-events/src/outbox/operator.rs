//! What operators see of an outbox.

use jiff::Timestamp;
use mainstay_db::{Database, DbError, query};
use serde::Serialize;
use uuid::Uuid;

/// A message that was not taken yet, or was given up.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Unsent {
    /// Its id.
    pub id: Uuid,
    /// Who is to take it.
    pub destination: String,
    /// What sort of thing it tells.
    pub topic: String,
    /// What it tells.
    pub subject: String,
    /// `waiting` or `given_up`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt met.
    pub error: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}

/// Up to `limit` messages that nobody took so far, oldest first.
///
/// # Errors
///
/// See [`DbError`].
///
/// # Cancel safety
///
/// Safe: it only reads.
pub async fn unsent(database: &Database, limit: u32) -> Result<Vec<Unsent>, DbError> {
    let mut read = database.read().await?;
    let rows = query(
        "select id, destination, topic, subject, state, attempts, error, created_at from es_outbox
         where state <> 'sent' order by created_at, destination limit $1",
    )
    .bind(limit)
    .fetch_all(&mut read)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Unsent {
                id: row.get(0)?,
                destination: row.get(1)?,
                topic: row.get(2)?,
                subject: row.get(3)?,
                state: row.get(4)?,
                attempts: row.get(5)?,
                error: row.get(6)?,
                created_at: row.get(7)?,
            })
        })
        .collect()
}
