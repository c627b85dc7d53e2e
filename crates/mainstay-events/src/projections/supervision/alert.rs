//! What fails, told to people: a message for each failure, and one for its end.
//!
//! The failure itself is in the database, with its lane or its key, and whoever takes the lane over finds it there.
//! So nothing is lost when the process dies before the message is written: the next holder writes it, under the
//! same id.

use mainstay_core::Shutdown;
use serde::Serialize;
use uuid::Uuid;

use crate::outbox::{Message, id_of};
use crate::projections::failures::{Failed, Failure, News, TRANSIENT};
use crate::projections::runner::Runner;

/// The topic of messages that tell of a projection that fails.
pub const PROJECTION_FAILED: &str = "projection_failed";

/// The topic of messages that tell of a projection that goes on.
pub const PROJECTION_RECOVERED: &str = "projection_recovered";

/// A lane that waits for the database is told about once within this time.
const TOLD_AGAIN_SECONDS: i64 = 600;

/// Most characters of an error that a message tells.
const ERROR: usize = 1_000;

/// What such a message says.
#[derive(Debug, Serialize)]
struct Body<'a> {
    projection: &'a str,
    generation: u32,
    lane: u16,
    /// What was put aside; without it, the whole lane stands.
    quarantined: Option<&'a str>,
    failure: &'a Failure,
    /// What shows more, and what helps.
    help: &'static str,
}

/// Puts a message into the outbox for whatever begins to fail.
pub(super) async fn tell(runner: &Runner, shutdown: &Shutdown) {
    let Some(outbox) = runner.outbox() else { return };
    loop {
        let news = tokio::select! {
            news = runner.board().news() => news,
            () = shutdown.begun() => return,
        };
        for event in news {
            let message = match &event {
                News::Began(failed) => began(failed),
                // What passes by itself may come again at once, and would then be the last that was heard of it.
                News::Ended(Failed { failure, .. }) if failure.kind == TRANSIENT => continue,
                News::Ended(failed) => ended(failed),
            };
            match message {
                Ok(message) => outbox.post(message).await,
                Err(error) => tracing::error!(critical = true, %error, "an alert cannot be written as JSON"),
            }
        }
    }
}

/// What makes a failure another one than those before it. The end of it has the same.
///
/// The time is that of the failure in the database, which every holder finds. It changes when an operator's wish or
/// another build made the projection try again, and that was in vain: whoever helped wants to know. What a projection
/// tries by itself comes before the failure is noted.
fn parts(Failed { place, key, failure }: &Failed) -> [String; 7] {
    let at = match failure.kind.as_str() {
        // A database that comes and goes: told, and not told every second.
        TRANSIENT => (failure.at.as_second() / TOLD_AGAIN_SECONDS).to_string(),
        _ => failure.at.to_string(),
    };
    [
        place.name.to_owned(),
        place.generation.to_string(),
        place.lane.to_string(),
        key.clone().unwrap_or_default(),
        failure.kind.clone(),
        at,
        failure.build.clone(),
    ]
}

fn id(topic: &str, failed: &Failed) -> Uuid {
    let parts = parts(failed);
    id_of(&std::iter::once(topic).chain(parts.iter().map(String::as_str)).collect::<Vec<_>>())
}

fn ended(failed: &Failed) -> Result<Message, serde_json::Error> {
    let Failed { place, key, failure } = failed;
    let name = place.name;
    let subject = match key {
        Some(key) => format!("{name} goes on with {key}"),
        None => format!("{name} goes on"),
    };
    let body = serde_json::json!({
        "projection": name,
        "generation": place.generation,
        "lane": place.lane,
        "quarantined": key,
        "failed": { "kind": failure.kind, "event": failure.event, "at": failure.at },
    });
    Message::new(id(PROJECTION_RECOVERED, failed), PROJECTION_RECOVERED, &subject, &body)
}

fn began(failed: &Failed) -> Result<Message, serde_json::Error> {
    let Failed { place, key, failure } = failed;
    let name = place.name;
    let subject = match (key, failure.kind.as_str()) {
        (Some(key), _) => format!("{name} has put {key} aside"),
        (None, TRANSIENT) => format!("{name} waits for the database"),
        (None, kind) => format!("{name} stands still: {kind}"),
    };
    // The backtrace is in the log: it is long, and no one's business elsewhere. So is the end of a long error.
    let error = failure.error.chars().take(ERROR).collect();
    let failure = Failure { backtrace: None, error, ..failure.clone() };
    let body = Body {
        projection: name,
        generation: place.generation,
        lane: place.lane,
        quarantined: key.as_deref(),
        failure: &failure,
        help: "see `projection status`; then `projection retry`, `skip` or `rebuild`",
    };
    Message::new(id(PROJECTION_FAILED, failed), PROJECTION_FAILED, &subject, &body)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::projections::place::Place;

    fn failed(kind: &str, key: Option<&str>, at: i64) -> Failed {
        let at = Timestamp::from_second(at).expect("a time");
        let failure = Failure { backtrace: Some("at …".into()), ..Failure::new(kind, "no", "1.0", at) };
        let place = Place { name: "stock", generation: 2, lane: 1 };
        Failed { place, key: key.map(str::to_owned), failure }
    }

    #[test]
    fn the_same_failure_has_the_same_id() {
        let id = |failed: &Failed| began(failed).expect("JSON").id();
        let one = failed("log_damaged", None, 1);
        assert_eq!(id(&one), id(&one.clone()));
        let others =
            [failed("log_damaged", None, 2), failed("halted", None, 1), failed("log_damaged", Some("a"), 1)];
        for other in &others {
            assert_ne!(id(&one), id(other), "{other:?}");
        }
        let waiting = |at| id(&failed(TRANSIENT, None, at));
        assert_eq!(waiting(600), waiting(1_199));
        assert_ne!(waiting(600), waiting(1_200));
    }

    #[test]
    fn it_says_what_fails_and_leaves_backtrace_and_length_at_home() {
        let told = began(&failed("poison", Some("item-1"), 1)).expect("JSON");
        assert_eq!(told.subject(), "stock has put item-1 aside");
        let body: serde_json::Value = serde_json::from_str(told.body()).expect("JSON");
        assert_eq!((&body["quarantined"], &body["failure"]["error"]), (&"item-1".into(), &"no".into()));
        assert!(body["failure"]["backtrace"].is_null());
        let mut long = failed("poison", Some("item-1"), 1);
        long.failure.error = "é".repeat(ERROR + 1);
        let told = began(&long).expect("JSON");
        let body: serde_json::Value = serde_json::from_str(told.body()).expect("JSON");
        assert_eq!(body["failure"]["error"], "é".repeat(ERROR));
        let subject = |kind| began(&failed(kind, None, 1)).expect("JSON").subject().to_owned();
        assert_eq!(subject("transient"), "stock waits for the database");
        assert_eq!(subject("mass_poison"), "stock stands still: mass_poison");
    }
}
