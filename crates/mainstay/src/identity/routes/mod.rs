//! The routes of accounts.
//!
//! | route | who | what |
//! |---|---|---|
//! | `GET /api/v1/auth/session` | anybody | who one is, until when, and a token against request forgery |
//! | `POST /api/v1/auth/login` | anybody | sign in by JSON |
//! | `POST /api/v1/auth/logout` | anybody | sign out; nothing happens to who has not signed in |
//! | `GET /api/v1/auth/sessions` | signed in | one's browsers |
//! | `DELETE /api/v1/auth/sessions` | signed in | end all of them, or all others |
//! | `DELETE /api/v1/auth/sessions/{id}` | signed in | end one |
//! | `PUT /api/v1/auth/password` | signed in | change one's password |
//! | `GET /api/v1/auth/tokens` | viewer | one's API tokens |
//! | `POST /api/v1/auth/tokens` | viewer | make one |
//! | `DELETE /api/v1/auth/tokens/{id}` | viewer | revoke one |
//! | `GET`, `POST /login` | anybody | sign in by a form |
//! | `GET`, `POST /password` | signed in | change one's password by a form |
//!
//! What changes an account takes a session: a token that got into wrong hands must not be able to make others, or to
//! keep its owner out. Whoever must change their password can do that, look at who they are, and sign out; no more.

mod answer;
mod pages;
mod password;
mod session;
mod sessions;
#[cfg(test)]
mod tests;
mod tokens;

use super::{Accounts, How, Identity, UserId};
use crate::routes::Priority;
use crate::{Class, ErrorCode, Refusal, Role, Routes};

pub use pages::pages;

/// All of them, to be listed and not served.
pub(crate) fn listed<S: Clone + Send + Sync + 'static>() -> Routes<S> {
    api().listed().merge(pages::listed())
}

/// The routes for programs and pages with scripts.
pub fn api() -> Routes<Accounts> {
    use ErrorCode::{
        Conflict, Forbidden, InvalidCredentials, NotFound, Overloaded, RateLimited, StoreUnavailable,
    };
    Routes::at("/api/v1/auth")
        .tag("Identity")
        .get("/session", session::show)
        .summary("Who you are, until when, and a token against request forgery")
        .public()
        .priority(Priority::Identity)
        .post("/login", session::login)
        .summary("Sign in")
        .public()
        .limit(Class::AUTH)
        .priority(Priority::Identity)
        .slow()
        .errors(&[InvalidCredentials, RateLimited, Overloaded, StoreUnavailable])
        .post("/logout", session::logout)
        .summary("Sign out")
        .public()
        .priority(Priority::Identity)
        .errors(&[StoreUnavailable])
        .get("/sessions", sessions::list)
        .summary("The browsers in which you are signed in")
        .signed_in()
        .delete("/sessions", sessions::end_all)
        .summary("End all your sessions, or all but this one")
        .signed_in()
        .priority(Priority::Identity)
        .delete("/sessions/{id}", sessions::end)
        .summary("End one of your sessions")
        .signed_in()
        .priority(Priority::Identity)
        .errors(&[NotFound])
        .put("/password", password::change)
        .summary("Change your password")
        .signed_in()
        .limit(Class::AUTH)
        .priority(Priority::Identity)
        .slow()
        .errors(&[InvalidCredentials, Forbidden, Conflict, RateLimited, Overloaded])
        .get("/tokens", tokens::list)
        .summary("Your API tokens")
        .role(Role::Viewer)
        .post("/tokens", tokens::create)
        .summary("Make an API token; its text is shown this once")
        .role(Role::Viewer)
        .errors(&[Forbidden, Conflict])
        .delete("/tokens/{id}", tokens::revoke)
        .summary("Revoke an API token")
        .role(Role::Viewer)
        .priority(Priority::Identity)
        .errors(&[Forbidden, NotFound])
}

/// The user of whoever is signed in with a session; tokens are not let in.
fn person(identity: &Identity) -> Result<UserId, Refusal> {
    match (identity.how, identity.user) {
        (How::Session, Some(user)) => Ok(user),
        _ => {
            Err(Refusal::new(ErrorCode::Forbidden)
                .message("This takes a session: sign in with your password."))
        }
    }
}
