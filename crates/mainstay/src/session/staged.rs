//! What a request has done to its session, until it is stored.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::data::{Patch, SessionData};
use super::error::SessionError;
use super::record::{AuthLevel, Subject};
use crate::CsrfSecrets;

/// A new value made of the one before.
pub(super) type Remake = Arc<dyn Fn(Option<&Value>) -> Result<Value, serde_json::Error> + Send + Sync>;

/// What a request has done to its session, until it is stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Staged {
    pub(super) change: Change,
    /// In the order in which they were made.
    edits: Vec<Edit>,
    /// Counts the edits, so that two at once are noticed.
    pub(super) revision: u64,
    /// Since when nothing may be changed any more.
    pub(super) is_sealed: bool,
}

/// Who the session belongs to afterwards.
#[derive(Clone, Debug, Default)]
pub(super) enum Change {
    /// To whom it did.
    #[default]
    None,
    /// To a user who has signed in. The session is a new one.
    SignIn {
        subject: Subject,
        csrf: CsrfSecrets,
        /// Whether the session of before was given up first.
        is_fresh: bool,
    },
    /// To the same user, who has proved it again. The session stays, its token does not.
    Confirm { subject: Subject, csrf: CsrfSecrets },
    /// To nobody: it ends.
    SignOut,
}

#[derive(Clone)]
struct Edit {
    name: String,
    how: How,
}

#[derive(Clone)]
enum How {
    Set(Value),
    Remove,
    /// Made again when the value has changed meanwhile.
    Remake(Remake),
}

impl Staged {
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.edit(name, How::Set(value));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.edit(name, How::Remove);
    }

    pub(super) fn remake(&mut self, name: &str, remake: Remake) {
        self.edits.push(Edit { name: name.to_owned(), how: How::Remake(remake) });
    }

    /// What was done to a value before does not matter any more.
    fn edit(&mut self, name: &str, how: How) {
        self.edits.retain(|edit| edit.name != name);
        self.edits.push(Edit { name: name.to_owned(), how });
    }

    pub(super) fn has_edits(&self) -> bool {
        !self.edits.is_empty()
    }

    pub(super) fn forget_edits(&mut self) {
        self.edits.clear();
    }

    /// Whether the patch depends on what was there before.
    pub(super) fn depends(&self) -> bool {
        self.edits.iter().any(|edit| matches!(edit.how, How::Remake(_)))
    }

    /// A value as it is after the edits.
    pub(super) fn value<'a>(
        &self,
        base: &'a SessionData,
        name: &str,
    ) -> Result<Option<Cow<'a, Value>>, serde_json::Error> {
        let mut value = base.get(name).map(Cow::Borrowed);
        for edit in self.edits.iter().filter(|edit| edit.name == name) {
            value = match &edit.how {
                How::Set(value) => Some(Cow::Owned(value.clone())),
                How::Remove => None,
                How::Remake(remake) => Some(Cow::Owned(remake(value.as_deref())?)),
            };
        }
        Ok(value)
    }

    /// All edits as one patch of `base`.
    pub(super) fn patch(&self, base: &SessionData) -> Result<Patch, SessionError> {
        let mut patch = Patch::new();
        for edit in &self.edits {
            let name = &edit.name;
            patch = match &edit.how {
                How::Set(value) => patch.set(name, value.clone()),
                How::Remove => patch.remove(name),
                How::Remake(remake) => {
                    let made = remake(patch.value(base, name))
                        .map_err(|source| SessionError::Value { name: name.clone(), source })?;
                    patch.set(name, made)
                }
            };
        }
        base.patched(&patch)?;
        Ok(patch)
    }
}

impl Change {
    pub(super) fn subject(&self) -> Option<&Subject> {
        match self {
            Self::SignIn { subject, .. } | Self::Confirm { subject, .. } => Some(subject),
            Self::None | Self::SignOut => None,
        }
    }

    /// Whether the session of before is given up with all that is in it.
    pub(super) fn gives_up(&self) -> bool {
        matches!(self, Self::SignOut | Self::SignIn { is_fresh: true, .. })
    }
}

impl Subject {
    pub(super) fn confirmed(self, now: jiff::Timestamp) -> Self {
        Self { level: AuthLevel::Confirmed, authenticated_at: now, ..self }
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
