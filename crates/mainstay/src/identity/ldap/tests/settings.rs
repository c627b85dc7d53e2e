//! What is wrong with settings is told before anybody signs in.

use mainstay_core::settings::{Environment, Reader, Section, read_pairs};

use super::*;

struct Directory(Option<LdapSettings>);

impl Section for Directory {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self(LdapSettings::read(reader))
    }
}

const WHOLE: [(&str, &str); 3] = [
    ("LDAP_URL", "ldaps://directory.example.org"),
    ("LDAP_BASE_DN", "ou=people,dc=example,dc=org"),
    ("LDAP_ROLE_EDITOR", "cn=editors,ou=groups,dc=example,dc=org"),
];

/// The codes of the problems, errors before warnings.
fn problems(environment: Environment, pairs: &[(&str, &str)]) -> Vec<String> {
    let report = read_pairs::<Directory>(environment, pairs).report;
    let sign = |is_error| if is_error { "error" } else { "warning" };
    report.problems.iter().map(|problem| format!("{} {}", sign(problem.is_error()), problem.code)).collect()
}

#[test]
fn without_an_address_there_is_no_directory() {
    let loaded = read_pairs::<Directory>(Environment::Production, &[]);
    assert!(loaded.report.problems.is_empty() && loaded.settings.unwrap().0.is_none());
}

#[test]
fn what_is_whole_is_read() {
    let loaded = read_pairs::<Directory>(Environment::Production, &WHOLE);
    assert!(loaded.report.problems.is_empty(), "{:?}", loaded.report.problems);
    let settings = loaded.settings.unwrap().0.unwrap();
    assert_eq!(settings.group_base_dn, settings.base_dn);
    assert_eq!(settings.filter_for_name("alice"), "(uid=alice)");
    assert_eq!(settings.roles.of(["CN=Editors, OU=Groups, DC=example, DC=org"]), Some(Role::Editor));
    assert_eq!(settings.roles.of(["cn=editors,dc=evil"]), None);
}

/// Where, with which settings, and what is wrong.
type Row = (Environment, Vec<(&'static str, &'static str)>, &'static [&'static str]);

#[test]
fn decision_table() {
    use Environment::{Development, Production};
    let changed = |name: &'static str, value: &'static str| {
        let kept = WHOLE.into_iter().filter(move |(known, _)| *known != name);
        kept.chain((!value.is_empty()).then_some((name, value))).collect::<Vec<_>>()
    };
    let plain = || changed("LDAP_URL", "ldap://directory.example.org");
    let with = |mut pairs: Vec<(&'static str, &'static str)>, name, value| {
        pairs.push((name, value));
        pairs
    };
    let rows: [Row; 13] = [
        (Production, plain(), &["error MS0701"]),
        (Development, plain(), &["warning MS0701"]),
        (Production, with(plain(), "LDAP_STARTTLS", "yes"), &[]),
        (Production, with(WHOLE.to_vec(), "LDAP_STARTTLS", "yes"), &["error MS0701"]),
        (Production, changed("LDAP_URL", "https://directory"), &["error MS0101"]),
        (Production, changed("LDAP_BASE_DN", ""), &["error MS0702"]),
        (Production, changed("LDAP_ROLE_EDITOR", ""), &["error MS0702"]),
        (Production, with(WHOLE.to_vec(), "LDAP_BIND_DN", "cn=a"), &["error MS0702"]),
        (Production, with(WHOLE.to_vec(), "LDAP_BIND_PASSWORD", "b"), &["error MS0702"]),
        (Production, with(WHOLE.to_vec(), "LDAP_USER_FILTER", "(uid=alice)"), &["error MS0703"]),
        (Production, with(WHOLE.to_vec(), "LDAP_USER_FILTER", "(uid={name}"), &["error MS0703"]),
        (Production, with(WHOLE.to_vec(), "LDAP_GROUP_FILTER", "(member=me)"), &["error MS0703"]),
        (Production, with(WHOLE.to_vec(), "LDAP_GROUP_FILTER", "(memberUid={dn})"), &[]),
    ];
    for (environment, pairs, expected) in rows {
        assert_eq!(problems(environment, &pairs), expected, "{pairs:?}");
    }
}
