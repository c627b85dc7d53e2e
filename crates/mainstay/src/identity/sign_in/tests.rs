//! Who gets in, and what it costs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use mainstay_core::Tasks;
use mainstay_db::query;

use super::{SignInError, SignedIn};
use crate::identity::password::Parameters;
use crate::identity::provider::{Answer, ExternalUser, IdentityProvider, ProviderError};
use crate::identity::tests::{CHEAP, Fixture, HOME, PASSWORD, database};
use crate::identity::{AccountError, Password, Provider, UserName};
use crate::limits::Limited;
use crate::session::{SqlStore, Standing};
use crate::{ErrorCode, Refusal, Role};

/// Knows carol, and dave who has no role, under two names each; breaks down when asked about eve.
struct Directory;

impl IdentityProvider for Directory {
    fn provider(&self) -> Provider {
        Provider::Ldap
    }

    fn verify<'a>(
        &'a self,
        name: &'a UserName,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        assert!(!password.expose().is_empty(), "many directories welcome an empty password");
        let external = |name: &str, role| Answer::Yes(ExternalUser { name: name.parse().unwrap(), role });
        let answer = match (name.as_str(), password.expose()) {
            ("eve", _) => Err(ProviderError::Overloaded),
            (_, password) if password != PASSWORD => Ok(Answer::No),
            ("carol" | "carol@example.org", _) => Ok(external("carol", Role::Editor)),
            ("dave" | "dave@example.org", _) => Ok(Answer::NoRole(Some("dave".parse().unwrap()))),
            ("frank", _) => Ok(external("frank", Role::Editor)),
            ("imposter", _) => Ok(external("alice", Role::Operator)),
            _ => Ok(Answer::No),
        };
        Box::pin(async { answer })
    }
}

async fn with_directory() -> Fixture {
    Fixture::with(CHEAP, Some(Arc::new(Directory))).await
}

/// What became of a sign-in: the name that came in, or the code of the refusal.
async fn outcome(fixture: &Fixture, name: &str, password: &str) -> Result<String, ErrorCode> {
    let signed_in = fixture.accounts.sign_in(name, &Password::new(password), HOME).await;
    signed_in.map(|signed_in| signed_in.user.name.to_string()).map_err(|error| Refusal::from(error).code())
}

#[tokio::test]
async fn whatever_is_refused_costs_one_hash_and_says_the_same() {
    const NO: Result<&str, ErrorCode> = Err(ErrorCode::InvalidCredentials);
    let fixture = with_directory().await;
    fixture.user("alice", Role::Viewer).await;
    let mallory = fixture.user("mallory", Role::Viewer).await;
    fixture.accounts.set_disabled(&mallory, true, "test").await.unwrap();
    let (frank, ldap) = ("frank".parse().unwrap(), Provider::Ldap);
    let frank = fixture.accounts.users().admit_external(&frank, ldap, Role::Editor).await.unwrap().unwrap();
    fixture.accounts.set_disabled(&frank, true, "test").await.unwrap();
    let long = "x".repeat(1025);
    let rows = [
        // name, password, outcome, hashes
        ("alice", PASSWORD, Ok("alice"), 1),
        ("ALICE", PASSWORD, Ok("alice"), 1),
        ("alice", "wrong", NO, 1),
        ("alice", "", NO, 1),
        ("mallory", PASSWORD, NO, 1),
        ("mallory", "wrong", NO, 1),
        ("nobody", PASSWORD, NO, 1),
        ("nobody", "", NO, 1),
        ("", PASSWORD, NO, 1),
        ("not a name", PASSWORD, NO, 1),
        ("carol", PASSWORD, Ok("carol"), 0),
        ("carol@example.org", PASSWORD, Ok("carol"), 0),
        ("carol", "wrong", NO, 1),
        ("carol", "", NO, 1),
        ("dave", PASSWORD, NO, 1),
        ("frank", PASSWORD, NO, 1),
        ("frank", "wrong", NO, 1),
        ("imposter", PASSWORD, NO, 1),
        ("eve", PASSWORD, Err(ErrorCode::StoreUnavailable), 0),
        // It says nothing about anybody, so it may be quick.
        ("alice", &long, NO, 0),
        ("nobody", &long, NO, 0),
    ];
    for (name, password, expected, hashes) in rows {
        let before = fixture.hashed();
        assert_eq!(outcome(&fixture, name, password).await, expected.map(str::to_owned), "{name} {password}");
        assert_eq!(fixture.hashed() - before, hashes, "{name} {password}");
        fixture.hands.advance(Duration::from_hours(24));
    }
}

#[tokio::test]
async fn a_sign_in_begins_a_session() {
    let fixture = Fixture::new().await;
    let alice = fixture.user("alice", Role::Editor).await;
    let signed_in = fixture.accounts.sign_in("alice", &Password::new(PASSWORD), HOME).await.unwrap();
    let cookie = fixture.begin(&signed_in).await;
    let identity = fixture.identity(&cookie).await.unwrap();
    assert_eq!((identity.user, &*identity.name, identity.role), (Some(alice.id), "alice", Role::Editor));
    assert!(!identity.must_change);
    fixture.accounts.set_disabled(&alice, true, "test").await.unwrap();
    assert!(fixture.identity(&cookie).await.is_none(), "disabling ends sessions");
}

#[tokio::test]
async fn who_is_disabled_or_changed_meanwhile_begins_none() {
    let fixture = Fixture::new().await;
    let alice = fixture.user("alice", Role::Editor).await;
    let signed_in = fixture.accounts.sign_in("alice", &Password::new(PASSWORD), HOME).await.unwrap();
    fixture.accounts.reset_password(&alice, "test").await.unwrap();
    let session = fixture.open(None).await;
    signed_in.begin(&session).unwrap();
    let refused = fixture.accounts.sessions().save(&session, http::StatusCode::OK).await.unwrap_err();
    assert_eq!(Refusal::from(refused).code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn whose_sessions_cannot_be_ended_is_not_changed() {
    let sessions = database().await;
    let fixture = Fixture::over(CHEAP, None, Arc::new(SqlStore::new(sessions.clone()))).await;
    let alice = fixture.user("alice", Role::Editor).await;
    fixture.hands.advance(Duration::from_secs(1));
    sessions.close().await.unwrap();
    fixture.accounts.reset_password(&alice, "test").await.unwrap_err();
    fixture.accounts.set_password(&alice, &Password::new("eight blue bottles"), "test").await.unwrap_err();
    fixture.accounts.set_role(&alice, Role::Operator, "test").await.unwrap_err();
    fixture.accounts.set_disabled(&alice, true, "test").await.unwrap_err();
    let now = fixture.accounts.users().by_id(alice.id).await.unwrap().unwrap();
    assert_eq!(
        (now.role, now.must_change, now.is_disabled, now.changed_at),
        (Role::Editor, false, false, alice.changed_at)
    );
}

#[tokio::test]
async fn an_initial_password_lasts_three_days() {
    let fixture = Fixture::new().await;
    let name = "bob".parse().unwrap();
    let (_, password) =
        fixture.accounts.create_with_initial_password(&name, Role::Viewer, "test").await.unwrap();
    let signed_in = fixture.accounts.sign_in("bob", &password, HOME).await.unwrap();
    let cookie = fixture.begin(&signed_in).await;
    assert!(fixture.identity(&cookie).await.unwrap().must_change);
    fixture.hands.advance(Duration::from_hours(72));
    let refused = fixture.accounts.sign_in("bob", &password, HOME).await.unwrap_err();
    assert!(matches!(refused, SignInError::Refused), "{refused}");
}

#[tokio::test]
async fn a_hash_that_is_out_of_date_is_replaced_once_by_two_at_once() {
    let fixture = Fixture::with(Parameters { passes: 2, ..CHEAP }, None).await;
    let alice = fixture.user("alice", Role::Viewer).await;
    let old = Fixture::new().await;
    let outdated = old.user("alice", Role::Viewer).await.password.unwrap();
    let mut write = fixture.database.write().await.unwrap();
    let set = query("update user_account set password_hash = $1 where id = $2");
    set.bind(outdated.as_str()).bind(alice.id).execute(&mut write).await.unwrap();
    write.commit().await.unwrap();

    let password = Password::new(PASSWORD);
    let both = futures_util::join!(
        fixture.accounts.sign_in("alice", &password, HOME),
        fixture.accounts.sign_in("alice", &password, HOME),
    );
    both.0.unwrap();
    both.1.unwrap();
    let stored = fixture.accounts.users().by_id(alice.id).await.unwrap().unwrap().password.unwrap();
    assert!(stored.as_str().contains("t=2"), "{}", stored.as_str());
    let before = fixture.hashed();
    fixture.accounts.sign_in("alice", &password, HOME).await.unwrap();
    assert_eq!(fixture.hashed() - before, 1, "and it is current from then on");
}

#[tokio::test]
async fn a_broken_row_is_a_wrong_password() {
    let fixture = Fixture::new().await;
    let alice = fixture.user("alice", Role::Viewer).await;
    let mut write = fixture.database.write().await.unwrap();
    let broken = query("update user_account set password_hash = '' where id = $1");
    broken.bind(alice.id).execute(&mut write).await.unwrap();
    write.commit().await.unwrap();
    let before = fixture.hashed();
    assert_eq!(outcome(&fixture, "alice", "").await, Err(ErrorCode::InvalidCredentials));
    assert_eq!(fixture.hashed() - before, 1);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_told_when_to_come_back() {
    let fixture = Fixture::new().await;
    fixture.user("alice", Role::Viewer).await;
    // However the name is written: there is one in any case, and what is no name is nobody's.
    for name in ["alice", "Alice", "ALICE", "aLiCe", "alice"] {
        assert_eq!(outcome(&fixture, name, "wrong").await, Err(ErrorCode::InvalidCredentials));
    }
    for name in ["alice", "ALICE"] {
        assert_eq!(outcome(&fixture, name, "wrong").await, Err(ErrorCode::RateLimited), "{name}");
    }
    let before = fixture.hashed();
    let refused = fixture.accounts.sign_in("alice", &Password::new(PASSWORD), HOME).await.unwrap_err();
    let SignInError::Throttled(Limited::Reached { retry_after }) = refused else { panic!("{refused:?}") };
    assert!(retry_after >= Duration::from_secs(12) && retry_after <= Duration::from_secs(15));
    assert_eq!(fixture.hashed(), before, "and costs nothing");
    fixture.hands.advance(Duration::from_secs(12));
    assert_eq!(outcome(&fixture, "alice", PASSWORD).await, Ok("alice".to_owned()));
}

#[tokio::test]
async fn the_failures_of_a_directory_are_not_those_of_its_users() {
    let fixture = with_directory().await;
    for _ in 0..50 {
        assert_eq!(outcome(&fixture, "eve", PASSWORD).await, Err(ErrorCode::StoreUnavailable));
    }
}

#[tokio::test]
async fn another_role_in_the_directory_ends_what_began_with_the_former() {
    let fixture = with_directory().await;
    let password = Password::new(PASSWORD);
    fixture
        .accounts
        .users()
        .admit_external(&"carol".parse().unwrap(), Provider::Ldap, Role::Operator)
        .await
        .unwrap();
    let epoch = async || {
        let carol = fixture.accounts.users().by_name(&"carol".parse().unwrap()).await.unwrap().unwrap();
        fixture.accounts.sessions().epoch(carol.id).await.unwrap()
    };
    let before = epoch().await;
    let first = fixture.accounts.sign_in("carol", &password, HOME).await.unwrap();
    assert_eq!(first.user.role, Role::Editor);
    assert!(epoch().await > before);
    let cookie = fixture.begin(&first).await;
    let second = fixture.accounts.sign_in("carol", &password, HOME).await.unwrap();
    fixture.begin(&second).await;
    let standing = fixture.open(Some(&cookie)).await.standing();
    assert!(matches!(standing, Standing::SignedIn(_)), "the same role ends nothing: {standing:?}");
}

#[tokio::test]
async fn who_has_no_role_in_the_directory_any_more_is_signed_out_when_that_is_noticed() {
    let fixture = with_directory().await;
    let users = fixture.accounts.users();
    let dave =
        users.admit_external(&"dave".parse().unwrap(), Provider::Ldap, Role::Editor).await.unwrap().unwrap();
    let epoch = fixture.accounts.sessions().epoch(dave.id).await.unwrap();
    let cookie = fixture.begin(&SignedIn { user: dave, epoch }).await;
    assert!(fixture.identity(&cookie).await.is_some());
    assert_eq!(outcome(&fixture, "dave@example.org", "wrong").await, Err(ErrorCode::InvalidCredentials));
    assert!(fixture.identity(&cookie).await.is_some(), "strangers cannot sign anybody out");
    assert_eq!(outcome(&fixture, "dave@example.org", PASSWORD).await, Err(ErrorCode::InvalidCredentials));
    assert!(fixture.identity(&cookie).await.is_none());
}

#[tokio::test]
async fn the_role_of_a_directorys_user_is_changed_over_there() {
    let fixture = with_directory().await;
    let carol = fixture.accounts.sign_in("carol", &Password::new(PASSWORD), HOME).await.unwrap().user;
    let refused = fixture.accounts.set_role(&carol, Role::Operator, "test").await;
    assert!(matches!(refused, Err(AccountError::RoleNotOurs)), "{refused:?}");
    let alice = fixture.user("alice", Role::Viewer).await;
    assert!(fixture.accounts.set_role(&alice, Role::Operator, "test").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_stay_within_bounds() {
    let fixture = Arc::new(Fixture::new().await);
    fixture.user("alice", Role::Viewer).await;
    let tasks = Tasks::new();
    let attempts: Vec<_> = (0..200_u32)
        .map(|number| {
            let fixture = Arc::clone(&fixture);
            tasks.spawn("attempt", async move {
                let client = std::net::Ipv4Addr::from(0x0a00_0000 + number).into();
                // Not more for one name than go.
                let name = if number % 40 == 0 { "alice".to_owned() } else { format!("nobody{number}") };
                fixture.accounts.sign_in(&name, &Password::new("wrong"), client).await
            })
        })
        .collect();
    for attempt in attempts {
        let refused = attempt.await.unwrap().unwrap_err();
        let expected =
            matches!(Refusal::from(refused).code(), ErrorCode::InvalidCredentials | ErrorCode::Overloaded);
        assert!(expected);
    }
    let load = fixture.accounts.hashing();
    assert!(load.most_in_use_mib <= 8 && load.waiting == 0, "{load:?}");
}
