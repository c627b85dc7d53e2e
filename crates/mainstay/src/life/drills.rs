//! Drills: routes and a setting that misbehave on purpose, to rehearse incidents with.
//!
//! | route or setting | what it does |
//! |---|---|
//! | `GET /drill/slow?ms=` | answers after so many milliseconds |
//! | `GET /drill/hold?ms=` | holds a reading connection for so many milliseconds |
//! | `GET /drill/panic` | panics |
//! | `DRILL_HANG_HOOK=yes` | a hook of the drain that never ends |

use std::time::Duration;

use axum::extract::State;
use mainstay_core::settings::Reader;
use mainstay_db::Database;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{App, Phase};
use crate::{Control, ErrorCode, Json, Query, Refusal, Routes};

/// Longest wait that a drill may be told.
const LONGEST: Duration = Duration::from_mins(5);

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

/// Reads `DRILL_HANG_HOOK`.
pub(super) fn read(reader: &mut Reader<'_>) -> bool {
    reader
        .field("DRILL_HANG_HOOK")
        .doc("A hook of the drain that never ends, to rehearse a stop that is late.")
        .default(false)
        .read()
}

/// Adds the hook, if the settings want it, and gives the routes.
pub(super) fn install<S>(app: &mut App<S>) -> Routes {
    if app.runtime().process.drill_hang_hook {
        app.on_shutdown("drill", Phase::Flush, |_| std::future::pending());
    }
    routes(app.database().clone())
}

fn routes(database: Database) -> Routes {
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
        .with_state(database)
}

async fn slow(Query(wait): Query<Wait>) -> Json<Waited> {
    pause(wait).await
}

async fn hold(State(database): State<Database>, Query(wait): Query<Wait>) -> Result<Json<Waited>, Refusal> {
    let unavailable = |error| Refusal::new(ErrorCode::DatabaseUnavailable).because(error);
    let held = database.read().await.map_err(unavailable)?;
    let waited = pause(wait).await;
    drop(held);
    Ok(waited)
}

#[expect(clippy::panic, reason = "that is the drill")]
async fn fall() -> Json<Waited> {
    panic!("a drill")
}

async fn pause(Wait { ms }: Wait) -> Json<Waited> {
    tokio::time::sleep(Duration::from_millis(ms).min(LONGEST)).await;
    Json(Waited { waited_ms: ms })
}
