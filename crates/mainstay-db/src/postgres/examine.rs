//! What a server has to be like.

use super::error::Refused;
use crate::{Connection, DbError, ServerProblem, query};

/// The oldest server that is served: those before it get no repairs any more, and do not notice amid a statement
/// that nobody waits for it.
const OLDEST: i64 = 140_000;

/// Looks at the server once, before anything relies on it. `wanted` is the number of connections that this process
/// may open.
pub(crate) async fn examine(connection: &mut Connection, wanted: u32) -> Result<(), Refused> {
    let settings = "select current_setting('server_version_num')::bigint, \
                    current_setting('server_encoding'), \
                    pg_is_in_recovery(), \
                    current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on', \
                    current_setting('synchronous_commit'), \
                    current_setting('max_connections')::bigint \
                        - current_setting('superuser_reserved_connections')::bigint";
    let row = query(settings).fetch_one(connection).await?;
    let column = |error: DbError| Refused::from(error);
    if row.get::<i64>(0).map_err(column)? < OLDEST {
        return Err(Refused::new(ServerProblem::Version));
    }
    if row.get::<&str>(1).map_err(column)? != "UTF8" {
        return Err(Refused::new(ServerProblem::Encoding));
    }
    if row.get::<bool>(2).map_err(column)? {
        return Err(Refused::new(ServerProblem::ReadOnly));
    }
    if !row.get::<bool>(3).map_err(column)? {
        tracing::warn!(
            "the server runs with fsync or full_page_writes off: a crash of its machine loses the database"
        );
    }
    if row.get::<&str>(4).map_err(column)? == "off" {
        tracing::warn!(
            "the server runs with synchronous_commit off: what was acknowledged may be lost in a crash"
        );
    }
    let available = row.get::<i64>(5).map_err(column)?;
    if available < i64::from(wanted) {
        tracing::warn!(
            wanted,
            available,
            "this process may open more connections than the server takes: lower DB_POOL_MAX_SIZE, or raise \
             max_connections"
        );
    }
    Ok(())
}
