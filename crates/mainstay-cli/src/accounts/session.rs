//! `session`.

use clap::ArgMatches;
use mainstay::Service;
use mainstay::identity::User;
use mainstay::life::Runtime;
use mainstay::session::{SessionId, SessionSummary, StoreKind};
use mainstay_core::settings::Problem;
use serde_json::{Value, json};

use super::{BY, existing, name, problem, with_accounts};
use crate::arguments::chosen_format;
use crate::database::runtime;
use crate::{CommandError, Context, Verdict};

pub(crate) fn run<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("list", matches)) => list(service, matches, context),
        Some(("revoke", matches)) => revoke(service, matches, context),
        _ => Ok(Verdict::Good),
    }
}

fn list<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let runtime = reachable(runtime::<S>(context)?)?;
    let one = matches.contains_id("user").then(|| name(matches, "user")).transpose()?;
    let sessions = with_accounts(service, &runtime, context, async |accounts| {
        let users = match &one {
            Some(name) => vec![existing(accounts, name).await?],
            None => accounts.users().list().await.map_err(|error| problem(&error))?,
        };
        let mut all = Vec::new();
        for user in users {
            let of_user = accounts.sessions().list(user.id).await.map_err(|error| problem(&error))?;
            all.extend(of_user.into_iter().map(|session| (user.clone(), session)));
        }
        Ok(all)
    })?;
    if chosen_format(matches) == "json" {
        context.json(&sessions.iter().map(session_json).collect::<Vec<_>>())?;
        return Ok(Verdict::Good);
    }
    for (user, session) in &sessions {
        let SessionSummary { id, last_seen_at, device, .. } = session;
        let address = device.address.map(|address| address.to_string()).unwrap_or_default();
        let browser = device.user_agent.as_deref().unwrap_or_default();
        let name = &user.name;
        writeln!(context.data(), "{id}  {name:24}  seen {last_seen_at:.0}  {address:15}  {browser}")?;
    }
    if sessions.is_empty() {
        context.say("nobody is signed in");
    }
    Ok(Verdict::Good)
}

fn revoke<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let runtime = reachable(runtime::<S>(context)?)?;
    if let Some(id) = matches.get_one::<SessionId>("id").copied() {
        let revoked = with_accounts(service, &runtime, context, async |accounts| {
            accounts.end_session(id, BY).await.map_err(|error| problem(&error))
        })?;
        context.say(if revoked {
            format!("the session {id} is over")
        } else {
            format!("there is no session {id} to end: see `{} session list`", context.program())
        });
        return Ok(Verdict::good_if(revoked));
    } else if matches.get_flag("all") {
        with_accounts(service, &runtime, context, async |accounts| {
            accounts.end_everybodys_sessions(BY).await.map_err(|error| problem(&error))
        })?;
        context.say("all sessions of everybody are over");
    } else {
        let name = name(matches, "user")?;
        with_accounts(service, &runtime, context, async |accounts| {
            let user = existing(accounts, &name).await?;
            accounts.end_sessions(&user, None, BY).await.map_err(|error| problem(&error))
        })?;
        context.say(format_args!("all sessions of {name} are over"));
    }
    Ok(Verdict::Good)
}

/// Sessions in the memory of another process are out of reach.
fn reachable(runtime: Runtime) -> Result<Runtime, CommandError> {
    if runtime.session.store == StoreKind::Memory {
        let problem = Problem::error("MS0010", "sessions are kept in the memory of the service");
        let problem = problem.because("no other process can see or end them");
        return Err(problem.help("restart the service to end them all, or leave SESSION_STORE out").into());
    }
    Ok(runtime)
}

fn session_json((user, session): &(User, SessionSummary)) -> Value {
    json!({
        "id": session.id,
        "user": user.name,
        "user_id": user.id,
        "created_at": session.created_at.to_string(),
        "last_seen_at": session.last_seen_at.to_string(),
        "expires_at": session.expiry.over_at(session.last_seen_at).to_string(),
        "address": session.device.address,
        "user_agent": session.device.user_agent,
    })
}
