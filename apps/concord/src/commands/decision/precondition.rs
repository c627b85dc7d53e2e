//! What must hold of something before it is created or changed.

use mainstay_events::Version;

use super::DomainError;
use crate::domain::{Resource, Slot, Stored};

/// What a client demands of the state of a thing before it is changed: its `If-Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// That it carries one of these tags.
    OneOf(Vec<u64>),
}

impl Precondition {
    /// # Errors
    ///
    /// [`DomainError::Changed`] if the thing is another one by now.
    pub fn check<T: Resource>(&self, stored: &Stored<T>) -> Result<(), DomainError> {
        match self {
            Self::OneOf(tags) if !tags.contains(&stored.tag) => {
                let name = stored.content.key().clone();
                Err(DomainError::Changed { kind: T::KIND, name, tag: stored.tag })
            }
            Self::None | Self::OneOf(_) => Ok(()),
        }
    }
}

impl<T: Resource> Slot<T> {
    /// The version of the vacant key's stream.
    ///
    /// # Errors
    ///
    /// [`DomainError::AlreadyExists`] if it is taken.
    pub fn vacant(&self) -> Result<Version, DomainError> {
        match self {
            Self::Vacant(last) => Ok(*last),
            Self::Taken(stored) => {
                let name = stored.content.key().clone();
                Err(DomainError::AlreadyExists { kind: T::KIND, name })
            }
        }
    }
}
