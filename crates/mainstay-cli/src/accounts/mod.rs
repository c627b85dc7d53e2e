//! `user`, `token` and `session`.

pub(crate) mod session;
pub(crate) mod token;
pub(crate) mod user;

use mainstay::Service;
use mainstay::identity::{Accounts, User, UserName};
use mainstay::life::{Runtime, StartError, open_accounts};
use mainstay::limits::Limiter;
use mainstay::telemetry::log::{Captured, Logging};
use mainstay::telemetry::metrics::Metrics;
use mainstay_core::settings::Problem;
use mainstay_core::{Chain, Tasks};

use crate::{CommandError, Context, Schema, with_database};

/// Who did it, as the audit log says it.
const BY: &str = "command line";

/// Opens the accounts of the service, works with them, and closes them. What is logged meanwhile, the records of the
/// audit above all, is said beside the data.
fn with_accounts<S: Service, T>(
    service: &S,
    runtime: &Runtime,
    context: &mut Context<'_>,
    work: impl AsyncFnOnce(&Accounts) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let (lines, clock) = (Captured::default(), context.clock().clone());
    let logging = Logging::new(&runtime.log, &clock, lines.clone());
    let done =
        tracing::subscriber::with_default(logging.subscriber(), || unlogged(service, runtime, context, work));
    for line in lines.text().lines() {
        context.say(line);
    }
    done
}

fn unlogged<S: Service, T>(
    service: &S,
    runtime: &Runtime,
    context: &mut Context<'_>,
    work: impl AsyncFnOnce(&Accounts) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    with_database(service, runtime, Schema::AsAtStart, context, async |database, context| {
        let (clock, tasks) = (context.clock(), Tasks::new());
        // Nobody signs in by a command.
        let limiter = Limiter::in_memory(&runtime.requests.limits, clock);
        let accounts = open_accounts::<S>(runtime, database, clock, &tasks, &Metrics::new(), limiter);
        let result = work(&accounts.map_err(StartError::Build)?).await;
        tasks.finished().await;
        result
    })
}

/// The name that an argument gives.
fn name(matches: &clap::ArgMatches, argument: &str) -> Result<UserName, CommandError> {
    let text = matches.get_one::<String>(argument).map(String::as_str).unwrap_or_default();
    text.parse().map_err(|error| problem(&error))
}

async fn existing(accounts: &Accounts, name: &UserName) -> Result<User, CommandError> {
    let user = accounts.users().by_name(name).await.map_err(|error| problem(&error))?;
    user.ok_or_else(|| {
        Problem::error("MS0008", format!("there is no user {name}")).help("`user list` lists them all").into()
    })
}

/// What went wrong with an account.
fn problem<E: std::error::Error + 'static>(error: &E) -> CommandError {
    CommandError::of(error, |error| Problem::error("MS0009", Chain(error).to_string()))
}
