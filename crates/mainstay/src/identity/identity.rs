//! Who makes a request.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use super::authorise::unauthenticated;
use super::token::ApiTokenId;
use super::user::UserId;
use crate::pipeline::Exchange;
use crate::routes::DescribeRequest;
use crate::{ErrorCode, Refusal, Role};

/// Who makes a request, and what they may do.
///
/// As an extractor it refuses with `unauthenticated` where nobody has signed in; as `Option<Identity>` it never
/// refuses. The pipeline has looked at session or token by then: a handler only reads.
///
/// ```
/// use mainstay::identity::Identity;
/// use mainstay::{Json, Role, Routes};
///
/// async fn greet(identity: Identity) -> Json<String> {
///     Json(format!("Hello {}", identity.name))
/// }
///
/// let routes: Routes = Routes::new().get("/greeting", greet).role(Role::Viewer);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The user; none for a token that was made for a program and belongs to nobody.
    pub user: Option<UserId>,
    /// The name of the user, or of the token where there is none.
    pub name: Arc<str>,
    /// What they may do, for this request.
    pub role: Role,
    /// How that is known.
    pub how: How,
    /// Whether they must change their password before they may do anything else.
    pub must_change: bool,
}

/// How an identity is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// By the session of somebody who signed in.
    Session,
    /// By an API token.
    Token(ApiTokenId),
}

impl How {
    /// The name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token(_) => "token",
        }
    }
}

impl Identity {
    /// That of a request, for its handler: what it answers is for this caller then.
    fn shown_to_handler(parts: &Parts) -> Option<Self> {
        if let Some(exchange) = parts.extensions.get::<Exchange>() {
            exchange.mark_personal();
        }
        parts.extensions.get::<Self>().cloned()
    }
}

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Self::shown_to_handler(parts).ok_or_else(unauthenticated)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Identity {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::shown_to_handler(parts))
    }
}

impl DescribeRequest for Identity {
    fn describe(operation: &mut crate::routes::Operation, _: &mut schemars::SchemaGenerator) {
        operation.errors.push(ErrorCode::Unauthenticated);
    }
}

impl DescribeRequest for Option<Identity> {}
