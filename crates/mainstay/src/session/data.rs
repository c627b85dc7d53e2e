//! What applications keep in a session: a few small values under names of their own.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// Most bytes of a session's data as JSON, names included.
pub const MAX_DATA_BYTES: usize = 16 * 1024;

/// Most values in a session.
pub const MAX_VALUES: usize = 64;

/// Longest name of a value, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// The values of a session. `Debug` shows their names only.
#[derive(Clone, Default, PartialEq)]
pub struct SessionData {
    values: BTreeMap<String, Value>,
}

/// Changes to single values. What it does not name stays as it is, so two patches of different values lose nothing,
/// in whatever order they come.
#[derive(Clone, Default, PartialEq)]
pub struct Patch {
    /// `None` removes.
    changes: BTreeMap<String, Option<Value>>,
}

/// The values would take more room than a session has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session would hold more than {MAX_VALUES} values, or more than {MAX_DATA_BYTES} bytes")]
pub struct DataTooLarge;

impl SessionData {
    /// No values.
    pub const EMPTY: Self = Self { values: BTreeMap::new() };

    /// A value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// These values after a patch.
    ///
    /// # Errors
    ///
    /// When they would be too large.
    pub fn patched(&self, patch: &Patch) -> Result<Self, DataTooLarge> {
        let mut values = self.values.clone();
        for (name, change) in &patch.changes {
            match change {
                Some(value) => values.insert(name.clone(), value.clone()),
                None => values.remove(name),
            };
        }
        let patched = Self { values };
        if patched.values.len() > MAX_VALUES || patched.to_json().len() > MAX_DATA_BYTES {
            return Err(DataTooLarge);
        }
        Ok(patched)
    }

    /// As a JSON object, for a store.
    pub fn to_json(&self) -> String {
        // Names are strings, so this cannot fail.
        serde_json::to_string(&self.values).unwrap_or_else(|_| "{}".to_owned())
    }

    /// From what [`SessionData::to_json`] gave.
    ///
    /// # Errors
    ///
    /// When the text is no JSON object.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(|values| Self { values })
    }
}

impl Patch {
    /// Changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.changes.insert(name.into(), Some(value.into()));
        self
    }

    /// Removes a value.
    #[must_use]
    pub fn remove(mut self, name: impl Into<String>) -> Self {
        self.changes.insert(name.into(), None);
        self
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// A value after the patch.
    pub(super) fn value<'a>(&'a self, base: &'a SessionData, name: &str) -> Option<&'a Value> {
        self.changes.get(name).map_or_else(|| base.get(name), Option::as_ref)
    }
}

impl fmt::Debug for SessionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.changes.keys()).finish()
    }
}
