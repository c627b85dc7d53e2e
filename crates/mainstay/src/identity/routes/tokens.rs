//! One's API tokens.

use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Done;
use super::person;
use crate::identity::{Accounts, ApiToken, ApiTokenId, Identity, NewApiToken};
use crate::{Created, ErrorCode, Json, Path, Refusal, Role};

/// A token to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// What it is for, in words for people.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// What it may do at most: your own role, or a lesser one.
    role: Role,
    /// When it ends; never where there is none.
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

/// A token that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MadeToken {
    /// The token itself. It is not kept, and not shown again.
    token: String,
    #[serde(flatten)]
    entry: TokenEntry,
}

/// All tokens of a user.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenList {
    /// The newest comes first.
    tokens: Vec<TokenEntry>,
}

/// A token in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenEntry {
    /// Names it here; opens nothing.
    #[schemars(with = "String")]
    id: ApiTokenId,
    /// How it begins, to be recognised.
    begins: String,
    /// What it is for.
    name: String,
    /// What it may do at most.
    role: Role,
    /// When it was made.
    #[schemars(with = "String")]
    created_at: Timestamp,
    /// When it ends.
    #[schemars(with = "Option<String>")]
    expires_at: Option<Timestamp>,
    /// When it was last used; may be behind by a minute.
    #[schemars(with = "Option<String>")]
    last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[schemars(with = "Option<String>")]
    revoked_at: Option<Timestamp>,
}

/// One token.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct One {
    /// Its id in the list.
    #[schemars(with = "String")]
    id: ApiTokenId,
}

impl From<ApiToken> for TokenEntry {
    fn from(token: ApiToken) -> Self {
        let ApiToken { id, begins, name, role, owner: _, created_at, expires_at, last_used_at, revoked_at } =
            token;
        Self { id, begins, name, role, created_at, expires_at, last_used_at, revoked_at }
    }
}

pub(super) async fn list(
    State(accounts): State<Accounts>,
    identity: Identity,
) -> Result<Json<TokenList>, Refusal> {
    let tokens = accounts.tokens().list(Some(person(&identity)?)).await?;
    Ok(Json(TokenList { tokens: tokens.into_iter().map(TokenEntry::from).collect() }))
}

pub(super) async fn create(
    State(accounts): State<Accounts>,
    identity: Identity,
    Json(NewToken { name, role, expires_at }): Json<NewToken>,
) -> Result<Created<MadeToken>, Refusal> {
    let owner = person(&identity)?;
    if role > identity.role {
        let message = format!("A token cannot be {}: you are {}.", role.as_str(), identity.role.as_str());
        return Err(Refusal::new(ErrorCode::Forbidden).message(message));
    }
    let new = NewApiToken { name: &name, role, owner: Some(owner), expires_at };
    let (token, text) = accounts.create_token(new, &identity.name).await?;
    Ok(Created(MadeToken { token: text.expose().to_owned(), entry: token.into() }))
}

pub(super) async fn revoke(
    State(accounts): State<Accounts>,
    identity: Identity,
    Path(One { id }): Path<One>,
) -> Result<Done, Refusal> {
    let user = person(&identity)?;
    // Operators put an end to any token, whosever it is.
    let owner = (identity.role < Role::Operator).then_some(user);
    if accounts.revoke_token(id, owner, &identity.name).await? {
        Ok(Done)
    } else {
        Err(Refusal::new(ErrorCode::NotFound).message("There is no such token to revoke."))
    }
}
