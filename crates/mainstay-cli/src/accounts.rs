//! `user` and `token`: accounts, worked on in the database itself.

use std::error::Error;

use clap::ArgMatches;
use jiff::{SignedDuration, Timestamp};
use mainstay::identity::{AccountError, Accounts, ApiToken, ApiTokenId, NewApiToken, User, UserName};
use mainstay::life::{StartError, open_accounts};
use mainstay::telemetry::metrics::Metrics;
use mainstay::{Role, Service};
use mainstay_core::settings::Problem;
use mainstay_core::{Chain, Tasks};
use serde_json::{Value, json};

use crate::arguments::chosen_format;
use crate::database::{runtime, with_database};
use crate::{CommandError, Context, Verdict};

/// Who changes accounts by command, in the audit log.
const BY: &str = "command line";

pub(crate) fn user<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("create", matches)) => create_user(service, matches, context),
        Some(("list", matches)) => list_users(service, matches, context),
        Some(("passwd", matches)) => reset_password(service, matches, context),
        Some(("disable", matches)) => set_disabled(service, matches, context, true),
        Some((_, matches)) => set_disabled(service, matches, context, false),
        None => Ok(Verdict::Good),
    }
}

pub(crate) fn token<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("create", matches)) => create_token(service, matches, context),
        Some(("list", matches)) => list_tokens(service, matches, context),
        Some((_, matches)) => revoke_token(service, matches, context),
        None => Ok(Verdict::Good),
    }
}

fn create_user<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let (name, role) = (name(matches)?, role(matches)?);
    let created = with_accounts(service, context, async |accounts| {
        accounts.create_with_initial_password(&name, role, BY).await
    })?;
    let (user, password) = created.map_err(|error| refused(&error))?;
    context.say(format_args!(
        "created {} as {}; the password holds for 72 hours and has to be changed at the first sign-in:",
        user.name.as_str(),
        user.role.as_str()
    ));
    writeln!(context.data(), "{}", password.expose())?;
    Ok(Verdict::Good)
}

fn reset_password<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let name = name(matches)?;
    let reset = with_accounts(service, context, async |accounts| {
        let user = known(accounts, &name).await?;
        accounts.reset_password(&user, BY).await
    })?;
    let password = reset.map_err(|error| refused(&error))?;
    context.say("their sessions are ended; the password holds for 72 hours and has to be changed at the next sign-in:");
    writeln!(context.data(), "{}", password.expose())?;
    Ok(Verdict::Good)
}

fn set_disabled<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
    is_disabled: bool,
) -> Result<Verdict, CommandError> {
    let name = name(matches)?;
    let changed = with_accounts(service, context, async |accounts| {
        let user = known(accounts, &name).await?;
        accounts.set_disabled(&user, is_disabled, BY).await
    })?;
    let changed = changed.map_err(|error| refused(&error))?;
    let state = if is_disabled { "disabled" } else { "enabled" };
    let was = if changed { "is now" } else { "was already" };
    context.say(format_args!("{} {was} {state}", name.as_str()));
    Ok(Verdict::Good)
}

fn list_users<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let users = with_accounts(service, context, async |accounts| accounts.users().list().await)?;
    let users = users.map_err(|error| refused(&error))?;
    if chosen_format(matches) == "json" {
        context.json(&users.iter().map(user_json).collect::<Vec<_>>())?;
        return Ok(Verdict::Good);
    }
    for user in &users {
        let state = if user.is_disabled { "  disabled" } else { "" };
        let (name, role) = (user.name.as_str(), user.role.as_str());
        writeln!(context.data(), "{name:24}  {role:8}  {}{state}", user.provider.as_str())?;
    }
    Ok(Verdict::Good)
}

fn user_json(user: &User) -> Value {
    json!({
        "name": user.name.as_str(),
        "role": user.role.as_str(),
        "provider": user.provider.as_str(),
        "disabled": user.is_disabled,
        "must_change": user.must_change,
        "created_at": user.created_at.to_string(),
    })
}

fn create_token<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let name = matches.get_one::<String>("name").cloned().unwrap_or_default();
    let role = role(matches)?;
    let now = context.clock().timestamp();
    let expires_at = matches.get_one::<String>("expires").map(|text| end(text, now)).transpose()?;
    let created = with_accounts(service, context, async |accounts| {
        accounts.create_token(NewApiToken { name: &name, role, owner: None, expires_at }, BY).await
    })?;
    let (token, text) = created.map_err(|error| refused(&error))?;
    if chosen_format(matches) == "json" {
        let mut shown = token_json(&token);
        shown["token"] = json!(text.expose());
        context.json(&shown)?;
    } else {
        context.say("send it as `Authorization: Bearer …`; it is not shown again:");
        writeln!(context.data(), "{}", text.expose())?;
    }
    Ok(Verdict::Good)
}

fn list_tokens<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let tokens = with_accounts(service, context, async |accounts| accounts.tokens().list(None).await)?;
    let tokens = tokens.map_err(|error| refused(&error))?;
    if chosen_format(matches) == "json" {
        context.json(&tokens.iter().map(token_json).collect::<Vec<_>>())?;
        return Ok(Verdict::Good);
    }
    for token in &tokens {
        let state = if token.revoked_at.is_some() { "  revoked" } else { "" };
        let (id, role) = (token.id, token.role.as_str());
        writeln!(context.data(), "{id}  {role:8}  {}…  {}{state}", token.begins, token.name)?;
    }
    Ok(Verdict::Good)
}

fn revoke_token<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let text = matches.get_one::<String>("id").map(String::as_str).unwrap_or_default();
    let id: ApiTokenId = text.parse().map_err(|_| {
        let problem = Problem::error("MS0008", format!("{text} is no id of a token"));
        problem.help(format!("`{} token list` shows the ids", S::NAME))
    })?;
    let revoked =
        with_accounts(service, context, async |accounts| accounts.revoke_token(id, None, BY).await)?;
    let revoked = revoked.map_err(|error| refused(&error))?;
    context.say(if revoked { "revoked" } else { "there is no such token that could still be revoked" });
    Ok(Verdict::good_if(revoked))
}

fn token_json(token: &ApiToken) -> Value {
    json!({
        "id": token.id.to_string(),
        "name": token.name,
        "role": token.role.as_str(),
        "created_at": token.created_at.to_string(),
        "expires_at": token.expires_at.map(|at| at.to_string()),
        "revoked_at": token.revoked_at.map(|at| at.to_string()),
    })
}

/// Opens the accounts of a database whose schema is current, and works with them.
fn with_accounts<S: Service, T>(
    service: &S,
    context: &mut Context<'_>,
    work: impl AsyncFnOnce(&Accounts) -> T,
) -> Result<T, CommandError> {
    let runtime = runtime::<S>(context)?;
    let clock = context.clock().clone();
    with_database(&runtime, context, async |database| {
        mainstay::migrations_of(service).require_current(database).await?;
        let accounts = open_accounts::<S>(&runtime, database, &clock, &Tasks::new(), &Metrics::new());
        let accounts = accounts.map_err(|error| StartError::Build(error.into()))?;
        Ok(work(&accounts).await)
    })
}

async fn known(accounts: &Accounts, name: &UserName) -> Result<User, AccountError> {
    accounts.users().by_name(name).await?.ok_or(AccountError::NoUser)
}

fn name(matches: &ArgMatches) -> Result<UserName, CommandError> {
    let text = matches.get_one::<String>("name").map(String::as_str).unwrap_or_default();
    text.parse().map_err(|error| refused(&error).into())
}

fn role(matches: &ArgMatches) -> Result<Role, CommandError> {
    let text = matches.get_one::<String>("role").map(String::as_str).unwrap_or_default();
    let roles = [Role::Viewer, Role::Editor, Role::Operator];
    let role = roles.into_iter().find(|role| role.as_str() == text);
    role.ok_or_else(|| Problem::error("MS0008", format!("there is no role {text}")).into())
}

/// Reads `30d`, `12h` or a moment such as `2027-01-01T00:00:00Z`.
fn end(text: &str, now: Timestamp) -> Result<Timestamp, CommandError> {
    let unit = |suffix: &str, hours: i64| {
        let count: i64 = text.strip_suffix(suffix)?.parse().ok()?;
        now.checked_add(SignedDuration::from_hours(count.checked_mul(hours)?)).ok()
    };
    unit("d", 24).or_else(|| unit("h", 1)).or_else(|| text.parse().ok()).ok_or_else(|| {
        let problem = Problem::error("MS0008", format!("--expires {text} is no moment"));
        problem.help("write 30d, 12h, or a moment such as 2027-01-01T00:00:00Z").into()
    })
}

fn refused(error: &dyn Error) -> Problem {
    Problem::error("MS0008", Chain(error).to_string())
}
