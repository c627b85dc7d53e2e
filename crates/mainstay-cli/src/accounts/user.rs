//! `user`.

use clap::ArgMatches;
use mainstay::Service;
use mainstay::identity::{INITIAL_PASSWORD_LIFETIME, Password, User};
use serde_json::{Value, json};

use super::{BY, existing, name, problem, with_accounts};
use crate::arguments::{PASSWORD_STDIN, chosen_format, chosen_role};
use crate::database::runtime;
use crate::{CommandError, Context, Verdict};

pub(crate) fn run<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("create", matches)) => create(service, matches, context),
        Some(("passwd", matches)) => passwd(service, matches, context),
        Some(("role", matches)) => role(service, matches, context),
        Some(("disable", matches)) => disable(service, matches, context, true),
        Some(("enable", matches)) => disable(service, matches, context, false),
        Some(("list", matches)) => list(service, matches, context),
        _ => Ok(Verdict::Good),
    }
}

fn create<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let (name, role) = (name(matches, "name")?, chosen_role(matches));
    let chosen = chosen_password(matches, context)?;
    let runtime = runtime::<S>(context)?;
    let (user, made) = with_accounts(service, &runtime, context, async |accounts| {
        let created = match &chosen {
            Some(password) => accounts.create(&name, role, password, BY).await.map(|user| (user, None)),
            None => accounts
                .create_with_initial_password(&name, role, BY)
                .await
                .map(|(user, password)| (user, Some(password))),
        };
        created.map_err(|error| problem(&error))
    })?;
    context.say(format_args!("created the {} {}", user.role.as_str(), user.name));
    show_password(matches, context, &user, made.as_ref())
}

fn passwd<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let name = name(matches, "name")?;
    let chosen = chosen_password(matches, context)?;
    let runtime = runtime::<S>(context)?;
    let (user, made) = with_accounts(service, &runtime, context, async |accounts| {
        let user = existing(accounts, &name).await?;
        let made = match &chosen {
            Some(password) => accounts.set_password(&user, password, BY).await.map(|()| None),
            None => accounts.reset_password(&user, BY).await.map(Some),
        };
        Ok((user, made.map_err(|error| problem(&error))?))
    })?;
    context.say(format_args!("{} has another password, and all their sessions are over", user.name));
    show_password(matches, context, &user, made.as_ref())
}

fn role<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let (name, role) = (name(matches, "name")?, chosen_role(matches));
    let runtime = runtime::<S>(context)?;
    let changed = with_accounts(service, &runtime, context, async |accounts| {
        let user = existing(accounts, &name).await?;
        accounts.set_role(&user, role, BY).await.map_err(|error| problem(&error))
    })?;
    let now = if changed { "is now" } else { "was already" };
    context.say(format_args!("{name} {now} {}", role.as_str()));
    Ok(Verdict::Good)
}

fn disable<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
    is_disabled: bool,
) -> Result<Verdict, CommandError> {
    let name = name(matches, "name")?;
    let runtime = runtime::<S>(context)?;
    let changed = with_accounts(service, &runtime, context, async |accounts| {
        let user = existing(accounts, &name).await?;
        accounts.set_disabled(&user, is_disabled, BY).await.map_err(|error| problem(&error))
    })?;
    let what = if is_disabled { "disabled" } else { "enabled" };
    let now = if changed { "is now" } else { "was already" };
    context.say(format_args!("{name} {now} {what}"));
    Ok(Verdict::Good)
}

fn list<S: Service>(
    service: &S,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let runtime = runtime::<S>(context)?;
    let users = with_accounts(service, &runtime, context, async |accounts| {
        accounts.users().list().await.map_err(|error| problem(&error))
    })?;
    if chosen_format(matches) == "json" {
        context.json(&users.iter().map(user_json).collect::<Vec<_>>())?;
        return Ok(Verdict::Good);
    }
    for user in &users {
        let User { name, role, provider, created_at, .. } = user;
        let (role, provider) = (role.as_str(), provider.as_str());
        writeln!(context.data(), "{name:24}  {role:8}  {provider:5}  {:13}  {created_at:.0}", state(user))?;
    }
    if users.is_empty() {
        let program = context.program();
        context.say(format_args!("there is no user: see `{program} user create --help`"));
    }
    Ok(Verdict::Good)
}

fn state(user: &User) -> &'static str {
    if user.is_disabled {
        "disabled"
    } else if user.must_change {
        "must change"
    } else {
        "enabled"
    }
}

fn user_json(user: &User) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "provider": user.provider.as_str(),
        "state": state(user),
        "must_change": user.must_change,
        "disabled": user.is_disabled,
        "created_at": user.created_at.to_string(),
        "changed_at": user.changed_at.to_string(),
    })
}

/// Prints a password that was made: alone, so that it can go into a pipe.
fn show_password(
    matches: &ArgMatches,
    context: &mut Context<'_>,
    user: &User,
    made: Option<&Password>,
) -> Result<Verdict, CommandError> {
    if chosen_format(matches) == "json" {
        context.json(&json!({ "user": user_json(user), "password": made.map(Password::expose) }))?;
    } else if let Some(password) = made {
        writeln!(context.data(), "{}", password.expose())?;
    }
    if made.is_some() {
        let hours = INITIAL_PASSWORD_LIFETIME.as_hours();
        context.say(format_args!(
            "the password is shown this once; it ends in {hours} hours, and has to be changed at the first sign-in"
        ));
    }
    Ok(Verdict::Good)
}

/// The password on standard input, where that was asked for.
fn chosen_password(
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Option<Password>, CommandError> {
    if matches.get_flag(PASSWORD_STDIN) { context.read_secret_line().map(Some) } else { Ok(None) }
}
