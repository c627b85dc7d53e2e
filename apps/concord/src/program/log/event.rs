//! `event show|tail|verify`

use std::time::Duration;

use clap::ArgMatches;
use mainstay_cli::{CommandError, Context, Verdict};
use mainstay_events::{Position, RecordedEvent, StreamId};
use serde_json::{Value, json};

use super::{is_json, not_there, unreadable, with_log};

/// How often `--follow` looks for more.
const LOOK: Duration = Duration::from_millis(200);

/// Events that `--follow` reads at once.
const PAGE: u32 = 500;

pub(super) fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("show", matches)) => show(matches, context),
        Some(("tail", matches)) => tail(matches, context),
        _ => verify(context),
    }
}

fn show(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let what = matches.get_one::<String>("what").map(String::as_str).unwrap_or_default();
    let nothing = || not_there(format!("there is nothing called {what} in the log"));
    let events = with_log(context, async |store, _| {
        if let Ok(position @ 1..) = what.parse::<u64>() {
            let page = store.read_from(Position::new(position - 1), 1).await;
            return page.map_err(|error| unreadable(&error));
        }
        let stream: StreamId = what.parse().map_err(|_| nothing())?;
        store.load(&stream).await.map_err(|error| unreadable(&error))
    })?;
    if events.is_empty() {
        return Err(nothing());
    }
    print(&events, true, is_json(matches), context)
}

fn tail(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let count = matches.get_one::<u32>("count").copied().unwrap_or_default();
    let (as_json, follows) = (is_json(matches), matches.get_flag("follow"));
    let events = with_log(context, async |store, context| {
        let head = store.head().await.map_err(|error| unreadable(&error))?;
        let mut after = Position::new(head.get().saturating_sub(u64::from(count)));
        let mut events = store.read_from(after, count).await.map_err(|error| unreadable(&error))?;
        if !follows {
            return Ok(events);
        }
        loop {
            for event in &events {
                after = event.position;
                print_line(event, as_json, context)?;
            }
            context.data().flush()?;
            if events.is_empty() {
                tokio::time::sleep(LOOK).await;
            }
            events = store.read_from(after, PAGE).await.map_err(|error| unreadable(&error))?;
        }
    })?;
    print(&events, false, as_json, context)
}

fn verify(context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let verified = with_log(context, async |store, _| Ok(store.verify().await))?;
    match verified {
        Ok(verified) => {
            let (events, streams) = (verified.events, verified.streams);
            writeln!(context.data(), "the log is whole: {events} events in {streams} streams")?;
            Ok(Verdict::Good)
        }
        Err(error) => {
            writeln!(context.data(), "the log is not whole: {}", mainstay_core::Chain(&error))?;
            Ok(Verdict::Bad)
        }
    }
}

fn print(
    events: &[RecordedEvent],
    with_payload: bool,
    as_json: bool,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    if as_json {
        let events: Vec<_> = events.iter().map(to_json).collect();
        context.json(&events)?;
        return Ok(Verdict::Good);
    }
    for event in events {
        print_line(event, false, context)?;
        if with_payload {
            writeln!(context.data(), "          {}", event.payload)?;
        }
    }
    Ok(Verdict::Good)
}

/// One event on one line.
fn print_line(event: &RecordedEvent, as_json: bool, context: &mut Context<'_>) -> Result<(), CommandError> {
    if as_json {
        writeln!(context.data(), "{}", to_json(event))?;
        return Ok(());
    }
    let RecordedEvent { position, stream, version, event_type, recorded_at, .. } = event;
    let actor = event.actor.as_deref().unwrap_or("-");
    writeln!(
        context.data(),
        "{position:>8}  {recorded_at:.3}  {event_type:<24}  {stream} v{version}  {actor}"
    )?;
    Ok(())
}

fn to_json(event: &RecordedEvent) -> Value {
    let text = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
    json!({
        "position": event.position,
        "stream": event.stream.as_str(),
        "version": event.version,
        "id": event.id,
        "type": event.event_type,
        "schema_version": event.schema_version,
        "payload": text(&event.payload),
        "meta": event.meta.as_deref().map(text),
        "request_id": event.correlation_id,
        "causation_id": event.causation_id,
        "actor": event.actor,
        "recorded_at": event.recorded_at,
    })
}
