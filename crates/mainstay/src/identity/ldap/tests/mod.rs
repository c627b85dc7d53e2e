//! A real directory, what it is told, and what becomes of broken ones.

mod broken;
mod outage;
mod settings;
mod sign_in;
mod tls;

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use ldap3::{LdapConnAsync, Mod};

use mainstay_core::Secret;
use mainstay_core::settings::Setting;
use mainstay_servers::Slapd;

use super::{LdapProvider, LdapRoles, LdapSettings, LdapUrl};
use crate::Role;
use crate::identity::Password;
use crate::identity::provider::{Answer, ExternalUser, IdentityProvider, ProviderError};
use crate::identity::tests::{CHEAP, Fixture};

/// People and groups.
const PEOPLE: &str = include_str!("data.ldif");

/// Entries can be locked.
const LOCKING: &str = "overlay ppolicy\nppolicy_default \"cn=policy,dc=example,dc=org\"";

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

/// A directory with the people and groups of these tests.
struct Directory {
    slapd: Slapd,
}

impl Directory {
    fn start() -> Self {
        Self { slapd: Slapd::options(PEOPLE).database(LOCKING).start() }
    }

    fn start_without_tls() -> Self {
        Self { slapd: Slapd::options(PEOPLE).database(LOCKING).without_tls().start() }
    }

    /// The settings for this directory.
    fn settings(&self) -> LdapSettings {
        LdapSettings { ca_file: Some(self.ca_file()), ..settings(&self.ldaps()) }
    }

    async fn add_member(&self, group: &str, member: &str) {
        self.modify(group, Mod::Add("member", HashSet::from([member]))).await;
    }

    async fn remove_member(&self, group: &str, member: &str) {
        self.modify(group, Mod::Delete("member", HashSet::from([member]))).await;
    }

    /// Changes a group, as an administrator of the directory would.
    async fn modify(&self, group: &str, change: Mod<&str>) {
        let group = format!("cn={group},ou=groups,dc=example,dc=org");
        let (connection, mut ldap) = LdapConnAsync::new(&self.ldap()).await.unwrap();
        let change = async {
            let bound = ldap.simple_bind("cn=admin,dc=example,dc=org", "the admin's own").await.unwrap();
            bound.success().unwrap();
            ldap.modify(&group, vec![change]).await.unwrap().success().unwrap();
            ldap.unbind().await.unwrap();
        };
        join(change, connection.drive()).await.1.unwrap();
    }
}

impl Deref for Directory {
    type Target = Slapd;

    fn deref(&self) -> &Slapd {
        &self.slapd
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
