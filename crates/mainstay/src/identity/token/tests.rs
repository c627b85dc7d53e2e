//! Tokens in a database.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};
use mainstay_core::{Clock, ManualClock, Shutdown};

use super::{ApiTokens, Bearer, CreateTokenError, MAX_PER_OWNER, NewApiToken};
use crate::Role;
use crate::identity::password::PasswordHash;
use crate::identity::tests::database;
use crate::identity::user::{NewPassword, User, Users};
use crate::identity::{How, Identity};

struct Desk {
    tokens: ApiTokens,
    users: Users,
    clock: Clock,
    hands: ManualClock,
}

const NEW: NewApiToken<'_> =
    NewApiToken { name: "nightly import", role: Role::Editor, owner: None, expires_at: None };

async fn desk() -> Desk {
    let (clock, hands) = Clock::manual();
    let database = database().await;
    Desk { tokens: ApiTokens::new(&database, &clock), users: Users::new(&database, &clock), clock, hands }
}

impl Desk {
    async fn user(&self, name: &str, role: Role) -> User {
        let hash = PasswordHash::from_stored("hash".to_owned());
        let password = NewPassword { hash, ends_at: None };
        self.users.create(&name.parse().unwrap(), role, password).await.unwrap()
    }

    async fn identify(&self, text: &str) -> Option<Identity> {
        self.tokens.identify(text).await.unwrap()
    }

    fn in_an_hour(&self) -> Timestamp {
        self.clock.timestamp() + SignedDuration::from_hours(1)
    }
}

#[tokio::test]
async fn a_token_of_nobody_has_its_name_and_role() {
    let desk = desk().await;
    let (token, text) = desk.tokens.create(NEW).await.unwrap();
    assert!(text.expose().starts_with(&token.begins));
    let identity = desk.identify(text.expose()).await.unwrap();
    assert_eq!((identity.user, &*identity.name, identity.role), (None, "nightly import", Role::Editor));
    assert_eq!(identity.how, How::Token(token.id));
}

#[tokio::test]
async fn decision_table() {
    let desk = desk().await;
    let (token, text) =
        desk.tokens.create(NewApiToken { expires_at: Some(desk.in_an_hour()), ..NEW }).await.unwrap();
    let other = super::ApiTokenText::generate();
    assert!(desk.identify(text.expose()).await.is_some());
    assert!(desk.identify("").await.is_none());
    assert!(desk.identify("mst_").await.is_none());
    assert!(desk.identify(other.expose()).await.is_none(), "nobody knows it");

    // The lookup part of one and the secret part of another, with a checksum that is right.
    let forged = super::ApiTokenText::forged(text.lookup());
    assert!(desk.identify(forged.expose()).await.is_none(), "it opens nothing");

    desk.hands.advance(Duration::from_mins(59));
    assert!(desk.identify(text.expose()).await.is_some());
    desk.hands.advance(Duration::from_mins(1));
    assert!(desk.identify(text.expose()).await.is_none(), "it is over");

    let (token_without_end, text) = desk.tokens.create(NEW).await.unwrap();
    assert!(desk.tokens.revoke(token_without_end.id, None).await.unwrap());
    assert!(desk.identify(text.expose()).await.is_none(), "it was revoked");
    assert!(!desk.tokens.revoke(token_without_end.id, None).await.unwrap(), "once");
    assert_eq!(desk.tokens.list(None).await.unwrap().len(), 2);
    assert!(desk.tokens.list(None).await.unwrap().iter().any(|listed| listed.id == token.id));
}

#[tokio::test]
async fn a_token_does_what_its_owner_may_and_no_more() {
    let desk = desk().await;
    let alice = desk.user("alice", Role::Viewer).await;
    let bob = desk.user("bob", Role::Operator).await;
    let of = |owner: &User| NewApiToken { owner: Some(owner.id), ..NEW };
    let (_, of_alice) = desk.tokens.create(of(&alice)).await.unwrap();
    let (token, of_bob) = desk.tokens.create(of(&bob)).await.unwrap();
    let role =
        async |text: &super::ApiTokenText| desk.identify(text.expose()).await.map(|identity| identity.role);
    assert_eq!(role(&of_alice).await, Some(Role::Viewer), "the owner is the lesser");
    assert_eq!(role(&of_bob).await, Some(Role::Editor), "the token is the lesser");
    assert_eq!(desk.identify(of_bob.expose()).await.unwrap().user, Some(bob.id));
    assert!(!desk.tokens.revoke(token.id, Some(alice.id)).await.unwrap(), "it is not hers");
    assert_eq!(desk.tokens.list(Some(alice.id)).await.unwrap().len(), 1);
    desk.users.set_disabled(bob.id, true).await.unwrap();
    assert_eq!(role(&of_bob).await, None, "at once");
    desk.users.set_disabled(bob.id, false).await.unwrap();
    assert_eq!(role(&of_bob).await, Some(Role::Editor));
}

#[tokio::test]
async fn what_cannot_be_made_is_told() {
    let desk = desk().await;
    for name in ["", " a", "a ", "a\nb", "a\u{1b}[31m", &"a".repeat(101)] {
        let refused = desk.tokens.create(NewApiToken { name, ..NEW }).await;
        assert!(matches!(refused, Err(CreateTokenError::Name)), "{name:?}");
    }
    let past = desk.tokens.create(NewApiToken { expires_at: Some(desk.clock.timestamp()), ..NEW }).await;
    assert!(matches!(past, Err(CreateTokenError::Past)));
    for _ in 0..MAX_PER_OWNER {
        desk.tokens.create(NewApiToken { expires_at: Some(desk.in_an_hour()), ..NEW }).await.unwrap();
    }
    assert!(matches!(desk.tokens.create(NEW).await, Err(CreateTokenError::TooMany)));
    let alice = desk.user("alice", Role::Viewer).await;
    assert!(
        desk.tokens.create(NewApiToken { owner: Some(alice.id), ..NEW }).await.is_ok(),
        "others have their own"
    );
    desk.hands.advance(Duration::from_hours(1));
    assert!(desk.tokens.create(NEW).await.is_ok(), "what is over does not count");
}

#[tokio::test]
async fn the_last_use_is_written_when_the_worker_stops() {
    let desk = desk().await;
    let (token, text) = desk.tokens.create(NEW).await.unwrap();
    desk.hands.advance(Duration::from_secs(5));
    desk.identify(text.expose()).await.unwrap();
    assert_eq!(desk.tokens.list(None).await.unwrap()[0].last_used_at, None, "not for each use");
    let shutdown = Shutdown::new();
    shutdown.begin();
    desk.tokens.keep_last_used(shutdown).await.unwrap();
    let listed = &desk.tokens.list(None).await.unwrap()[0];
    assert_eq!((listed.id, listed.last_used_at), (token.id, Some(desk.clock.timestamp())));
}

#[test]
fn what_authorization_brings() {
    let rows: &[(&[&str], Bearer<'_>)] = &[
        (&[], Bearer::Nothing),
        (&["Basic YTpi"], Bearer::Nothing),
        (&["bearerish abc"], Bearer::Nothing),
        (&[""], Bearer::Nothing),
        (&["Bearer abc"], Bearer::Text("abc")),
        (&["BEARER  abc "], Bearer::Text("abc")),
        (&["Bearer"], Bearer::Unclear),
        (&["Bearer "], Bearer::Unclear),
        (&["Bearer a b"], Bearer::Unclear),
        (&["Bearer a\tb"], Bearer::Unclear),
        (&["Bearer é"], Bearer::Unclear),
        (&["Bearer abc", "Bearer abc"], Bearer::Unclear),
        (&["Basic YTpi", "Bearer abc"], Bearer::Unclear),
    ];
    for (lines, brought) in rows {
        let mut headers = HeaderMap::new();
        for line in *lines {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        assert_eq!(Bearer::of(&headers), *brought, "{lines:?}");
    }
}
