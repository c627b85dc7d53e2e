//! Users in a database.

use jiff::SignedDuration;
use mainstay_core::{Clock, ManualClock};

use super::{CreateUserError, NewPassword, Provider, UserName, Users};
use crate::Role;
use crate::identity::password::PasswordHash;
use crate::identity::tests::database;

async fn users() -> (Users, Clock, ManualClock) {
    let (clock, hands) = Clock::manual();
    (Users::new(&database().await, &clock), clock, hands)
}

fn name(name: &str) -> UserName {
    name.parse().unwrap()
}

fn password(hash: &str) -> NewPassword {
    NewPassword { hash: PasswordHash::from_stored(hash.to_owned()), ends_at: None }
}

#[tokio::test]
async fn a_user_is_found_by_name_and_id() {
    let (users, clock, _) = users().await;
    assert!(users.is_empty().await.unwrap());
    let ends_at = Some(clock.timestamp() + SignedDuration::from_hours(1));
    let created =
        users.create(&name("Alice"), Role::Editor, NewPassword { ends_at, ..password("one") }).await.unwrap();
    assert!(created.must_change, "a password that was made for somebody must be changed");
    for found in [users.by_name(&name("aLICE")).await, users.by_id(created.id).await] {
        let found = found.unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{created:?}"));
        assert_eq!(found.password.unwrap().as_str(), "one");
    }
    assert!(users.by_name(&name("bob")).await.unwrap().is_none());
    assert!(!users.is_empty().await.unwrap());
    assert_eq!(users.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_is_taken_once_however_it_is_written() {
    let (users, ..) = users().await;
    users.create(&name("alice"), Role::Viewer, password("one")).await.unwrap();
    let again = users.create(&name("ALICE"), Role::Operator, password("two")).await;
    assert!(matches!(again, Err(CreateUserError::Taken)), "{again:?}");
}

#[tokio::test]
async fn a_rehash_never_undoes_a_change() {
    let (users, ..) = users().await;
    let id = users.create(&name("alice"), Role::Viewer, password("old")).await.unwrap().id;
    let hash = |text: &str| PasswordHash::from_stored(text.to_owned());
    assert!(users.rehash(id, &hash("old"), &hash("old, stronger")).await.unwrap());
    assert!(users.set_password(id, password("new"), Some(&hash("old, stronger"))).await.unwrap());
    // The sign-in that began before the change comes too late.
    assert!(!users.rehash(id, &hash("old, stronger"), &hash("old, stronger still")).await.unwrap());
    assert!(!users.set_password(id, password("of somebody else"), Some(&hash("old"))).await.unwrap());
    assert_eq!(users.by_id(id).await.unwrap().unwrap().password.unwrap().as_str(), "new");
}

#[tokio::test]
async fn what_is_changed_leaves_its_time() {
    let (users, clock, hands) = users().await;
    let id = users.create(&name("alice"), Role::Viewer, password("old")).await.unwrap().id;
    hands.advance(std::time::Duration::from_mins(1));
    assert!(users.set_disabled(id, true).await.unwrap());
    assert!(!users.set_disabled(id, true).await.unwrap(), "nothing left to change");
    let user = users.by_id(id).await.unwrap().unwrap();
    assert!(user.is_disabled && user.changed_at == clock.timestamp() && user.created_at < user.changed_at);
}

#[tokio::test]
async fn a_directory_speaks_for_its_own_users_only() {
    let (users, ..) = users().await;
    users.create(&name("alice"), Role::Operator, password("one")).await.unwrap();
    assert!(users.admit_external(&name("alice"), Provider::Ldap, Role::Operator).await.unwrap().is_none());
    let carol = users.admit_external(&name("carol"), Provider::Ldap, Role::Viewer).await.unwrap().unwrap();
    assert_eq!((carol.provider, carol.role, carol.password), (Provider::Ldap, Role::Viewer, None));
    let again = users.admit_external(&name("carol"), Provider::Ldap, Role::Editor).await.unwrap().unwrap();
    assert_eq!(
        (again.id, again.role),
        (carol.id, Role::Editor),
        "the directory's groups decide at each sign-in"
    );
    assert!(
        !users.set_password(carol.id, password("two"), None).await.unwrap(),
        "its password is not ours to set"
    );
}
