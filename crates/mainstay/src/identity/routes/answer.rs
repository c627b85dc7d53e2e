//! What the routes answer with.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

use crate::identity::{Identity, User};
use crate::routes::{DescribeResponse, Operation};
use crate::{Answer, Role};

/// Who is signed in, until when.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SessionAnswer {
    /// Nobody where it is null.
    pub(super) user: Option<UserAnswer>,
    /// When the session ends if it is not used again.
    #[schemars(with = "Option<String>")]
    pub(super) expires_at: Option<Timestamp>,
    /// What the next change must bring in `X-CSRF-Token`. Null for those who bring an API token, who need none.
    pub(super) csrf_token: Option<String>,
}

/// Somebody who is signed in.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UserAnswer {
    /// The user; null for a token that belongs to nobody.
    #[schemars(with = "Option<String>")]
    id: Option<uuid::Uuid>,
    /// The name of the user, or of the token.
    name: String,
    /// What they may do.
    role: Role,
    /// Whether they must change their password before they may do anything else.
    must_change_password: bool,
}

/// Done, and there is nothing to say: 204.
#[derive(Debug)]
pub(super) struct Done;

/// Signed out: 204, and the browser forgets what it kept.
#[derive(Debug)]
pub(super) struct SignedOut;

/// Sessions were ended: 204, and where the one that asked is among them, the browser forgets what it kept.
#[derive(Debug)]
pub(super) enum Ended {
    /// Others only.
    Elsewhere,
    /// The one that asked, too.
    Here,
}

impl From<&User> for UserAnswer {
    fn from(user: &User) -> Self {
        let (name, must_change_password) = (user.name.as_str().to_owned(), user.must_change);
        Self { id: Some(user.id), name, role: user.role, must_change_password }
    }
}

impl From<&Identity> for UserAnswer {
    fn from(identity: &Identity) -> Self {
        let Identity { user, name, role, must_change, .. } = identity;
        Self { id: *user, name: (**name).to_owned(), role: *role, must_change_password: *must_change }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        // Not "cookies": that would take away the cookie of the visit, too, and with it the next sign-in's token.
        const CLEAR: HeaderName = HeaderName::from_static("clear-site-data");
        let what = HeaderValue::from_static("\"cache\", \"storage\"");
        (StatusCode::NO_CONTENT, [(CLEAR, what)]).into_response()
    }
}

impl IntoResponse for Ended {
    fn into_response(self) -> Response {
        match self {
            Self::Elsewhere => Done.into_response(),
            Self::Here => SignedOut.into_response(),
        }
    }
}

impl DescribeResponse for Done {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(Answer::new(StatusCode::NO_CONTENT));
    }
}

impl DescribeResponse for SignedOut {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        Done::describe(operation, schemas);
    }
}

impl DescribeResponse for Ended {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        Done::describe(operation, schemas);
    }
}
