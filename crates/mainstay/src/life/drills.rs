//! Drills: routes and a setting that misbehave on purpose, to rehearse incidents with.
//!
//! | route or setting | what it does |
//! |---|---|
//! | `GET /drill/slow?ms=` | answers after so many milliseconds |
//! | `GET /drill/hold?ms=` | holds a reading connection for so many milliseconds |
//! | `GET /drill/panic` | panics |
//! | `GET /drill/stall?ms=` | blocks every thread of the runtime for so many milliseconds |
//! | `GET /drill/stream?ms=` | sends an event each 100 ms, for so many milliseconds or until the service stops |
//! | `DRILL_HANG_HOOK=yes` | a hook of the drain that never ends |
//! | `DRILL_FAILING_WORKER=yes` | a worker, `drill`, that fails whenever it is started |

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header;
use mainstay_core::settings::{Reader, Section};
use mainstay_core::{Shutdown, Tasks};
use mainstay_db::Database;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{App, Phase, Restart};
use crate::routes::{Answer, DescribeResponse, Operation};
use crate::{Control, ErrorCode, Json, Query, Refusal, Routes};

/// Longest wait that a drill may be told.
const LONGEST: Duration = Duration::from_mins(5);

/// Between two events of a stream.
const EVENT_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Deserialize, JsonSchema)]
struct Wait {
    /// Milliseconds.
    ms: u64,
}

#[derive(Serialize, JsonSchema)]
struct Waited {
    /// Milliseconds.
    waited_ms: u64,
}

/// What misbehaves without being asked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DrillSettings {
    /// `DRILL_HANG_HOOK`: a hook of the drain that never ends.
    pub hang_hook: bool,
    /// `DRILL_FAILING_WORKER`: a worker that fails whenever it is started.
    pub failing_worker: bool,
}

impl Section for DrillSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        let mut switch = |name, doc| reader.field::<bool>(name).doc(doc).default(false).read();
        Self {
            hang_hook: switch(
                "DRILL_HANG_HOOK",
                "A hook of the drain that never ends, to rehearse a stop that is late.",
            ),
            failing_worker: switch(
                "DRILL_FAILING_WORKER",
                "A worker that fails whenever it is started, to rehearse its restart.",
            ),
        }
    }
}

/// What the drills reach.
#[derive(Clone)]
struct Ground {
    database: Database,
    tasks: Tasks,
    streams: Shutdown,
}

/// Adds the hook, if the settings want it, and gives the routes.
pub(super) fn install<S>(app: &mut App<S>) -> Routes {
    let drills = app.runtime().process.drills;
    if drills.hang_hook {
        app.on_shutdown("drill", Phase::Flush, |_| std::future::pending());
    }
    if drills.failing_worker {
        app.worker("drill", Restart::budgeted(), async |_| Err("a drill".into()));
    }
    let (database, tasks) = (app.database().clone(), app.tasks().clone());
    routes(Ground { database, tasks, streams: app.streams().clone() })
}

fn routes(ground: Ground) -> Routes {
    const WHY: &str = "a build with drills does not start where it could harm";
    Routes::at("/drill")
        .tag("Drills")
        .get("/slow", slow)
        .public()
        .waive(Control::Session, WHY)
        .get("/hold", hold)
        .public()
        .waive(Control::Session, WHY)
        .get("/panic", fall)
        .public()
        .waive(Control::Session, WHY)
        .get("/stall", stall)
        .public()
        .waive(Control::Session, WHY)
        .get("/stream", events)
        .public()
        .waive(Control::Session, WHY)
        .with_state(ground)
}

async fn slow(Query(wait): Query<Wait>) -> Json<Waited> {
    pause(wait).await
}

async fn hold(State(ground): State<Ground>, Query(wait): Query<Wait>) -> Result<Json<Waited>, Refusal> {
    let unavailable = |error| Refusal::new(ErrorCode::DatabaseUnavailable).because(error);
    let held = ground.database.read().await.map_err(unavailable)?;
    let waited = pause(wait).await;
    drop(held);
    Ok(waited)
}

async fn stall(State(ground): State<Ground>, Query(Wait { ms }): Query<Wait>) -> Json<Waited> {
    let long = Duration::from_millis(ms).min(LONGEST);
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    let stalls: Vec<_> = (0..threads)
        .map(|_| ground.tasks.spawn("drill stall", async move { std::thread::sleep(long) }))
        .collect();
    for stall in stalls {
        // It fails only where the process ends.
        let _ = stall.await;
    }
    Json(Waited { waited_ms: ms })
}

/// A long-lived answer of events.
struct Events(Body);

async fn events(State(ground): State<Ground>, Query(Wait { ms }): Query<Wait>) -> Events {
    let count = Duration::from_millis(ms).min(LONGEST).as_millis() / EVENT_INTERVAL.as_millis();
    let begin = (ground.streams, 0);
    let events = stream::unfold(begin, move |(streams, number)| async move {
        if streams.has_begun() || number >= count {
            return None;
        }
        let told = tokio::time::timeout(EVENT_INTERVAL, streams.begun()).await.is_ok();
        let event = if told { "event: end\ndata: \n\n".to_owned() } else { format!("data: {number}\n\n") };
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(event)), (streams, number + 1)))
    });
    Events(Body::from_stream(events))
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/event-stream")], self.0).into_response()
    }
}

impl DescribeResponse for Events {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(Answer::new(http::StatusCode::OK).content("text/event-stream", None));
    }
}

#[expect(clippy::panic, reason = "that is the drill")]
async fn fall() -> Json<Waited> {
    panic!("a drill")
}

async fn pause(Wait { ms }: Wait) -> Json<Waited> {
    tokio::time::sleep(Duration::from_millis(ms).min(LONGEST)).await;
    Json(Waited { waited_ms: ms })
}
