//! Sessions in the database.

mod journal;
mod row;

use jiff::Timestamp;
use mainstay_db::{ByDialect, Connection, Constraint, Database, DbError, Query, query, with_retries};
use serde_json::json;
use uuid::Uuid;

use super::{
    Changed, Changes, Inserted, Mark, Patched, Rotated, Rotation, SessionStore, StoreError, Storing, Whose,
};
use crate::session::data::{Patch, SessionData};
use crate::session::record::{Epoch, Generation, SessionId, SessionRecord, SessionSummary, Subject, UserId};
use crate::session::token::TokenId;

/// Rows of one statement of [`SessionStore::touch`].
const TOUCHED_AT_ONCE: usize = 1_000;

/// Rows of one statement of [`SessionStore::end_beyond`].
const ENDED_AT_ONCE: u32 = 1_000;

/// The key of everybody's epoch. No user has it: ids of users are random or of the time.
const EVERYBODY: [u8; 16] = [0; 16];

/// Sessions in the database. Its tables come with [`migrations`](crate::migrations).
///
/// Every change is one short transaction. Nothing comes between what it reads and what it writes: SQLite has one
/// writer at a time, and on PostgreSQL it holds the row of the session it is about. Rows are held in one order, a
/// session, then a subject, then the counter of changes, so that no two wait for each other; who meets a deadlock all
/// the same begins anew.
#[derive(Clone, Debug)]
pub struct SqlStore {
    database: Database,
}

impl SqlStore {
    /// Keeps sessions in a database whose schema is current.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    async fn insert(&self, record: &SessionRecord) -> Result<Inserted, StoreError> {
        let mut write = self.database.write().await?;
        if !is_current(&mut write, record.subject.as_ref()).await? {
            return Ok(Inserted::Superseded);
        }
        let statement = query(
            "insert into session (
                session_id, token_id, secret_hash, user_id, user_epoch, auth_level, authenticated_at, generation,
                created_at, last_seen_at, idle_us, ends_at, csrf_secret, csrf_previous, csrf_previous_until,
                user_agent, address, data
             ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        );
        match statement
            .bind_all(row::values(record, record.generation, &record.data))
            .execute(&mut write)
            .await
        {
            Ok(_) => {}
            Err(error) if is_taken(&error) => return Ok(Inserted::Taken),
            Err(error) => return Err(error.into()),
        }
        if let Some(user) = record.user() {
            journal::note(&mut write, Changed::User(user)).await?;
        }
        write.commit().await?;
        Ok(Inserted::Done)
    }

    async fn patch(
        &self,
        token: TokenId,
        expected: Option<Generation>,
        patch: &Patch,
    ) -> Result<Patched, StoreError> {
        let mut write = self.database.write().await?;
        let Some(record) = hold(&mut write, token).await? else { return Ok(Patched::Gone) };
        if expected.is_some_and(|expected| expected != record.generation) {
            return Ok(Patched::Stale(Box::new(record)));
        }
        let (data, generation) = (record.data.patched(patch)?, record.generation.next());
        query("update session set data = $1, generation = $2 where token_id = $3")
            .bind(data.to_json())
            .bind(generation.0)
            .bind(token.to_bytes())
            .execute(&mut write)
            .await?;
        journal::note(&mut write, Changed::Session(record.id)).await?;
        write.commit().await?;
        Ok(Patched::Done(generation))
    }

    async fn rotate(&self, old: TokenId, rotation: &Rotation) -> Result<Rotated, StoreError> {
        let mut write = self.database.write().await?;
        let Some(record) = hold(&mut write, old).await? else { return Ok(Rotated::Gone) };
        if rotation.expected.is_some_and(|expected| expected != record.generation) {
            return Ok(Rotated::Stale(Box::new(record)));
        }
        if !is_current(&mut write, rotation.to.subject.as_ref()).await? {
            return Ok(Rotated::Superseded);
        }
        let kept = if rotation.keeps_data { record.data } else { SessionData::default() };
        let (data, generation) = (kept.patched(&rotation.patch)?, record.generation.next());
        let statement = query(
            "update session set
                session_id = $1, token_id = $2, secret_hash = $3, user_id = $4, user_epoch = $5, auth_level = $6,
                authenticated_at = $7, generation = $8, created_at = $9, last_seen_at = $10, idle_us = $11,
                ends_at = $12, csrf_secret = $13, csrf_previous = $14, csrf_previous_until = $15,
                user_agent = $16, address = $17, data = $18
             where token_id = $19",
        );
        let statement = statement.bind_all(row::values(&rotation.to, generation, &data)).bind(old.to_bytes());
        match statement.execute(&mut write).await {
            Ok(_) => {}
            Err(error) if is_taken(&error) => return Ok(Rotated::Taken),
            Err(error) => return Err(error.into()),
        }
        journal::note(&mut write, Changed::Session(record.id)).await?;
        if let Some(user) = rotation.to.user() {
            journal::note(&mut write, Changed::User(user)).await?;
        }
        write.commit().await?;
        Ok(Rotated::Done)
    }

    async fn revoke(&self, id: SessionId, owner: Option<UserId>) -> Result<bool, StoreError> {
        let mut write = self.database.write().await?;
        let ended = query(
            "delete from session
             where session_id in (select session_id from live_session where session_id = $1)
               and (user_id = $2 or $2 is null)",
        )
        .bind(id.0)
        .bind(owner)
        .execute(&mut write)
        .await?;
        if ended > 0 {
            journal::note(&mut write, Changed::Session(id)).await?;
        }
        write.commit().await?;
        Ok(ended > 0)
    }

    async fn end_beyond(&self, user: UserId, most: u32, keep: SessionId) -> Result<u64, StoreError> {
        let mut write = self.database.write().await?;
        let ended = query(
            "delete from session where session_id in (
                select session_id from live_session where user_id = $1
                order by case when session_id = $2 then 0 else 1 end, last_seen_at desc, session_id desc
                limit $3 offset $4
             )",
        )
        .bind(user)
        .bind(keep.0)
        .bind(ENDED_AT_ONCE)
        .bind(most.max(1))
        .execute(&mut write)
        .await?;
        if ended > 0 {
            journal::note(&mut write, Changed::User(user)).await?;
        }
        write.commit().await?;
        Ok(ended)
    }

    async fn revoke_all(&self, whose: Whose, keep: Option<SessionId>) -> Result<(), StoreError> {
        let mut write = self.database.write().await?;
        let kept = match keep {
            // Only a live session can be kept.
            Some(id) => {
                let kept = query(ByDialect {
                    sqlite: "select user_id, user_epoch from live_session
                             where session_id = $1 and user_id is not null",
                    postgres: "select user_id, user_epoch from live_session
                               where session_id = $1 and user_id is not null for update",
                });
                kept.bind(id.0).fetch_optional(&mut write).await?
            }
            None => None,
        };
        let (key, changed) = match whose {
            Whose::User(user) => (user.into_bytes(), Changed::User(user)),
            Whose::Everybody => (EVERYBODY, Changed::All),
        };
        query(
            "insert into session_subject (user_id, epoch) values ($1, 1)
             on conflict (user_id) do update set epoch = session_subject.epoch + 1",
        )
        .bind(key)
        .execute(&mut write)
        .await?;
        journal::note(&mut write, changed).await?;
        if let (Some(id), Some(row)) = (keep, kept) {
            let now = epoch(&mut write, row.get(0)?).await?;
            // Only ours may lie between: what somebody else ended meanwhile stays ended.
            if row.get::<i64>(1)? + 1 == now.0 {
                let kept = query("update session set user_epoch = $1 where session_id = $2");
                kept.bind(now.0).bind(id.0).execute(&mut write).await?;
            }
        }
        Ok(write.commit().await?)
    }

    async fn touch(&self, seen: &[(SessionId, Timestamp)]) -> Result<u64, StoreError> {
        let mut found = 0;
        for chunk in seen.chunks(TOUCHED_AT_ONCE) {
            let mut list: Vec<_> = chunk.iter().map(|(id, at)| (id.0.simple().to_string(), *at)).collect();
            // In one order, so that two instances do not wait for each other's rows.
            list.sort_unstable();
            let list: Vec<_> = list.iter().map(|(id, at)| json!([id, at.as_microsecond()])).collect();
            let mut write = self.database.write().await?;
            found += query(ByDialect {
                sqlite: "update session set last_seen_at = max(last_seen_at, seen.at)
                         from (select unhex(value ->> 0) as id, value ->> 1 as at from json_each($1)) as seen
                         where session.session_id = seen.id",
                postgres: "update session set last_seen_at = greatest(last_seen_at, seen.at)
                           from (select (value ->> 0)::uuid as id, (value ->> 1)::bigint as at
                                 from json_array_elements($1::json) as list (value)) as seen
                           where session.session_id = seen.id",
            })
            .bind(serde_json::Value::from(list).to_string())
            .execute(&mut write)
            .await?;
            write.commit().await?;
        }
        Ok(found)
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        // Looked for beside the writer: every session is looked at.
        let mut read = self.database.read().await?;
        let rows = query(
            "select session_id from session where ends_at <= $1 or last_seen_at + idle_us <= $1 limit $2",
        )
        .bind(now)
        .bind(limit)
        .fetch_all(&mut read)
        .await?;
        drop(read);
        let list = rows.iter().map(|row| row.get::<Uuid>(0).map(|id| id.simple().to_string()));
        let list = list.collect::<Result<Vec<_>, _>>()?;
        let mut write = self.database.write().await?;
        journal::prune(&mut write).await?;
        if list.is_empty() {
            write.commit().await?;
            return Ok(0);
        }
        // Asked again: one may have been seen meanwhile.
        let swept = query(ByDialect {
            sqlite: "delete from session
                     where session_id in (select unhex(value) from json_each($1))
                       and (ends_at <= $2 or last_seen_at + idle_us <= $2)",
            postgres: "delete from session
                       where session_id in (select value::uuid from json_array_elements_text($1::json) as list (value))
                         and (ends_at <= $2 or last_seen_at + idle_us <= $2)",
        })
        .bind(serde_json::Value::from(list).to_string())
        .bind(now)
        .execute(&mut write)
        .await?;
        write.commit().await?;
        Ok(swept)
    }
}

impl SessionStore for SqlStore {
    fn name(&self) -> &'static str {
        "database"
    }

    fn epoch(&self, user: UserId) -> Storing<'_, Epoch> {
        Box::pin(async move { Ok(epoch(&mut *self.database.read().await?, user).await?) })
    }

    fn insert<'a>(&'a self, record: &'a SessionRecord) -> Storing<'a, Inserted> {
        Box::pin(with_retries(move || self.insert(record)))
    }

    fn load(&self, token: TokenId) -> Storing<'_, Option<SessionRecord>> {
        Box::pin(async move { find(&mut *self.database.read().await?, token).await })
    }

    fn patch<'a>(
        &'a self,
        token: TokenId,
        expected: Option<Generation>,
        patch: &'a Patch,
    ) -> Storing<'a, Patched> {
        Box::pin(with_retries(move || self.patch(token, expected, patch)))
    }

    fn rotate<'a>(&'a self, old: TokenId, rotation: &'a Rotation) -> Storing<'a, Rotated> {
        Box::pin(with_retries(move || self.rotate(old, rotation)))
    }

    fn revoke(&self, id: SessionId, owner: Option<UserId>) -> Storing<'_, bool> {
        Box::pin(with_retries(move || self.revoke(id, owner)))
    }

    fn revoke_all(&self, whose: Whose, keep: Option<SessionId>) -> Storing<'_, ()> {
        Box::pin(with_retries(move || self.revoke_all(whose, keep)))
    }

    fn end_beyond(&self, user: UserId, most: u32, keep: SessionId) -> Storing<'_, u64> {
        Box::pin(with_retries(move || self.end_beyond(user, most, keep)))
    }

    fn changes(&self, since: Option<Mark>) -> Storing<'_, Changes> {
        Box::pin(async move { journal::since(&mut *self.database.read().await?, since).await })
    }

    fn list(&self, user: UserId, limit: u32) -> Storing<'_, Vec<SessionSummary>> {
        Box::pin(async move {
            let mut read = self.database.read().await?;
            let rows = query(
                "select session_id, created_at, last_seen_at, idle_us, ends_at, user_agent, address
                 from live_session where user_id = $1 order by last_seen_at desc, session_id limit $2",
            )
            .bind(user)
            .bind(limit)
            .fetch_all(&mut read)
            .await?;
            rows.iter().map(row::summary).collect()
        })
    }

    fn touch<'a>(&'a self, seen: &'a [(SessionId, Timestamp)]) -> Storing<'a, u64> {
        Box::pin(with_retries(move || self.touch(seen)))
    }

    fn sweep(&self, now: Timestamp, limit: u32) -> Storing<'_, u64> {
        Box::pin(with_retries(move || self.sweep(now, limit)))
    }
}

async fn epoch(connection: &mut Connection, user: UserId) -> Result<Epoch, DbError> {
    let row = query(
        "select cast(coalesce(sum(epoch), 0) as bigint) from session_subject where user_id in ($1, $2)",
    )
    .bind(user)
    .bind(EVERYBODY)
    .fetch_one(connection)
    .await?;
    row.get(0).map(Epoch)
}

async fn is_current(connection: &mut Connection, subject: Option<&Subject>) -> Result<bool, DbError> {
    match subject {
        Some(subject) => Ok(epoch(connection, subject.user).await? == subject.epoch),
        None => Ok(true),
    }
}

/// The columns of a record, in the order in which [`row::record`] reads them.
macro_rules! select_record {
    ($rest:literal) => {
        concat!(
            "select session_id, secret_hash, user_id, user_epoch, auth_level, authenticated_at, generation, created_at,
                    last_seen_at, idle_us, ends_at, csrf_secret, csrf_previous, csrf_previous_until, user_agent,
                    address, data
             from live_session where token_id = $1 ",
            $rest
        )
    };
}

async fn find(connection: &mut Connection, token: TokenId) -> Result<Option<SessionRecord>, StoreError> {
    fetch(connection, token, query(select_record!(""))).await
}

/// Finds a session, and keeps others from changing it until the transaction ends.
async fn hold(write: &mut Connection, token: TokenId) -> Result<Option<SessionRecord>, StoreError> {
    let held = ByDialect { sqlite: select_record!(""), postgres: select_record!("for update") };
    fetch(write, token, query(held)).await
}

async fn fetch(
    connection: &mut Connection,
    token: TokenId,
    record: Query,
) -> Result<Option<SessionRecord>, StoreError> {
    let row = record.bind(token.to_bytes()).fetch_optional(connection).await?;
    row.map(|row| row::record(token, &row)).transpose()
}

fn is_taken(error: &DbError) -> bool {
    error.constraint() == Some(Constraint::Unique)
}
