//! The browsers in which somebody is signed in.

use std::net::IpAddr;

use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Ended;
use super::person;
use crate::identity::{Accounts, Identity, audit};
use crate::session::{Session, SessionId, SessionSummary, Whose};
use crate::{CsrfTokens, ErrorCode, Json, Path, Query, Refusal};

/// All sessions of a user.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SessionList {
    /// The session that was seen last comes first.
    sessions: Vec<SessionEntry>,
}

/// A session in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct SessionEntry {
    /// Names it here; opens nothing.
    #[schemars(with = "String")]
    id: SessionId,
    /// Whether it is the one that asks.
    is_current: bool,
    /// When it began.
    #[schemars(with = "String")]
    created_at: Timestamp,
    /// When it was last seen; may be behind by a minute.
    #[schemars(with = "String")]
    last_seen_at: Timestamp,
    /// When it ends if it is not used again.
    #[schemars(with = "String")]
    expires_at: Timestamp,
    /// From where it began.
    #[schemars(with = "Option<String>")]
    address: Option<IpAddr>,
    /// What the browser calls itself.
    user_agent: Option<String>,
}

/// Which sessions to end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndAll {
    /// Keeps the session that asks.
    #[serde(default)]
    keep_current: bool,
}

/// One session.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct One {
    /// Its id in the list.
    #[schemars(with = "String")]
    id: SessionId,
}

pub(super) async fn list(
    State(accounts): State<Accounts>,
    identity: Identity,
    session: Session,
) -> Result<Json<SessionList>, Refusal> {
    let sessions = accounts.sessions().list(person(&identity)?).await?;
    let current = session.id();
    let entry = |summary: SessionSummary| SessionEntry {
        id: summary.id,
        is_current: current == Some(summary.id),
        created_at: summary.created_at,
        last_seen_at: summary.last_seen_at,
        expires_at: summary.expiry.over_at(summary.last_seen_at),
        address: summary.device.address,
        user_agent: summary.device.user_agent,
    };
    Ok(Json(SessionList { sessions: sessions.into_iter().map(entry).collect() }))
}

pub(super) async fn end_all(
    State(accounts): State<Accounts>,
    identity: Identity,
    session: Session,
    tokens: CsrfTokens,
    Query(EndAll { keep_current }): Query<EndAll>,
) -> Result<Ended, Refusal> {
    let user = person(&identity)?;
    let keep = session.id().filter(|_| keep_current);
    accounts.sessions().revoke_all(Whose::User(user), keep).await?;
    audit::sessions_ended(user, if keep_current { "others" } else { "all" }, &identity.name);
    if keep_current { Ok(Ended::Elsewhere) } else { here(&session, &tokens) }
}

pub(super) async fn end(
    State(accounts): State<Accounts>,
    identity: Identity,
    session: Session,
    tokens: CsrfTokens,
    Path(One { id }): Path<One>,
) -> Result<Ended, Refusal> {
    let user = person(&identity)?;
    if !accounts.sessions().revoke(id, Some(user)).await? {
        return Err(Refusal::new(ErrorCode::NotFound).message("You have no such session."));
    }
    audit::sessions_ended(user, "one", &identity.name);
    if session.id() == Some(id) { here(&session, &tokens) } else { Ok(Ended::Elsewhere) }
}

/// The session that asks is over: its row is gone, and this takes the cookie back.
fn here(session: &Session, tokens: &CsrfTokens) -> Result<Ended, Refusal> {
    session.sign_out()?;
    tokens.rebind(None);
    Ok(Ended::Here)
}
