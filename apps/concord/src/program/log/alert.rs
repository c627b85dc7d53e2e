//! `alert list|test`

use clap::ArgMatches;
use mainstay_cli::{CommandError, Context, Verdict};
use mainstay_events::outbox::operator::{self, Unsent};

use super::{is_json, unreadable, with_log};

/// Most messages that are listed.
const LISTED: u32 = 1_000;

pub(super) fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches, context),
        #[cfg(feature = "alerts")]
        Some(("test", _)) => test(context),
        _ => Ok(Verdict::Good),
    }
}

/// Ends with 1 when something waits, so that scripts can ask.
fn list(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let unsent = with_log(context, async |store, _| {
        operator::unsent(store.database(), LISTED).await.map_err(|error| unreadable(&error))
    })?;
    let verdict = Verdict::good_if(unsent.is_empty());
    if is_json(matches) {
        context.json(&unsent)?;
        return Ok(verdict);
    }
    for Unsent { id, destination, subject, state, attempts, error, created_at, .. } in &unsent {
        let error = error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        writeln!(
            context.data(),
            "{id}  {created_at:.0}  {destination}  {state}, tried {attempts} times{error}"
        )?;
        writeln!(context.data(), "    {subject}")?;
    }
    if unsent.is_empty() {
        context.say("every alert was taken");
    }
    Ok(verdict)
}

/// Sends an alert through each channel, at once and not by the outbox, and says what became of it.
#[cfg(feature = "alerts")]
fn test(context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    use mainstay::alerts::Alert;
    use mainstay::life::Configuration;
    use mainstay_cli::block_on;
    use mainstay_core::{Chain, Tasks, random};

    use crate::service::Concord;
    use crate::service::channels;

    let configuration = context.settings::<Configuration<Concord>>()?;
    let clock = context.clock().clone();
    let alert = Alert {
        id: random::uuid(&clock),
        topic: "alert_test",
        subject: "this is a test: nothing is wrong",
        details: r#"{"help":"somebody ran `alert test`"}"#,
    };
    let channels = channels::open(&configuration.runtime, &clock, &Tasks::new());
    let channels = channels.map_err(|error| super::untold(&error))?;
    if channels.is_empty() {
        context.say("alerts are off: see ALERTS_ENABLED");
        return Ok(Verdict::Bad);
    }
    let outcomes = block_on(async {
        let mut outcomes = Vec::new();
        for channel in &channels {
            outcomes.push((channel.name(), channel.send(&alert).await));
        }
        outcomes
    })?;
    let mut verdict = Verdict::Good;
    for (name, outcome) in outcomes {
        match outcome {
            Ok(()) => writeln!(context.data(), "{name}: taken")?,
            Err(error) => {
                writeln!(context.data(), "{name}: {}", Chain(&error))?;
                verdict = Verdict::Bad;
            }
        }
    }
    Ok(verdict)
}
