//! `POST /drill/poison`: an event that one projection cannot apply.

use axum::extract::State;
use mainstay::{Control, ErrorCode, Json, Refusal, Routes};
use mainstay_events::{Append, Event, Expected, StreamId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Catalogues;
use crate::domain::stream;
use crate::ledger::Ledger;
use crate::read::POISON;

/// The event.
#[derive(Serialize, Deserialize)]
struct Poisoned {
    drill: bool,
}

impl Event for Poisoned {
    fn event_type(&self) -> &'static str {
        POISON
    }
}

/// Where it stands.
#[derive(Serialize, JsonSchema)]
struct Placed {
    /// The position in the log.
    position: u64,
}

pub(super) fn routes() -> Routes<Catalogues> {
    const WHY: &str = "a build with drills does not start where it could harm";
    Routes::at("/drill")
        .tag("Drills")
        .post("/poison", poison)
        .public()
        .waive(Control::Session, WHY)
        .waive(Control::Csrf, WHY)
}

async fn poison(State(ledger): State<Ledger>) -> Result<Json<Placed>, Refusal> {
    let failed = |error| Refusal::new(ErrorCode::InternalError).because(error);
    let stream = StreamId::of(stream::DRILL, "poison")
        .map_err(|error| Refusal::new(ErrorCode::InternalError).because(error))?;
    let append = Append::new().events(&stream, Expected::Any, &[Poisoned { drill: true }]);
    let appended = ledger.events().append(append).await.map_err(failed)?;
    Ok(Json(Placed { position: appended.last.get() }))
}
