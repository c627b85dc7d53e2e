//! Who comes in, and what the directory is asked for it.

use std::sync::Arc;

use super::*;
use crate::identity::SignInError;
use crate::identity::tests::{CHEAP, Fixture, HOME, PASSWORD};

#[tokio::test]
async fn decision_table() {
    let Some(slapd) = Slapd::start() else { return };
    let rows = [
        ("alice", PASSWORD, yes("alice", Role::Viewer)),
        ("alice@example.org", PASSWORD, yes("alice", Role::Viewer)),
        ("bob", PASSWORD, yes("bob", Role::Operator)),
        ("odd", PASSWORD, yes("odd", Role::Viewer)),
        ("alice", "wrong", Answer::No),
        ("alice", "Seven green bottles", Answer::No),
        ("alice", "", Answer::No),
        ("nobody", PASSWORD, Answer::No),
        ("carol", PASSWORD, Answer::NoRole),
        ("carol", "wrong", Answer::No),
        ("unnamed@example.org", PASSWORD, Answer::NoRole),
        // Two entries of one name are nobody.
        ("twin", PASSWORD, Answer::No),
    ];
    for (name, password, answer) in rows {
        assert_eq!(ask(slapd.settings(), name, password).await.unwrap(), answer, "{name} {password}");
    }
}

#[tokio::test]
async fn whoever_it_is_the_same_is_asked() {
    let Some(slapd) = Slapd::start() else { return };
    let mut asked = Vec::new();
    for (name, password) in
        [("alice", PASSWORD), ("alice", "wrong"), ("carol", PASSWORD), ("nobody", "wrong")]
    {
        ask(slapd.settings(), name, password).await.unwrap();
        let operations = slapd.operations();
        asked.push(operations.iter().map(|line| line[..4].to_owned()).collect::<Vec<_>>());
    }
    assert_eq!(asked[0], ["BIND", "SRCH", "SRCH", "BIND"]);
    assert!(asked.iter().all(|operations| *operations == asked[0]), "{asked:?}");
}

#[tokio::test]
async fn an_empty_password_is_not_even_asked_about() {
    let Some(slapd) = Slapd::start() else { return };
    assert_eq!(ask(slapd.settings(), "alice", "").await.unwrap(), Answer::No);
    ask(slapd.settings(), "bob", PASSWORD).await.unwrap();
    let first = slapd.operations();
    assert!(
        first.iter().any(|line| line.contains("uid=bob")),
        "the first connection is the second one's: {first:?}"
    );
}

#[test]
fn what_stands_in_filters_is_escaped() {
    let settings = settings("ldaps://directory");
    // Names like these are no names here; the filter does not rely on it.
    assert_eq!(
        settings.filter_for_name("*)(uid=*"),
        "(|(uid=\\2a\\29\\28uid=\\2a)(mail=\\2a\\29\\28uid=\\2a))"
    );
    assert_eq!(settings.filter_for_name("a\0\\"), "(|(uid=a\\00\\5c)(mail=a\\00\\5c))");
    assert_eq!(settings.filter_for_groups("cn=a\\2C (b),dc=c"), "(member=cn=a\\5c2C \\28b\\29,dc=c)");
}

#[tokio::test]
async fn a_service_without_an_account_that_is_right_is_told_so() {
    let Some(slapd) = Slapd::start() else { return };
    let wrong = LdapSettings { bind: Some((SERVICE.to_owned(), Secret::new("wrong"))), ..slapd.settings() };
    let refused = ask(wrong, "alice", PASSWORD).await.unwrap_err();
    assert!(matches!(&refused, ProviderError::Refused(why) if why == "result 49"), "{refused:?}");
    // An anonymous visitor sees nothing in this directory.
    let anonymous = LdapSettings { bind: None, ..slapd.settings() };
    let seen = ask(anonymous, "alice", PASSWORD).await;
    assert!(matches!(seen, Ok(Answer::No) | Err(ProviderError::Refused(_))), "{seen:?}");
}

#[tokio::test]
async fn from_the_directory_to_a_session() {
    let Some(slapd) = Slapd::start() else { return };
    let provider = LdapProvider::new(slapd.settings()).unwrap();
    let fixture = Fixture::with(CHEAP, Some(Arc::new(provider))).await;
    let password = Password::new(PASSWORD);
    let signed_in = fixture.accounts.sign_in("Alice@Example.org", &password, HOME).await.unwrap();
    let cookie = fixture.begin(&signed_in).await;
    let identity = fixture.identity(&cookie).await.unwrap();
    assert_eq!((&*identity.name, identity.role, identity.must_change), ("alice", Role::Viewer, false));

    // Disabled here is disabled, whatever the directory says.
    fixture.accounts.set_disabled(&signed_in.user, true, "test").await.unwrap();
    assert!(fixture.identity(&cookie).await.is_none());
    let refused = fixture.accounts.sign_in("alice", &password, HOME).await.unwrap_err();
    assert!(matches!(refused, SignInError::Refused), "{refused}");

    // A user of our own is never asked for over there.
    let bob = fixture.user("bob", Role::Viewer).await;
    let own = fixture.accounts.reset_password(&bob, "test").await.unwrap();
    assert!(fixture.accounts.sign_in("bob", &password, HOME).await.is_err());
    assert_eq!(fixture.accounts.sign_in("bob", &own, HOME).await.unwrap().user.role, Role::Viewer);
}
