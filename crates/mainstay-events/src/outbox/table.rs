//! The rows of `es_outbox`. Time is the database's: several processes send from one table.

use std::time::Duration;

use mainstay_db::{Connection, DbError, Dialect, query_assembled};

use super::Message;

/// A message that is ours to send, until the lease ends.
pub(super) struct Taken {
    pub(super) message: Message,
    /// How often it was tried, this time included.
    pub(super) attempts: u32,
    /// How long it has been waiting.
    pub(super) age: Duration,
}

/// The time of the database, in microseconds since 1970.
fn now(connection: &Connection) -> &'static str {
    match connection.dialect() {
        Dialect::Sqlite => "cast(unixepoch('subsec') * 1000000 as bigint)",
        Dialect::Postgres => "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)",
    }
}

/// Writes a message that is not there yet; `false` when too many wait already.
pub(super) async fn put(
    connection: &mut Connection,
    destination: &'static str,
    message: &Message,
    capacity: u32,
) -> Result<bool, DbError> {
    let now = now(connection);
    // A placeholder that is selected takes no type from the column that it goes into.
    let id = match connection.dialect() {
        Dialect::Sqlite => "$1",
        Dialect::Postgres => "cast($1 as uuid)",
    };
    let insert = format!(
        "insert into es_outbox (id, destination, topic, subject, body, state, attempts, due_at, created_at)
         select {id}, cast($2 as text), cast($3 as text), cast($4 as text), cast($5 as text), 'waiting', 0,
             {now}, {now}
         where (select count(*) from es_outbox where destination = cast($2 as text) and state = 'waiting') < $6
         on conflict (destination, id) do nothing"
    );
    let written = query_assembled(insert)
        .bind(message.id())
        .bind(destination)
        .bind(message.topic())
        .bind(message.subject())
        .bind(message.body())
        .bind(capacity)
        .execute(connection)
        .await?;
    if written == 1 {
        return Ok(true);
    }
    // Nothing was written because it is there, or because there is no room.
    let there = "select 1 from es_outbox where destination = $1 and id = $2";
    let there = mainstay_db::query(there).bind(destination).bind(message.id()).fetch_optional(connection);
    Ok(there.await?.is_some())
}

/// Takes the message that is due first.
pub(super) async fn take(
    connection: &mut Connection,
    destination: &'static str,
    lease: Duration,
) -> Result<Option<Taken>, DbError> {
    let now = now(connection);
    let skip_taken = match connection.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => "for update skip locked",
    };
    let take = format!(
        "update es_outbox set due_at = {now} + $2, attempts = attempts + 1
         where destination = $1 and state = 'waiting' and due_at <= {now} and id = (
             select id from es_outbox where destination = $1 and state = 'waiting' and due_at <= {now}
             order by due_at, id limit 1 {skip_taken})
         returning id, topic, subject, body, attempts, {now} - created_at"
    );
    let row = query_assembled(take).bind(destination).bind(micros(lease)).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    let message = Message::from_parts(row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let age = Duration::from_micros(row.get::<i64>(5)?.try_into().unwrap_or_default());
    Ok(Some(Taken { message, attempts: row.get(4)?, age }))
}

/// Notes that a message was sent, or given up with an error.
pub(super) async fn settle(
    connection: &mut Connection,
    destination: &'static str,
    message: &Message,
    error: Option<&str>,
) -> Result<(), DbError> {
    let now = now(connection);
    let settle = format!(
        "update es_outbox set state = case when cast($3 as text) is null then 'sent' else 'given_up' end,
             error = cast($3 as text), settled_at = {now}
         where destination = $1 and id = $2 and state = 'waiting'"
    );
    query_assembled(settle)
        .bind(destination)
        .bind(message.id())
        .bind(error)
        .execute(connection)
        .await
        .map(drop)
}

/// Lets a message wait for its next attempt.
pub(super) async fn postpone(
    connection: &mut Connection,
    destination: &'static str,
    message: &Message,
    error: &str,
    wait: Duration,
) -> Result<(), DbError> {
    let now = now(connection);
    let postpone = format!(
        "update es_outbox set due_at = {now} + $3, error = $4
         where destination = $1 and id = $2 and state = 'waiting'"
    );
    query_assembled(postpone)
        .bind(destination)
        .bind(message.id())
        .bind(micros(wait))
        .bind(error)
        .execute(connection)
        .await
        .map(drop)
}

/// Removes rows that were settled long ago. Returns how many.
pub(super) async fn tidy(
    connection: &mut Connection,
    destination: &'static str,
    keep: Duration,
) -> Result<u64, DbError> {
    let now = now(connection);
    let tidy = format!(
        "delete from es_outbox where destination = $1 and state <> 'waiting' and settled_at < {now} - $2"
    );
    query_assembled(tidy).bind(destination).bind(micros(keep)).execute(connection).await
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
