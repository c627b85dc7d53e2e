//! When tokens were last used, gathered and written in batches: a write for each request would cost more than the
//! request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use mainstay_db::{Database, DbError, query};

use super::ApiTokenId;

/// The most tokens that are remembered between two writes. What is beyond shows an older time.
const CAPACITY: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct LastUsed {
    noted: Mutex<HashMap<ApiTokenId, Timestamp>>,
}

impl LastUsed {
    pub(super) fn note(&self, id: ApiTokenId, now: Timestamp) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < CAPACITY || noted.contains_key(&id) {
            noted.insert(id, now);
        }
    }

    /// Writes what was noted. What cannot be written is noted again.
    pub(super) async fn write(&self, database: &Database) -> Result<(), DbError> {
        let noted = std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner));
        let result = write(database, &noted).await;
        if result.is_err() {
            let mut newer = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, at) in noted {
                newer.entry(id).or_insert(at);
            }
        }
        result
    }
}

async fn write(database: &Database, noted: &HashMap<ApiTokenId, Timestamp>) -> Result<(), DbError> {
    if noted.is_empty() {
        return Ok(());
    }
    let mut write = database.write().await?;
    for (id, at) in noted {
        let later = query(
            "update api_token set last_used_at = $1 where id = $2 and (last_used_at is null or last_used_at < $1)",
        );
        later.bind(*at).bind(*id).execute(&mut write).await?;
    }
    write.commit().await
}
