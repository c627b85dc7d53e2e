//! Classes of routes that share a rate.

use mainstay_core::settings::Choice;
use serde::Serialize;

use super::Rate;

/// A class of routes that share a rate.
///
/// The rate is what one identity may do, or one address where nobody is known. An address that brings credentials may do
/// [`ADDRESS_SHARE`] times as much, because several people share one; a whole IPv6 site [`SITE_SHARE`] times as much as
/// one of its networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Class {
    /// The name in settings, headers and metrics: lower case, with `_` between words.
    pub name: &'static str,
    /// The rate unless `RATE_LIMIT_{NAME}` says otherwise.
    pub rate: Rate,
    /// What happens while the store of limits is out.
    pub on_failure: OnFailure,
    /// Whether its routes take passwords: only what was refused counts, and the name that is tried has a rate as well.
    pub for_credentials: bool,
}

/// How much more than one identity an address may do.
pub const ADDRESS_SHARE: u32 = 4;

/// How much more than one network an IPv6 site may do: a /48, of which many can be had by one customer.
pub const SITE_SHARE: u32 = 8;

/// What happens to requests while the store of limits is out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// They are refused, with 503: nothing passes that was not counted.
    Closed,
    /// They are counted in this process, each of the instances taking its part of the rate and a fifth more.
    #[default]
    Local,
    /// They pass.
    Open,
}

impl Choice for OnFailure {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("closed", Self::Closed), ("local", Self::Local), ("open", Self::Open)];
}

impl OnFailure {
    /// The name in settings and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Local => "local",
            Self::Open => "open",
        }
    }
}

impl Class {
    /// The class of routes that name none.
    pub const DEFAULT: Self = Self::new("default", Rate::per_minute(600));

    /// The class of routes that take passwords.
    pub const AUTH: Self = Self {
        on_failure: OnFailure::Closed,
        for_credentials: true,
        ..Self::new("auth", Rate::per_minute(5))
    };

    /// The classes of the runtime's own routes.
    pub const OWN: [Self; 2] = [Self::DEFAULT, Self::AUTH];

    /// A class with its rate.
    pub const fn new(name: &'static str, rate: Rate) -> Self {
        Self { name, rate, on_failure: OnFailure::Local, for_credentials: false }
    }

    /// The setting of its rate.
    pub fn setting(&self) -> String {
        format!("RATE_LIMIT_{}", self.name.to_ascii_uppercase())
    }

    /// The same, with what happens while the store of limits is out.
    #[must_use]
    pub const fn on_failure(self, on_failure: OnFailure) -> Self {
        Self { on_failure, ..self }
    }
}
