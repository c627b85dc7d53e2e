//! Nothing is said before the connection is secured.

use super::*;
use crate::identity::ldap::TlsError;
use crate::identity::tests::PASSWORD;

#[tokio::test]
async fn starttls_comes_before_anything_else() {
    let slapd = Directory::start();
    let starttls =
        LdapSettings { url: LdapUrl::parse(&slapd.ldap()).unwrap(), starttls: true, ..slapd.settings() };
    assert_eq!(ask(starttls, "alice", PASSWORD).await.unwrap(), yes("alice", Role::Viewer));
    let operations = slapd.operations();
    assert!(operations[0].starts_with("EXT oid=1.3.6.1.4.1.1466.20037"), "{operations:?}");
    assert!(operations[1].starts_with("BIND"), "{operations:?}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_believed_is_told_nothing() {
    let (slapd, other) = (Directory::start(), Directory::start());
    let of_other = LdapSettings { ca_file: Some(other.ca_file()), ..slapd.settings() };
    let by_number = slapd.ldaps().replace("localhost", "127.0.0.1");
    let of_other_name = LdapSettings { url: LdapUrl::parse(&by_number).unwrap(), ..slapd.settings() };
    let of_system = LdapSettings { ca_file: None, ..slapd.settings() };
    let starttls =
        LdapSettings { url: LdapUrl::parse(&slapd.ldap()).unwrap(), starttls: true, ..of_other.clone() };
    for settings in [of_other, of_other_name, of_system, starttls] {
        if let Ok(provider) = LdapProvider::new(settings) {
            let asked = provider.verify(&"alice".parse().unwrap(), &Password::new(PASSWORD)).await;
            assert!(matches!(asked, Err(ProviderError::Unavailable(_))), "{asked:?}");
            let operations = slapd.operations();
            assert!(!operations.iter().any(|line| line.starts_with("BIND")), "{operations:?}");
        }
    }
}

#[tokio::test]
async fn no_password_goes_where_starttls_is_refused() {
    let slapd = Directory::start_without_tls();
    let starttls =
        LdapSettings { url: LdapUrl::parse(&slapd.ldap()).unwrap(), starttls: true, ..slapd.settings() };
    let refused = ask(starttls, "alice", PASSWORD).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Unavailable(_)), "{refused:?}");
    let operations = slapd.operations();
    assert!(!operations.iter().any(|line| line.starts_with("BIND")), "{operations:?}");
}

#[test]
fn files_without_an_authority_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let new = |content: Option<&str>| {
        let path = folder.path().join("ca.pem");
        let _ = std::fs::remove_file(&path);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        LdapProvider::new(LdapSettings { ca_file: Some(path), ..settings("ldaps://directory") })
            .err()
            .unwrap()
    };
    assert!(matches!(new(None), TlsError::File { .. }));
    assert!(matches!(new(Some("")), TlsError::NoAuthority { .. }));
    assert!(matches!(
        new(Some("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n")),
        TlsError::File { .. }
    ));
    let nothing = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(new(Some(nothing)), TlsError::NoAuthority { .. }));
}
