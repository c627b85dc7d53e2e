//! `token`.

use std::time::Duration;

use clap::ArgMatches;
use jiff::{SignedDuration, Timestamp};
use mainstay::Service;
use mainstay::identity::{ApiToken, ApiTokenId, NewApiToken};
use mainstay_core::settings::{Problem, Setting};
use serde_json::{Value, json};

use super::{BY, existing, name, problem, with_accounts};
use crate::arguments::{chosen_format, chosen_role};
use crate::database::runtime;
use crate::{CommandError, Context, Verdict};

pub(crate) fn run<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("create", matches)) => create(service, matches, context),
        Some(("list", matches)) => list(service, matches, context),
        Some(("revoke", matches)) => revoke(service, matches, context),
        _ => Ok(Verdict::Good),
    }
}

fn create<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let owner = matches.contains_id("user").then(|| name(matches, "user")).transpose()?;
    let label = matches.get_one::<String>("name").map(String::as_str).unwrap_or_default();
    let expires = matches.get_one::<String>("expires").map(|text| end(text, context.clock().timestamp()));
    let expires_at = expires.transpose()?;
    let role = chosen_role(matches);
    let runtime = runtime::<S>(context)?;
    let (token, text) = with_accounts(service, &runtime, context, async |accounts| {
        let owner = match &owner {
            Some(name) => Some(existing(accounts, name).await?.id),
            None => None,
        };
        let new = NewApiToken { name: label, role, owner, expires_at };
        accounts.create_token(new, BY).await.map_err(|error| problem(&error))
    })?;
    if chosen_format(matches) == "json" {
        let mut shown = token_json(&token);
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("token".to_owned(), text.expose().into());
        }
        context.json(&shown)?;
    } else {
        // Nothing but the token: it goes into files and pipes.
        writeln!(context.data(), "{}", text.expose())?;
    }
    let end =
        token.expires_at.map_or_else(|| "it never ends".to_owned(), |end| format!("it ends at {end:.0}"));
    context.say(format_args!("the token is shown this once; {end}"));
    Ok(Verdict::Good)
}

fn list<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let runtime = runtime::<S>(context)?;
    let tokens = with_accounts(service, &runtime, context, async |accounts| {
        accounts.tokens().list(None).await.map_err(|error| problem(&error))
    })?;
    if chosen_format(matches) == "json" {
        context.json(&tokens.iter().map(token_json).collect::<Vec<_>>())?;
        return Ok(Verdict::Good);
    }
    let now = context.clock().timestamp();
    for token in &tokens {
        let ApiToken { id, begins, name, role, last_used_at, .. } = token;
        let used = last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {at:.0}"));
        let (role, state) = (role.as_str(), state(token, now));
        writeln!(context.data(), "{id}  {begins}…  {role:8}  {state:7}  {used:25}  {name}")?;
    }
    if tokens.is_empty() {
        context.say("there is no token");
    }
    Ok(Verdict::Good)
}

fn revoke<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let id = matches.get_one::<ApiTokenId>("id").copied();
    let Some(id) = id else { return Ok(Verdict::Good) };
    let runtime = runtime::<S>(context)?;
    let revoked = with_accounts(service, &runtime, context, async |accounts| {
        accounts.revoke_token(id, None, BY).await.map_err(|error| problem(&error))
    })?;
    context.say(if revoked {
        format!("the token {id} is revoked: the next request with it is refused")
    } else {
        format!("there is no token {id} to revoke: see `{} token list`", context.program())
    });
    Ok(Verdict::good_if(revoked))
}

fn state(token: &ApiToken, now: Timestamp) -> &'static str {
    if token.revoked_at.is_some() {
        "revoked"
    } else if token.expires_at.is_some_and(|end| end <= now) {
        "over"
    } else {
        "good"
    }
}

fn token_json(token: &ApiToken) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": token.id,
        "begins": token.begins,
        "name": token.name,
        "role": token.role,
        "user_id": token.owner,
        "created_at": token.created_at.to_string(),
        "expires_at": time(token.expires_at),
        "last_used_at": time(token.last_used_at),
        "revoked_at": time(token.revoked_at),
    })
}

/// When a token ends: a time from now, such as `90d`, or a point in time.
fn end(text: &str, now: Timestamp) -> Result<Timestamp, CommandError> {
    let wrong = || {
        let problem = Problem::error("MS0009", format!("--expires={text} is no end"));
        problem.help("write a time from now, such as 90d, or a point in time, such as 2027-01-31T00:00:00Z")
    };
    if let Ok(point) = text.parse::<Timestamp>() {
        return Ok(point);
    }
    let from_now =
        <Duration as Setting>::parse(text).ok().and_then(|time| SignedDuration::try_from(time).ok());
    let end = from_now.and_then(|time| now.checked_add(time).ok());
    Ok(end.ok_or_else(wrong)?)
}
