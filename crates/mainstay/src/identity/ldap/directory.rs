//! One conversation with a directory.

use ldap3::{DerefAliases, Ldap, LdapError, LdapResult, Scope, SearchEntry, SearchOptions};
use mainstay_core::random;

use super::{LdapSettings, unavailable};
use crate::identity::password::Password;
use crate::identity::provider::{Answer, ExternalUser, ProviderError};
use crate::identity::user::UserName;

/// The most groups that are looked at.
const MAX_GROUPS: i32 = 1_000;

/// What a directory answers with.
mod code {
    pub(super) const SUCCESS: u32 = 0;
    pub(super) const SIZE_LIMIT: u32 = 4;
    pub(super) const REFERRAL: u32 = 10;
    pub(super) const CONSTRAINT: u32 = 19;
    pub(super) const NO_SUCH_OBJECT: u32 = 32;
    pub(super) const INVALID_CREDENTIALS: u32 = 49;
    pub(super) const BUSY: u32 = 51;
    pub(super) const UNAVAILABLE: u32 = 52;
    pub(super) const UNWILLING: u32 = 53;
}

/// Somebody who was found.
#[derive(Debug)]
pub(super) struct Found {
    dn: String,
    name: Option<UserName>,
}

/// Asks whether it is the password of a name, in the steps that the module's documentation lists.
pub(super) async fn ask(
    ldap: &mut Ldap,
    settings: &LdapSettings,
    name: &UserName,
    password: &Password,
) -> Result<Answer, ProviderError> {
    bind_as_service(ldap, settings).await?;
    let found = find(ldap, settings, name.as_str()).await?;
    // The steps that follow are the same for a name that nobody has.
    let dn = found.as_ref().map_or_else(|| nobody(settings), |found| found.dn.clone());
    let groups = groups(ldap, settings, &dn).await?;
    let bound = ldap.simple_bind(&dn, password.expose()).await.map_err(unavailable)?;
    match (judge(&bound)?, found) {
        (true, Some(found)) => Ok(answer(settings, found, &groups)),
        _ => Ok(Answer::No),
    }
}

/// Looks whether the directory can be asked at all: binds as the service, and reads the entries that the settings
/// name. Gives the names of those that are not there, or not for the service.
pub(super) async fn look(ldap: &mut Ldap, settings: &LdapSettings) -> Result<Vec<String>, ProviderError> {
    bind_as_service(ldap, settings).await?;
    let bases = [&settings.base_dn, &settings.group_base_dn].map(String::as_str);
    let mut missing = Vec::new();
    for dn in bases.into_iter().chain(settings.roles.groups()) {
        let none = vec!["1.1".to_owned()];
        let found = ldap.search(dn, Scope::Base, "(objectClass=*)", none).await.map_err(unavailable)?;
        match found.1.rc {
            code::SUCCESS if !found.0.is_empty() => {}
            code::SUCCESS | code::NO_SUCH_OBJECT => missing.push(dn.to_owned()),
            _ => return Err(failed(&found.1)),
        }
    }
    missing.dedup();
    Ok(missing)
}

/// Binds with the account of the service, if it has one.
pub(super) async fn bind_as_service(ldap: &mut Ldap, settings: &LdapSettings) -> Result<(), ProviderError> {
    let Some((dn, own)) = &settings.bind else { return Ok(()) };
    let bound = ldap.simple_bind(dn, own.expose()).await.map_err(unavailable)?;
    if bound.rc == code::SUCCESS { Ok(()) } else { Err(failed(&bound)) }
}

/// Whether a bind says that the password is right.
///
/// | result | verdict |
/// |---|---|
/// | success | yes |
/// | invalid credentials, no such object | no |
/// | constraint violation, unwilling: the account is locked, say, or its password is over | no, and the log says why |
/// | a referral, which is not followed | the directory does not fit the settings |
/// | anything else | the directory cannot be asked |
fn judge(bound: &LdapResult) -> Result<bool, ProviderError> {
    match bound.rc {
        code::SUCCESS => Ok(true),
        code::INVALID_CREDENTIALS | code::NO_SUCH_OBJECT => Ok(false),
        code::CONSTRAINT | code::UNWILLING => {
            tracing::info!(
                result = bound.rc,
                "the directory does not let somebody in whatever their password"
            );
            Ok(false)
        }
        _ => Err(failed(bound)),
    }
}

/// The role by the groups, and the name by the entry.
fn answer(settings: &LdapSettings, found: Found, groups: &[String]) -> Answer {
    let Some(name) = found.name else {
        let attribute = &settings.name_attribute;
        tracing::warn!(%attribute, "an entry of the directory has no name that can be kept here");
        return Answer::NoRole(None);
    };
    match settings.roles.of(groups.iter().map(String::as_str)) {
        Some(role) => Answer::Yes(ExternalUser { name, role }),
        None => Answer::NoRole(Some(name)),
    }
}

/// The one entry of a name.
pub(super) async fn find(
    ldap: &mut Ldap,
    settings: &LdapSettings,
    name: &str,
) -> Result<Option<Found>, ProviderError> {
    let filter = settings.filter_for_name(name);
    let attributes = vec![settings.name_attribute.clone()];
    let mut entries = search(ldap, settings, &settings.base_dn, &filter, attributes, 2).await?;
    let entry = match (entries.pop(), entries.pop()) {
        (Some(entry), None) if !entry.dn.is_empty() => entry,
        (None, _) => return Ok(None),
        _ => {
            tracing::warn!("more than one entry of the directory has the name that somebody signs in with");
            return Ok(None);
        }
    };
    let mut attributes = entry.attrs.into_iter();
    let names = attributes.find(|(attribute, _)| attribute.eq_ignore_ascii_case(&settings.name_attribute));
    let name = names.and_then(|(_, values)| values.first()?.parse().ok());
    Ok(Some(Found { dn: entry.dn, name }))
}

async fn groups(ldap: &mut Ldap, settings: &LdapSettings, dn: &str) -> Result<Vec<String>, ProviderError> {
    let filter = settings.filter_for_groups(dn);
    // `1.1`: no attributes, the names are enough.
    let none = vec!["1.1".to_owned()];
    let entries = search(ldap, settings, &settings.group_base_dn, &filter, none, MAX_GROUPS).await?;
    Ok(entries.into_iter().map(|entry| entry.dn).collect())
}

async fn search(
    ldap: &mut Ldap,
    settings: &LdapSettings,
    base: &str,
    filter: &str,
    attributes: Vec<String>,
    limit: i32,
) -> Result<Vec<SearchEntry>, ProviderError> {
    let seconds = i32::try_from(settings.timeout.as_secs()).unwrap_or(i32::MAX).max(1);
    let options = SearchOptions::new().sizelimit(limit).timelimit(seconds).deref(DerefAliases::Never);
    let found = ldap.with_search_options(options).search(base, Scope::Subtree, filter, attributes).await;
    let (entries, result) = match found {
        Ok(found) => (found.0, found.1),
        Err(LdapError::LdapResult { result }) => return Err(failed(&result)),
        Err(error) => return Err(unavailable(error)),
    };
    match result.rc {
        // As many as were asked for are there, whatever else there is.
        code::SUCCESS | code::SIZE_LIMIT => {}
        _ => return Err(failed(&result)),
    }
    // References to other directories are not followed.
    let entries = entries.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate());
    Ok(entries.map(SearchEntry::construct).collect())
}

/// A name that nobody has.
fn nobody(settings: &LdapSettings) -> String {
    let name = random::bytes::<16>().iter().fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
    format!("cn={name},{}", settings.base_dn)
}

fn failed(result: &LdapResult) -> ProviderError {
    match result.rc {
        code::BUSY | code::UNAVAILABLE => unavailable(LdapError::from(result.clone())),
        code::REFERRAL => {
            ProviderError::Refused("it refers to another directory, and that is not followed".into())
        }
        // The number alone: what a directory writes beside it may hold names.
        number => ProviderError::Refused(format!("result {number}")),
    }
}
