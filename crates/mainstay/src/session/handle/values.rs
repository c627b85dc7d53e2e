//! The values of a session.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Session;
use crate::session::data::MAX_NAME_BYTES;
use crate::session::error::SessionError;
use crate::session::staged::{Remake, Staged};

impl Session {
    /// A value.
    ///
    /// # Errors
    ///
    /// When it is there and not of the wanted type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, SessionError> {
        self.mark_personal();
        let staged = self.staged().clone();
        let wrong = |source| SessionError::Value { name: name.to_owned(), source };
        let value = staged.value(self.base(&staged.change), name).map_err(wrong)?;
        value.map(|value| T::deserialize(&*value)).transpose().map_err(wrong)
    }

    /// Sets a value. What others do to other values meanwhile stays; of two who set this one the later wins.
    ///
    /// # Errors
    ///
    /// When the value does not become JSON, there is no room for it, the name is no name, or it is too late.
    pub fn set<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), SessionError> {
        let value = serde_json::to_value(value);
        let value = value.map_err(|source| SessionError::Value { name: name.to_owned(), source })?;
        self.edit(name, |staged| staged.set(name, value.clone()))
    }

    /// Removes a value.
    ///
    /// # Errors
    ///
    /// When it is too late.
    pub fn remove(&self, name: &str) -> Result<(), SessionError> {
        self.edit(name, |staged| staged.remove(name))
    }

    /// Makes a value of the one before, and returns it.
    ///
    /// The function is called again when another request has changed the session meanwhile, so that counting counts
    /// right; it does nothing but make the value.
    ///
    /// # Errors
    ///
    /// As [`Session::set`]; and when what is there is not of the wanted type.
    pub fn update<T, F>(&self, name: &str, make: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let remake: Remake = Arc::new(move |before: Option<&Value>| {
            let before = before.map(T::deserialize).transpose()?;
            serde_json::to_value(make(before))
        });
        self.edit(name, |staged| staged.remake(name, Arc::clone(&remake)))?;
        let made = self.get(name)?;
        made.ok_or_else(|| SessionError::Value {
            name: name.to_owned(),
            source: serde::de::Error::custom("the value is not there"),
        })
    }

    fn edit(&self, name: &str, edit: impl Fn(&mut Staged)) -> Result<(), SessionError> {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err(SessionError::Name);
        }
        self.mark_personal();
        loop {
            // The functions of `update` run beside the lock: they may look at the session.
            let before = self.writable()?.clone();
            let mut after = before.clone();
            edit(&mut after);
            after.revision += 1;
            // Judged here, and not when it is too late for the handler to do something about it.
            after.patch(self.base(&after.change))?;
            let mut staged = self.writable()?;
            if staged.revision == before.revision {
                *staged = after;
                return Ok(());
            }
        }
    }
}
