//! What answers a route's requests.

use axum::Router;
use axum::routing::MethodRouter;

use super::Describe;

/// What answers the requests of one row.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are handlers, and they are moved at the start only"
)]
pub(crate) enum Target<S> {
    /// A handler for one method, and what its types say.
    Handler { handler: MethodRouter<S>, describe: Describe },
    /// Somebody else's router, for all that begins with a path. What is in it, axum does not tell.
    Foreign(Router<S>),
}

impl<S> Target<S>
where
    S: Clone + Send + Sync + 'static,
{
    pub(super) fn with_state<Other>(self, state: S) -> Target<Other> {
        match self {
            Self::Handler { handler, describe } => {
                Target::Handler { handler: handler.with_state(state), describe }
            }
            Self::Foreign(router) => Target::Foreign(router.with_state(state)),
        }
    }

    /// The same without anything that answers.
    pub(super) fn listed<Other>(self) -> Target<Other>
    where
        Other: Clone + Send + Sync + 'static,
    {
        match self {
            Self::Handler { describe, .. } => Target::Handler { handler: MethodRouter::new(), describe },
            Self::Foreign(_) => Target::Foreign(Router::new()),
        }
    }

    /// What the types of the handler say.
    pub(super) fn describe(&self) -> Option<Describe> {
        match self {
            Self::Handler { describe, .. } => Some(*describe),
            Self::Foreign(_) => None,
        }
    }
}
