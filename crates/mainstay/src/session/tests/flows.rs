use http::StatusCode;

use super::browser::open;
use super::{World, keys, node, user};
use crate::session::{AuthLevel, CacheKind, RefusedToken, SessionError, SessionSettings, Standing};
use crate::telemetry::metrics::Metrics;

#[tokio::test]
async fn whoever_does_nothing_gets_nothing() {
    let world = World::new();
    let mut browser = world.browser();
    browser.visit(|session| assert_eq!(session.get::<u32>("n").unwrap(), None)).await.unwrap();
    assert_eq!(browser.cookie, None);
    assert!(world.store.calls().is_empty(), "the store is not even asked");
    assert_eq!(browser.open().await.standing(), Standing::Absent);
}

#[tokio::test]
async fn signing_in_replaces_the_token_and_keeps_the_cart() {
    let world = World::new();
    let (mut browser, ada) = (world.browser(), user());
    browser.visit(|session| session.set("cart", &3).unwrap()).await.unwrap();
    let before = browser.open().await;
    assert_eq!((before.standing(), before.subject()), (Standing::Anonymous, None));
    let (old_cookie, old_csrf) = (browser.cookie(), before.csrf_secrets().unwrap());

    let epoch = world.sessions.epoch(ada).await.unwrap();
    let mut made = None;
    let sign_in = |session: &crate::session::Session| {
        session.sign_in(ada, epoch).unwrap();
        assert_eq!(session.subject().unwrap().user, ada, "the handler sees whom it has signed in");
        made = session.csrf_secrets();
    };
    browser.visit(sign_in).await.unwrap();
    assert_ne!(browser.cookie(), old_cookie);
    assert!(!world.is_good(&old_cookie).await, "the old token is dead");
    let after = browser.open().await;
    let Standing::SignedIn(subject) = after.standing() else { panic!("{after:?}") };
    assert_eq!((subject.user, subject.level), (ada, AuthLevel::SignedIn));
    assert_eq!(after.get::<u32>("cart").unwrap(), Some(3));
    assert_ne!(after.id(), before.id());
    let csrf = after.csrf_secrets().unwrap();
    assert_eq!(csrf.current().expose(), made.unwrap().current().expose(), "the handler's tokens are good");
    assert_ne!(csrf.current().expose(), old_csrf.current().expose());
    assert!(csrf.previous().is_none(), "what was known before the sign-in is worth nothing");
}

#[tokio::test]
async fn another_user_finds_nothing_of_the_one_before() {
    let world = World::new();
    let (ada, eve) = (user(), user());
    let mut browser = world.signed_in(ada).await;
    browser.visit(|session| session.set("notes", "Ada's").unwrap()).await.unwrap();
    let adas = browser.cookie();
    browser.sign_in(ada).await;
    assert_eq!(browser.open().await.get::<String>("notes").unwrap().as_deref(), Some("Ada's"));
    assert!(!world.is_good(&adas).await, "the same user gets another token too");
    browser.sign_in(eve).await;
    let session = browser.open().await;
    assert_eq!(session.subject().unwrap().user, eve);
    assert_eq!(session.get::<String>("notes").unwrap(), None);
    assert!(world.sessions.list(ada).await.unwrap().is_empty());
}

#[tokio::test]
async fn confirming_replaces_the_token_and_keeps_the_session() {
    let world = World::new();
    let mut browser = world.signed_in(user()).await;
    let (before, old) = (browser.open().await, browser.cookie());
    world.hands.advance(SessionSettings::default().idle_timeout / 2);
    browser.visit(|session| session.confirm().unwrap()).await.unwrap();
    let after = browser.open().await;
    assert!(!world.is_good(&old).await);
    assert_eq!(after.id(), before.id());
    let subject = after.subject().unwrap();
    assert_eq!((subject.level, subject.authenticated_at), (AuthLevel::Confirmed, world.clock.timestamp()));
    let (csrf, old_csrf) = (after.csrf_secrets().unwrap(), before.csrf_secrets().unwrap());
    let (previous, _) = csrf.previous().expect("open pages go on working");
    assert_eq!(previous.expose(), old_csrf.current().expose());

    assert!(matches!(world.browser().open().await.confirm(), Err(SessionError::NotSignedIn)));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie_back() {
    let world = World::new();
    let mut browser = world.signed_in(user()).await;
    let old = browser.cookie();
    browser
        .visit(|session| {
            session.set("lost", &1).unwrap();
            session.sign_out().unwrap();
            assert_eq!((session.subject(), session.expires_at()), (None, None));
            assert!(session.csrf_secrets().is_none());
        })
        .await
        .unwrap();
    assert_eq!(browser.cookie, None);
    assert!(!world.is_good(&old).await);
}

#[tokio::test]
async fn what_is_set_after_signing_out_goes_into_a_new_session() {
    let world = World::new();
    let mut browser = world.signed_in(user()).await;
    let (old, id) = (browser.cookie(), browser.open().await.id());
    browser
        .visit(|session| {
            session.set("lost", &1).unwrap();
            session.sign_out().unwrap();
            assert_eq!(session.get::<u32>("lost").unwrap(), None);
            session.set("flash", "Goodbye.").unwrap();
        })
        .await
        .unwrap();
    assert!(!world.is_good(&old).await);
    let session = browser.open().await;
    assert_eq!(session.standing(), Standing::Anonymous);
    assert_ne!(session.id(), id);
    assert_eq!(session.get::<String>("flash").unwrap().as_deref(), Some("Goodbye."));
    assert_eq!(session.get::<u32>("lost").unwrap(), None);
}

#[tokio::test]
async fn signing_in_after_signing_out_in_one_request_keeps_nothing() {
    let world = World::new();
    let ada = user();
    let mut browser = world.signed_in(ada).await;
    browser.visit(|session| session.set("old", &1).unwrap()).await.unwrap();
    let old = browser.cookie();
    let epoch = world.sessions.epoch(ada).await.unwrap();
    browser
        .visit(|session| {
            session.sign_out().unwrap();
            session.sign_in(ada, epoch).unwrap();
        })
        .await
        .unwrap();
    assert!(!world.is_good(&old).await);
    assert_eq!(browser.open().await.get::<u32>("old").unwrap(), None);
}

#[tokio::test]
async fn no_bad_token_passes() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    let other = world.signed_in(user()).await;
    let (good, others) = (browser.cookie(), other.cookie());
    let value = good.split_once('=').unwrap().1;
    let secret_of_other = others.rsplit_once('.').unwrap().1;
    let swapped = format!("{}.{secret_of_other}", good.rsplit_once('.').unwrap().0);
    let foreign = format!("__Host-session={}", *crate::session::token::Token::generate().encode());
    let rows = [
        (good.clone(), None),
        (String::new(), None),
        (good[..40].to_owned(), Some(RefusedToken::Malformed)),
        (format!("{good}; {good}"), Some(RefusedToken::Doubled)),
        (format!("{good}; {others}"), Some(RefusedToken::Doubled)),
        (foreign, Some(RefusedToken::Unknown)),
        (swapped, Some(RefusedToken::Forged)),
        (format!("session={value}"), None),
    ];
    for (cookie, refused) in rows {
        for sessions in [&world.sessions, &world.uncached] {
            let session = open(sessions, &cookie).await;
            match (session.standing(), refused) {
                (Standing::Refused(why), Some(expected)) => assert_eq!(why, expected, "{cookie}"),
                (Standing::SignedIn(_), None) => assert_eq!(cookie, good),
                (Standing::Absent, None) => assert_ne!(cookie, good),
                (standing, _) => panic!("{cookie}: {standing:?}"),
            }
        }
    }
    assert!(world.is_good(&good).await, "none of it harms the session itself");
}

#[tokio::test]
async fn a_cookie_that_is_no_token_is_taken_back_and_others_are_left_alone() {
    let world = World::new();
    for (cookie, is_taken) in [("__Host-session=x", true), ("__Host-session=x; __Host-session=y", false)] {
        let session = open(&world.sessions, cookie).await;
        let line = world.sessions.save(&session, StatusCode::OK).await.unwrap();
        assert_eq!(line.is_some_and(|line| line.to_str().unwrap().ends_with("Max-Age=0")), is_taken);
    }
    // A late answer to a request of before a sign-in must not take the new cookie.
    let mut browser = world.browser();
    browser.visit(|session| session.set("n", &1).unwrap()).await.unwrap();
    let old = browser.cookie();
    browser.sign_in(user()).await;
    let late = open(&world.sessions, &old).await;
    assert_eq!(world.sessions.save(&late, StatusCode::OK).await.unwrap(), None);
}

#[tokio::test]
async fn sessions_outlive_a_change_of_the_key_while_the_old_one_is_a_fallback() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    for (keys, is_good) in [(keys("next", &["current"]), true), (keys("next", &[]), false)] {
        let node = node(&keys, CacheKind::Off, world.store.clone(), &world.clock, &Metrics::new());
        assert_eq!(open(&node, &browser.cookie()).await.live().is_some(), is_good);
    }
}

#[tokio::test]
async fn the_list_shows_where_sessions_began() {
    let world = World::new();
    let ada = user();
    let (first, second) = (world.signed_in(ada).await, world.signed_in(ada).await);
    world.hands.advance(std::time::Duration::from_mins(5));
    first.open().await;
    let list = world.sessions.list(ada).await.unwrap();
    let ids: Vec<_> = list.iter().map(|summary| Some(summary.id)).collect();
    assert_eq!(
        ids,
        [first.open().await.id(), second.open().await.id()],
        "last seen first, also when not written yet"
    );
    assert_eq!(list[0].last_seen_at, world.clock.timestamp());
    assert_eq!(list[0].device.user_agent.as_deref(), Some("Test/1.0"));
    assert_eq!(list[0].device.address, Some([192, 0, 2, 1].into()));
    world.hands.advance(SessionSettings::default().lifetime);
    assert!(world.sessions.list(ada).await.unwrap().is_empty(), "what is over is not listed");
}
