//! Where mails come from and go to.

use std::fmt;

use mainstay_core::settings::{Invalid, Setting};

/// A mail address: `somebody@example.org`, without a name around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(lettre::Address);

impl MailAddress {
    pub(crate) fn address(&self) -> &lettre::Address {
        &self.0
    }
}

impl Setting for MailAddress {
    fn kind() -> &'static str {
        "mail address"
    }

    fn expected() -> String {
        "a mail address such as `alerts@example.org`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        text.trim().parse().map(Self).map_err(|_| Invalid::new("is not a mail address"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
