//! The accounts of a service, as its settings want them.

use mainstay_core::{Clock, Tasks};
use mainstay_db::Database;

use crate::identity::{AccountParts, Accounts};
use crate::keys::Keys;
use crate::life::Runtime;
use crate::limits::Limiter;
use crate::session::{SessionCookie, SessionParts, Sessions};
use crate::telemetry::metrics::Metrics;
use crate::{BuildError, Service};

/// Opens the accounts in a database. Nothing is looked up before the schema is current.
///
/// # Errors
///
/// When this release cannot hash passwords at all, or the directory of the settings cannot be asked at all.
pub fn open_accounts<S: Service>(
    runtime: &Runtime,
    database: &Database,
    clock: &Clock,
    tasks: &Tasks,
    metrics: &Metrics,
    limiter: Limiter,
) -> Result<Accounts, BuildError> {
    let keys = Keys::from(&runtime.secret_key);
    let sessions = Sessions::new(SessionParts {
        settings: runtime.session.clone(),
        cookie: SessionCookie::new(runtime.listen.public_url.is_secure(), runtime.environment.is_strict()),
        keys: &keys,
        store: runtime.session.open_store(database),
        clock: clock.clone(),
        tasks: tasks.clone(),
        meter: metrics.sessions().clone(),
    });
    let accounts = Accounts::new(AccountParts {
        service: S::NAME,
        passwords: &runtime.passwords,
        keys: &keys,
        database,
        sessions,
        limiter,
        directory: runtime.directory.open()?,
        clock: clock.clone(),
        tasks: tasks.clone(),
    })?;
    Ok(accounts)
}
