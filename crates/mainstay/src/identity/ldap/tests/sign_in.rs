//! Who comes in, and what the directory is asked for it.

use super::super::directory;
use super::*;
use crate::identity::tests::{HOME, PASSWORD};
use crate::identity::{NewApiToken, SignInError, UserName};

#[tokio::test]
async fn decision_table() {
    let slapd = Directory::start();
    let rows = [
        ("alice", PASSWORD, yes("alice", Role::Viewer)),
        ("alice@example.org", PASSWORD, yes("alice", Role::Viewer)),
        ("bob", PASSWORD, yes("bob", Role::Operator)),
        ("odd", PASSWORD, yes("odd", Role::Viewer)),
        ("alice", "wrong", Answer::No),
        ("alice", "Seven green bottles", Answer::No),
        ("alice", "", Answer::No),
        ("nobody", PASSWORD, Answer::No),
        ("carol", PASSWORD, no_role("carol")),
        // Locked, whatever the password.
        ("dora", PASSWORD, Answer::No),
        ("dora", "wrong", Answer::No),
        ("carol", "wrong", Answer::No),
        ("unnamed@example.org", PASSWORD, Answer::NoRole(None)),
        // Two entries of one name are nobody.
        ("twin", PASSWORD, Answer::No),
    ];
    for (name, password, answer) in rows {
        assert_eq!(ask(slapd.settings(), name, password).await.unwrap(), answer, "{name} {password}");
    }
}

#[tokio::test]
async fn whoever_it_is_the_same_is_asked() {
    let slapd = Directory::start();
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
    let slapd = Directory::start();
    assert_eq!(ask(slapd.settings(), "alice", "").await.unwrap(), Answer::No);
    ask(slapd.settings(), "bob", PASSWORD).await.unwrap();
    let first = slapd.operations();
    assert!(
        first.iter().any(|line| line.contains("uid=bob")),
        "the first connection is the second one's: {first:?}"
    );
}

#[tokio::test]
async fn a_name_finds_nobody_but_its_own_entry() {
    let slapd = Directory::start();
    // What is no name here is not even asked about; the filter is escaped all the same, so it is asked here directly.
    let provider = LdapProvider::new(slapd.settings()).unwrap();
    let find = async |name| {
        let found = provider.converse(async |ldap| {
            directory::bind_as_service(ldap, &provider.settings).await?;
            directory::find(ldap, &provider.settings, name).await
        });
        found.await.unwrap()
    };
    for name in [
        "*",
        "a*",
        "*)(uid=*",
        "*)(objectClass=*",
        "alice)(|(uid=*",
        "alice)(&)",
        "alice\0",
        "\0",
        "alice\\",
        "\\2a",
        "uid=alice,ou=people,dc=example,dc=org",
        "alice,ou=people,dc=example,dc=org",
        "alice\n",
        "(",
        ")",
        "&",
        "",
    ] {
        assert!(find(name).await.is_none(), "{name:?}");
        let is_name = name.parse::<UserName>().is_ok();
        assert!(!is_name || ask(slapd.settings(), name, PASSWORD).await.unwrap() == Answer::No, "{name:?}");
    }
    assert!(find("odd").await.is_some() && find("ODD").await.is_some(), "there is somebody to be found");
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
    let slapd = Directory::start();
    let wrong = LdapSettings { bind: Some((SERVICE.to_owned(), Secret::new("wrong"))), ..slapd.settings() };
    let refused = ask(wrong, "alice", PASSWORD).await.unwrap_err();
    assert!(matches!(&refused, ProviderError::Refused(why) if why == "result 49"), "{refused:?}");
    // An anonymous visitor sees nothing in this directory.
    let anonymous = LdapSettings { bind: None, ..slapd.settings() };
    let seen = ask(anonymous, "alice", PASSWORD).await;
    assert!(matches!(seen, Ok(Answer::No) | Err(ProviderError::Refused(_))), "{seen:?}");
}

#[tokio::test]
async fn another_group_is_another_role_at_the_next_sign_in() {
    let slapd = Directory::start();
    let fixture = with_directory(&slapd.settings()).await;
    let password = Password::new(PASSWORD);
    let first = fixture.accounts.sign_in("alice", &password, HOME).await.unwrap();
    let cookie = fixture.begin(&first).await;
    slapd.add_member("operators", "uid=alice,ou=people,dc=example,dc=org").await;
    assert_eq!(fixture.identity(&cookie).await.unwrap().role, Role::Viewer, "nobody has asked yet");

    let second = fixture.accounts.sign_in("alice", &password, HOME).await.unwrap();
    assert_eq!((second.user.id, second.user.role), (first.user.id, Role::Operator));
    assert!(fixture.identity(&cookie).await.is_none(), "what began as a viewer is over");
    let cookie = fixture.begin(&second).await;
    assert_eq!(fixture.identity(&cookie).await.unwrap().role, Role::Operator);

    for group in ["operators", "viewers"] {
        slapd.remove_member(group, "uid=alice,ou=people,dc=example,dc=org").await;
    }
    let refused = fixture.accounts.sign_in("alice", &password, HOME).await.unwrap_err();
    assert!(matches!(refused, SignInError::Refused), "{refused}");
    assert!(fixture.identity(&cookie).await.is_none(), "and so is what began as an operator");
}

#[tokio::test]
async fn a_token_of_a_directorys_user_goes_with_them() {
    let slapd = Directory::start();
    let fixture = with_directory(&slapd.settings()).await;
    let alice = fixture.accounts.sign_in("alice", &Password::new(PASSWORD), HOME).await.unwrap().user;
    let new = NewApiToken { name: "import", role: Role::Operator, owner: Some(alice.id), expires_at: None };
    let (_, text) = fixture.accounts.create_token(new, "test").await.unwrap();
    let role = async || {
        let identity = fixture.accounts.tokens().identify(text.expose()).await.unwrap();
        identity.map(|identity| identity.role)
    };
    assert_eq!(role().await, Some(Role::Viewer), "never more than they may");
    fixture.accounts.set_disabled(&alice, true, "test").await.unwrap();
    assert_eq!(role().await, None);
}

#[tokio::test]
async fn what_the_settings_name_is_looked_for() {
    let slapd = Directory::start();
    let look = async |settings| LdapProvider::new(settings).unwrap().look().await;
    assert_eq!(look(slapd.settings()).await.unwrap(), Vec::<String>::new());
    let elsewhere = LdapSettings {
        base_dn: "ou=folks,dc=example,dc=org".to_owned(),
        roles: LdapRoles::new([(Role::Editor, "CN=Nobody, ou=groups,dc=example,dc=org".to_owned())]),
        ..slapd.settings()
    };
    let missing = look(elsewhere).await.unwrap();
    assert_eq!(missing, ["ou=folks,dc=example,dc=org", "cn=nobody,ou=groups,dc=example,dc=org"]);
    let stranger =
        LdapSettings { bind: Some((SERVICE.to_owned(), Secret::new("wrong"))), ..slapd.settings() };
    assert!(matches!(look(stranger).await, Err(ProviderError::Refused(_))));
}

#[tokio::test]
async fn from_the_directory_to_a_session() {
    let slapd = Directory::start();
    let fixture = with_directory(&slapd.settings()).await;
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
