//! `worker` and `reload`: what is asked of the running service, by its control socket.

use std::fmt::Write as _;
use std::time::Duration;

use clap::ArgMatches;
use mainstay::Service;
use mainstay::life::Configuration;
use mainstay::life::control::{ControlSettings, Reply, Request, ask};
use mainstay_core::Chain;
use mainstay_core::settings::Problem;
use serde_json::Value;

use crate::arguments::chosen_format;
use crate::{CommandError, Context, Verdict};

/// What is answered from memory comes at once.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn worker<S: Service>(
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("list", matches)) => list::<S>(matches, context),
        Some((_, matches)) => restart::<S>(matches, context),
        None => Ok(Verdict::Good),
    }
}

pub(crate) fn reload<S: Service>(context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let settings = settings::<S>(context)?;
    let patience = settings.reload_timeout + PATIENCE;
    context.say("a new process is started; the old one serves until it is ready");
    match request::<S>(&settings, &Request::Reload {}, patience, context)? {
        Reply::Done(done) => {
            context.say(format_args!("process {} serves", done["process"]));
            Ok(Verdict::Good)
        }
        refused => Ok(say(&refused, context)),
    }
}

fn list<S: Service>(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let settings = settings::<S>(context)?;
    let workers = match request::<S>(&settings, &Request::Workers {}, PATIENCE, context)? {
        Reply::Done(list) => list["workers"].clone(),
        refused => return Ok(say(&refused, context)),
    };
    let all = workers.as_array().map(Vec::as_slice).unwrap_or_default();
    if chosen_format(matches) == "json" {
        context.json(&workers)?;
    } else {
        for worker in all {
            writeln!(context.data(), "{}", line(worker))?;
        }
    }
    Ok(Verdict::good_if(all.iter().all(|worker| worker["state"] != "faulted")))
}

fn line(worker: &Value) -> String {
    let text = |name: &str| worker[name].as_str().unwrap_or_default();
    let number = |name: &str| worker[name].as_u64().unwrap_or_default();
    let restarts =
        format!("{} restarts, {} of {} lately", number("restarts"), number("churn"), number("budget"));
    let mut line = format!("{:24}  {:8}  {restarts}", text("name"), text("state"));
    if let Some(wait) = worker["starts_in_seconds"].as_u64() {
        // Writing into a String does not fail.
        let _ = write!(line, ", starts in {wait} s");
    }
    if let Some(error) = worker["last_error"].as_str() {
        let _ = write!(line, "; failed at {}: {error}", text("last_error_at"));
    }
    line
}

fn restart<S: Service>(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let settings = settings::<S>(context)?;
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let (worker, reason) = (text("name"), text("reason"));
    let acknowledge = matches.get_flag("acknowledge");
    let wish = Request::Restart { worker, acknowledge, reason };
    match request::<S>(&settings, &wish, PATIENCE, context)? {
        Reply::Done(worker) => {
            let name = worker["name"].as_str().unwrap_or_default();
            context.say(format_args!("{name} is being restarted"));
            Ok(Verdict::Good)
        }
        refused => Ok(say(&refused, context)),
    }
}

fn settings<S: Service>(context: &mut Context<'_>) -> Result<ControlSettings, CommandError> {
    Ok(context.settings::<Configuration<S>>()?.runtime.control)
}

fn request<S: Service>(
    settings: &ControlSettings,
    request: &Request,
    patience: Duration,
    context: &Context<'_>,
) -> Result<Reply, CommandError> {
    let Some(path) = settings.address.path() else {
        let problem = Problem::error("MS0013", "CONTROL_SOCKET is off: no command reaches the service");
        let help = "give CONTROL_SOCKET a path, and restart the service; SIGHUP reloads it without one";
        return Err(problem.at("CONTROL_SOCKET").help(help).into());
    };
    ask(&context.directory().join(path), request, patience).map_err(|error| {
        let problem = Problem::error("MS0013", format!("{} does not answer", S::NAME)).at("CONTROL_SOCKET");
        let problem = problem.because(Chain(&error).to_string());
        problem.help("run this where the service runs, with its settings and as its user").into()
    })
}

/// Says why something was not done.
fn say(reply: &Reply, context: &mut Context<'_>) -> Verdict {
    if let Reply::Refused(reason) = reply {
        context.say(reason);
    }
    Verdict::Bad
}
