//! A directory that was there a moment ago.

use super::*;
use crate::identity::tests::{HOME, PASSWORD};
use crate::{ErrorCode, Refusal};

/// What becomes of a sign-in: the name, or the code and whether it says when to come back.
async fn outcome(fixture: &Fixture, name: &str, password: &str) -> Result<String, (ErrorCode, bool)> {
    let signed_in = fixture.accounts.sign_in(name, &Password::new(password), HOME).await;
    signed_in.map(|signed_in| signed_in.user.name.to_string()).map_err(|error| {
        let refusal = Refusal::from(error);
        (refusal.code(), refusal.wait().is_some_and(|wait| wait >= Duration::from_secs(2)))
    })
}

const UNAVAILABLE: Result<String, (ErrorCode, bool)> = Err((ErrorCode::StoreUnavailable, true));

#[tokio::test]
async fn paused_it_is_503_in_time_and_works_again_when_it_goes_on() {
    let slapd = Directory::start();
    let impatient = LdapSettings { timeout: Duration::from_secs(1), ..slapd.settings() };
    let fixture = with_directory(&impatient).await;
    assert_eq!(outcome(&fixture, "alice", PASSWORD).await, Ok("alice".to_owned()));
    slapd.pause();
    for (name, password) in [("alice", PASSWORD), ("alice", "wrong"), ("nobody", PASSWORD)] {
        assert_eq!(outcome(&fixture, name, password).await, UNAVAILABLE, "{name} {password}");
    }
    slapd.resume();
    assert_eq!(outcome(&fixture, "alice", PASSWORD).await, Ok("alice".to_owned()));
}

#[tokio::test]
async fn gone_it_is_503_and_nobody_falls_through_to_anything() {
    let slapd = Directory::start();
    let fixture = with_directory(&slapd.settings()).await;
    let carlos = fixture.user("carlos", Role::Editor).await;
    let signed_in = fixture.accounts.sign_in("alice", &Password::new(PASSWORD), HOME).await.unwrap();
    let cookie = fixture.begin(&signed_in).await;
    slapd.kill();
    for (name, password) in [("alice", PASSWORD), ("alice", "wrong"), ("nobody", PASSWORD)] {
        assert_eq!(outcome(&fixture, name, password).await, UNAVAILABLE, "{name} {password}");
    }
    // What needs no directory goes on: an empty password, users of our own, and who has signed in before.
    assert_eq!(outcome(&fixture, "alice", "").await, Err((ErrorCode::InvalidCredentials, false)));
    assert_eq!(outcome(&fixture, "carlos", PASSWORD).await, Ok("carlos".to_owned()));
    assert_eq!(outcome(&fixture, "carlos", "wrong").await, Err((ErrorCode::InvalidCredentials, false)));
    assert!(fixture.identity(&cookie).await.is_some());
    assert!(carlos.password.is_some());
}

#[tokio::test]
async fn outages_are_not_counted_as_guesses() {
    let slapd = Directory::start();
    let fixture = with_directory(&slapd.settings()).await;
    slapd.kill();
    for _ in 0..20 {
        assert_eq!(outcome(&fixture, "alice", PASSWORD).await, UNAVAILABLE);
    }
}
