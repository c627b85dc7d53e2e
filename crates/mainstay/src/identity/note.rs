//! What a session knows of its user.

use serde::{Deserialize, Serialize};

use super::user::User;
use super::{How, Identity};
use crate::Role;
use crate::session::{Session, SessionError, Standing};

/// The name of the value in a session. Applications have no reason to write one of this name.
const NAME: &str = "mainstay.identity";

/// What is noted in a session when its user signs in. Whatever changes any of it ends the sessions of the user, so it
/// holds for as long as the session does.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    name: String,
    role: Role,
    must_change: bool,
}

/// Notes in a session whose it is.
pub(super) fn write(session: &Session, user: &User) -> Result<(), SessionError> {
    let User { name, role, must_change, .. } = user;
    session.set(NAME, &Note { name: name.as_str().to_owned(), role: *role, must_change: *must_change })
}

impl Identity {
    /// Whose session a request brought; `None` where nobody has signed in, or not through this room.
    pub(crate) fn of_session(session: &Session) -> Option<Self> {
        let Standing::SignedIn(subject) = session.standing() else { return None };
        let note = Note::deserialize(session.stored(NAME)?).ok()?;
        Some(Self {
            user: Some(subject.user),
            name: note.name.into(),
            role: note.role,
            how: How::Session,
            must_change: note.must_change,
        })
    }
}
