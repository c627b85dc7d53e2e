//! Changing one's own password.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{SessionAnswer, UserAnswer};
use super::person;
use crate::identity::{Accounts, ChangePassword, Identity, Password};
use crate::session::Session;
use crate::{CsrfTokens, Exchange, Json, Refusal};

/// The old password and the new one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The password that you have.
    old_password: Password,
    /// The one that you want: 8 characters or more, better 15; at most 1024 bytes.
    new_password: Password,
    /// Whether to end your sessions in other browsers.
    #[serde(default = "yes")]
    end_other_sessions: bool,
}

fn yes() -> bool {
    true
}

pub(super) async fn change(
    State(accounts): State<Accounts>,
    identity: Identity,
    exchange: Exchange,
    session: Session,
    tokens: CsrfTokens,
    Json(change): Json<Change>,
) -> Result<Json<SessionAnswer>, Refusal> {
    person(&identity)?;
    let Change { old_password, new_password, end_other_sessions } = change;
    let change = ChangePassword {
        session: &session,
        old: &old_password,
        new: &new_password,
        end_others: end_other_sessions,
        client: exchange.client(),
    };
    accounts.change_password(change).await?;
    tokens.rebind(session.csrf_secrets());
    Ok(Json(SessionAnswer {
        user: Some(UserAnswer::from(&Identity { must_change: false, ..identity })),
        expires_at: session.expires_at(),
        csrf_token: Some(tokens.token()),
    }))
}
