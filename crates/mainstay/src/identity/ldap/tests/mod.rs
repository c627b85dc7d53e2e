//! A real directory, what it is told, and what becomes of broken ones.

mod broken;
mod outage;
mod settings;
mod sign_in;
mod slapd;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use mainstay_core::Secret;
use mainstay_core::settings::Setting;

use super::{LdapProvider, LdapRoles, LdapSettings, LdapUrl};
use crate::Role;
use crate::identity::Password;
use crate::identity::provider::{Answer, ExternalUser, IdentityProvider, ProviderError};
use crate::identity::tests::{CHEAP, Fixture};
use slapd::Slapd;

const SERVICE: &str = "cn=service,dc=example,dc=org";

fn settings(url: &str) -> LdapSettings {
    let group = |name: &str| format!("CN={name}, OU=groups, DC=example, DC=org");
    LdapSettings {
        url: LdapUrl::parse(url).unwrap(),
        starttls: false,
        ca_file: None,
        bind: Some((SERVICE.to_owned(), Secret::new("the service's own"))),
        base_dn: "ou=people,dc=example,dc=org".to_owned(),
        user_filter: "(|(uid={name})(mail={name}))".to_owned(),
        name_attribute: "uid".to_owned(),
        group_base_dn: "ou=groups,dc=example,dc=org".to_owned(),
        group_filter: "(member={dn})".to_owned(),
        roles: LdapRoles::new([(Role::Viewer, group("viewers")), (Role::Operator, group("operators"))]),
        timeout: Duration::from_secs(20),
    }
}

impl Slapd {
    /// The settings for this directory.
    fn settings(&self) -> LdapSettings {
        LdapSettings { ca_file: Some(self.ca_file()), ..settings(&self.ldaps()) }
    }
}

async fn ask(settings: LdapSettings, name: &str, password: &str) -> Result<Answer, ProviderError> {
    let provider = LdapProvider::new(settings).unwrap();
    provider.verify(&name.parse().unwrap(), &Password::new(password)).await
}

/// Accounts with this directory behind them.
async fn with_directory(settings: &LdapSettings) -> Fixture {
    let provider = LdapProvider::new(settings.clone()).unwrap();
    Fixture::with(CHEAP, Some(Arc::new(provider))).await
}

fn no_role(name: &str) -> Answer {
    Answer::NoRole(Some(name.parse().unwrap()))
}

fn yes(name: &str, role: Role) -> Answer {
    Answer::Yes(ExternalUser { name: name.parse().unwrap(), role })
}
