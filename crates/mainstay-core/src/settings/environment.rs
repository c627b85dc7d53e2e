//! Which kind of place this process runs in.

use super::value::Choice;

/// The kind of place this process runs in, from the setting `ENVIRONMENT`.
///
/// The last two are *strict*: what is insecure there is an error and the process does not start; in the first
/// two it is a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Environment {
    /// A developer's machine; the default, and the only one that reads `.env`.
    #[default]
    Development,
    /// Automatic tests.
    Test,
    /// As production, with other data.
    Staging,
    /// The real thing.
    Production,
}

impl Environment {
    /// Whether what is insecure stops the start.
    ///
    /// ```
    /// use mainstay_core::settings::Environment;
    ///
    /// assert!(Environment::Staging.is_strict());
    /// assert!(!Environment::Test.is_strict());
    /// ```
    pub fn is_strict(self) -> bool {
        matches!(self, Self::Staging | Self::Production)
    }

    /// The name as it is written in settings, file names and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl Choice for Environment {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("development", Self::Development),
        ("test", Self::Test),
        ("staging", Self::Staging),
        ("production", Self::Production),
    ];
}
