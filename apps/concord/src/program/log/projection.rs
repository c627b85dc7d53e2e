//! `projection status|retry|skip|rebuild`

use clap::ArgMatches;
use mainstay_cli::{CommandError, Context, Verdict};
use mainstay_events::projections::Failure;
use mainstay_events::projections::operator::{self, ProjectionStatus, Wish};

use super::{is_json, not_there, unreadable, with_log};

pub(super) fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("retry", matches)) => wish(matches, Wish::Retry, context),
        Some(("skip", matches)) => wish(matches, Wish::Skip, context),
        Some(("rebuild", matches)) => wish(matches, Wish::Rebuild, context),
        Some((_, matches)) => status(matches, context),
        None => Ok(Verdict::Good),
    }
}

/// Ends with 1 when something fails, so that scripts can ask.
fn status(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let all = with_log(context, async |store, _| {
        operator::status(store.database()).await.map_err(|error| unreadable(&error))
    })?;
    let verdict = Verdict::good_if(all.iter().all(ProjectionStatus::is_well));
    if is_json(matches) {
        context.json(&all)?;
        return Ok(verdict);
    }
    for projection in &all {
        let ProjectionStatus { name, generation, lane, role, status, position, head, .. } = projection;
        let lag = projection.lag();
        writeln!(
            context.data(),
            "{name}  generation {generation} lane {lane}  {role}  {status}  {position} of {head} ({lag} behind)"
        )?;
        if let Some(failure) = &projection.failure {
            writeln!(context.data(), "    {}", sentence(failure))?;
        }
        for kept in &projection.quarantined {
            let why = kept.failure.as_ref().map(sentence).unwrap_or_default();
            writeln!(context.data(), "    put aside: {} ({} events wait)  {why}", kept.key, kept.waiting)?;
        }
    }
    if all.is_empty() {
        context.say("there is no projection yet: the service makes them at its first start");
    }
    Ok(verdict)
}

fn sentence(failure: &Failure) -> String {
    let event = failure.event.as_ref().map(|event| {
        let request = event.request_id.map_or_else(String::new, |id| format!(", request {id}"));
        format!(" at {} ({} of {}{request})", event.position, event.r#type, event.stream)
    });
    format!(
        "{}{}, tried {} times: {}",
        failure.kind,
        event.unwrap_or_default(),
        failure.attempts,
        failure.error
    )
}

fn wish(matches: &ArgMatches, wish: Wish, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let argument = |name| matches.try_get_one::<String>(name).ok().flatten().map(String::as_str);
    let (name, key) = (argument("name").unwrap_or_default(), argument("key"));
    let noted = with_log(context, async |store, _| {
        operator::wish(store.database(), name, key, wish).await.map_err(|error| unreadable(&error))
    })?;
    if noted == 0 {
        let what = match (key, wish) {
            (_, Wish::Rebuild) => format!("there is no projection {name}"),
            (Some(key), _) => format!("{name} has not put {key} aside"),
            (None, _) => format!("nothing of {name} has failed"),
        };
        return Err(not_there(what));
    }
    context.say("noted; the service that runs the projection does it at its next look, within a second");
    Ok(Verdict::Good)
}
