//! One script of a migration, on its database.

use super::source::Script;
use super::{MigrationError, MigrationId};
use crate::{Connection, Database, Dialect, Work, query};

/// What holds for a step on PostgreSQL. Its locks are asked for in short tries: whoever waits for a lock on a table
/// makes everybody wait who comes after.
pub(super) const PATIENCE: &str = "set local lock_timeout = '3s'; set local statement_timeout = '1h'; \
                        set local idle_in_transaction_session_timeout = '1h'";

/// The same for a session that is thrown away afterwards. An index that is built beside others' work waits for their
/// transactions, and makes nobody wait.
const PATIENCE_OF_SESSION: &str =
    "set default_transaction_read_only = off; set lock_timeout = '10min'; set statement_timeout = '6h'";

/// Runs a script in the transaction of its step.
pub(super) async fn inside(
    write: &mut Connection,
    id: &MigrationId,
    sql: &str,
) -> Result<(), MigrationError> {
    let failed = |source| MigrationError::Failed { id: id.clone(), source };
    if write.dialect() == Dialect::Postgres {
        write.script(PATIENCE.to_owned()).await?;
    }
    write.script(sql.to_owned()).await.map_err(failed)?;
    check_references(write, id).await
}

/// Runs a way up that cannot be in a transaction. A crash behind it leaves it pending: such a file has to bear being
/// run again (`if not exists`).
pub(super) async fn outside(
    database: &Database,
    id: &MigrationId,
    script: &Script,
) -> Result<(), MigrationError> {
    // The other connection of this class holds the lock of the run.
    let mut session = database.for_work(Work::Control).read().await?;
    let set = session.script(PATIENCE_OF_SESSION.to_owned()).await;
    let result = match set {
        Ok(()) => session.script(script.up.clone()).await,
        Err(error) => Err(error),
    };
    session.discard();
    result.map_err(|source| MigrationError::Failed { id: id.clone(), source })
}

/// A migration of SQLite may rebuild a table with `pragma defer_foreign_keys`; what it leaves must hold together.
/// PostgreSQL looks after that itself.
async fn check_references(connection: &mut Connection, id: &MigrationId) -> Result<(), MigrationError> {
    if connection.dialect() == Dialect::Postgres {
        return Ok(());
    }
    match query("select \"table\" from pragma_foreign_key_check limit 1").fetch_optional(connection).await? {
        None => Ok(()),
        Some(row) => Err(MigrationError::BrokenReference { id: id.clone(), table: row.get(0)? }),
    }
}
