//! What was changed, written down by the transaction that changes it.

use mainstay_db::{Connection, DbError, query};

use crate::session::record::SessionId;
use crate::session::store::StoreError;
use crate::session::store::changes::{Changed, Changes, MAX_CHANGES, Mark};

/// The key of the counter among the epochs. No user has it.
const COUNTER: [u8; 16] = [0xff; 16];

/// How many changes are kept: some more than are told one by one.
const KEPT: i64 = 2_000;

/// Writes a change down. The counter's row is held until the transaction ends, so that numbers become visible in their
/// order.
pub(super) async fn note(write: &mut Connection, changed: Changed) -> Result<(), DbError> {
    let (session, user) = match changed {
        Changed::Session(id) => (Some(id.0), None),
        Changed::User(user) => (None, Some(user)),
        Changed::All => (None, None),
    };
    query(
        "insert into session_subject (user_id, epoch) values ($1, 1)
         on conflict (user_id) do update set epoch = session_subject.epoch + 1",
    )
    .bind(COUNTER)
    .execute(write)
    .await?;
    query(
        "insert into session_change (number, session_id, user_id)
         select epoch, $2, $3 from session_subject where user_id = $1",
    )
    .bind(COUNTER)
    .bind(session)
    .bind(user)
    .execute(write)
    .await?;
    Ok(())
}

pub(super) async fn since(read: &mut Connection, since: Option<Mark>) -> Result<Changes, StoreError> {
    let counted = query("select coalesce(max(epoch), 0) from session_subject where user_id = $1");
    let mark = Mark(counted.bind(COUNTER).fetch_one(read).await?.get(0)?);
    let known = since.unwrap_or(mark);
    if known == mark {
        return Ok(Changes { mark, changed: Vec::new() });
    }
    let rows = query(
        "select session_id, user_id from session_change where number > $1 and number <= $2 order by number limit $3",
    )
    .bind(known.0)
    .bind(mark.0)
    .bind(i64::try_from(MAX_CHANGES).unwrap_or(i64::MAX))
    .fetch_all(read)
    .await?;
    let changed = rows.iter().map(|row| {
        Ok(match (row.get::<Option<_>>(0)?, row.get::<Option<_>>(1)?) {
            (Some(id), _) => Changed::Session(SessionId(id)),
            (None, Some(user)) => Changed::User(user),
            (None, None) => Changed::All,
        })
    });
    let changed = changed.collect::<Result<_, DbError>>()?;
    Ok(Changes::between(since, mark, changed))
}

/// Deletes what is told to nobody any more.
pub(super) async fn prune(write: &mut Connection) -> Result<(), DbError> {
    let pruned = query(
        "delete from session_change where number <= (select epoch from session_subject where user_id = $1) - $2",
    );
    pruned.bind(COUNTER).bind(KEPT).execute(write).await?;
    Ok(())
}
