//! Signing in and out, and who one is.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{SessionAnswer, SignedOut, UserAnswer};
use crate::identity::{Accounts, How, Identity, Password, audit};
use crate::session::Session;
use crate::{CsrfTokens, Exchange, Json, Refusal};

/// A name and a password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The name; capitals do not matter.
    #[schemars(length(max = 64))]
    username: String,
    /// The password, exactly as it was chosen.
    password: Password,
}

pub(super) async fn login(
    State(accounts): State<Accounts>,
    exchange: Exchange,
    session: Session,
    tokens: CsrfTokens,
    Json(credentials): Json<Credentials>,
) -> Result<Json<SessionAnswer>, Refusal> {
    let Credentials { username, password } = credentials;
    let signed_in = accounts.sign_in(&username, &password, exchange.client()).await?;
    signed_in.begin(&session)?;
    tokens.rebind(session.csrf_secrets());
    Ok(Json(SessionAnswer {
        user: Some(UserAnswer::from(&signed_in.user)),
        expires_at: session.expires_at(),
        csrf_token: Some(tokens.token()),
    }))
}

pub(super) async fn logout(session: Session, tokens: CsrfTokens) -> Result<SignedOut, Refusal> {
    let user = session.subject().map(|subject| subject.user);
    session.sign_out()?;
    tokens.rebind(None);
    if let Some(user) = user {
        audit::signed_out(user);
    }
    Ok(SignedOut)
}

pub(super) async fn show(
    identity: Option<Identity>,
    session: Session,
    tokens: CsrfTokens,
) -> Json<SessionAnswer> {
    let is_token = identity.as_ref().is_some_and(|identity| identity.how != How::Session);
    // Looking at it makes the answer personal.
    let is_signed_in = session.subject().is_some();
    Json(SessionAnswer {
        user: identity.as_ref().map(UserAnswer::from),
        expires_at: session.expires_at().filter(|_| is_signed_in && !is_token),
        csrf_token: (!is_token).then(|| tokens.token()),
    })
}
