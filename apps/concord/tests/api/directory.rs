//! People whose passwords an LDAP directory knows.

use concord::service::Concord;
use http::Method;
use mainstay_testkit::servers::Slapd;
use mainstay_testkit::{Browser, TestService};
use serde_json::json;

use crate::support::run_beside;

const PASSWORD: &str = "seven green bottles";

const ENTRIES: &str = "\
dn: dc=example,dc=org
objectClass: domain
dc: example

dn: cn=service,dc=example,dc=org
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: service
userPassword: the service's own

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=carol,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: carol
cn: Carol
sn: C
userPassword: seven green bottles

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: cn=editors,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: editors
member: uid=carol,ou=people,dc=example,dc=org
";

/// The settings for a directory.
fn settings(slapd: &Slapd) -> Vec<(&'static str, String)> {
    vec![
        ("LDAP_URL", slapd.ldaps()),
        ("LDAP_CA_FILE", slapd.ca_file().display().to_string()),
        ("LDAP_BIND_DN", "cn=service,dc=example,dc=org".to_owned()),
        ("LDAP_BIND_PASSWORD", "the service's own".to_owned()),
        ("LDAP_BASE_DN", "ou=people,dc=example,dc=org".to_owned()),
        ("LDAP_GROUP_BASE_DN", "ou=groups,dc=example,dc=org".to_owned()),
        ("LDAP_ROLE_EDITOR", "cn=editors,ou=groups,dc=example,dc=org".to_owned()),
        ("LDAP_TIMEOUT", "1s".to_owned()),
    ]
}

async fn with_directory(slapd: &Slapd) -> TestService<Concord> {
    let settings = settings(slapd);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    TestService::start(Concord, &settings).await
}

/// Tries to sign in, and gives status and code.
async fn sign_in(service: &TestService<Concord>, name: &str, password: &str) -> (u16, String) {
    let mut browser = Browser::new(service.client());
    browser.get("/api/v1/auth/session").await;
    let credentials = json!({ "username": name, "password": password });
    let answer = browser.json(Method::POST, "/api/v1/auth/login", &credentials).await;
    (answer.status.as_u16(), answer.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_known_there_works_here() {
    let slapd = Slapd::start(ENTRIES);
    let service = with_directory(&slapd).await;
    let mut carol = Browser::signed_in(service.client(), "Carol", PASSWORD).await;
    assert_eq!(carol.name().await.as_deref(), Some("carol"));
    let schema = json!({ "name": "tea", "version": "1.0.0", "dimensions": [
        { "name": "kind", "type": "enum", "values": ["green", "black"], "required": true }
    ]});
    assert_eq!(carol.json(Method::POST, "/api/v1/schemas", &schema).await.status, 201, "an editor writes");
    let refused = (401, "invalid_credentials".to_owned());
    for (name, password) in [("carol", "wrong"), ("carol", ""), ("nobody", PASSWORD), ("*", PASSWORD)] {
        assert_eq!(sign_in(&service, name, password).await, refused, "{name} {password}");
    }
    let change = json!({ "old_password": PASSWORD, "new_password": "six crooked pence" });
    let changed = carol.json(Method::PUT, "/api/v1/auth/password", &change).await;
    assert_eq!(
        (changed.status.as_u16(), changed.code().as_str()),
        (409, "conflict"),
        "it is changed over there"
    );

    let disabled = run_beside(&service, &["user", "disable", "carol"], "");
    assert!(disabled.status.success(), "{}", String::from_utf8_lossy(&disabled.stderr));
    assert_eq!(carol.get("/api/v1/schemas").await.status, 401);
    assert_eq!(sign_in(&service, "carol", PASSWORD).await, refused, "whatever the directory says");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_does_not_answer_is_503_and_never_401() {
    let slapd = Slapd::start(ENTRIES);
    let service = with_directory(&slapd).await;
    let mut carol = Browser::signed_in(service.client(), "carol", PASSWORD).await;
    let unavailable = (503, "store_unavailable".to_owned());
    slapd.pause();
    assert_eq!(sign_in(&service, "carol", PASSWORD).await, unavailable);
    slapd.resume();
    assert_eq!(sign_in(&service, "carol", PASSWORD).await.0, 200);
    slapd.kill();
    assert_eq!(sign_in(&service, "carol", PASSWORD).await, unavailable);
    assert_eq!(carol.get("/api/v1/schemas").await.status, 200, "who is signed in already stays so");
    slapd.start_again();
    assert_eq!(sign_in(&service, "carol", PASSWORD).await.0, 200);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_asks_the_directory() {
    let slapd = Slapd::start(ENTRIES);
    let service = TestService::start(Concord, &[]).await;
    let check = |changed: &[(&str, &str)]| {
        let mut settings = settings(&slapd);
        for (name, value) in changed {
            settings.iter_mut().find(|(known, _)| known == name).unwrap().1 = (*value).to_owned();
        }
        let pairs: Vec<_> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut arguments = vec!["check", "--directory"];
        arguments.extend(pairs.iter().flat_map(|pair| ["--set", pair.as_str()]));
        let ran = run_beside(&service, &arguments, "");
        (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
    };
    let (code, said) = check(&[]);
    assert!(code == Some(0) && !said.contains("MS0705"), "{said}");
    let group = "cn=nobody,ou=groups,dc=example,dc=org";
    for (name, value, expected) in [
        ("LDAP_ROLE_EDITOR", group, group),
        ("LDAP_BIND_PASSWORD", "wrong", "result 49"),
        ("LDAP_BASE_DN", "ou=folks,dc=example,dc=org", "ou=folks,dc=example,dc=org"),
        ("LDAP_URL", "ldaps://localhost:1", "the directory cannot be asked"),
    ] {
        let (code, said) = check(&[(name, value)]);
        assert!(
            code == Some(1) && said.contains("error[MS0705]") && said.contains(expected),
            "{name}: {said}"
        );
        assert!(!said.contains("the service's own"), "{said}");
    }
    service.stop().await;
}
