//! The table of `save.rs`, row by row.

use http::StatusCode;

use super::browser::{Browser, open};
use super::{World, user};
use crate::session::{Session, Standing};

/// What a handler does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Nothing,
    Values,
    SignIn,
    Confirm,
    SignOut,
    SignOutThenValues,
}

/// What leaves with the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cookie {
    None,
    New,
    TakenBack,
}

use Cookie::{New, None as Kept, TakenBack};
use Does::{Confirm, Nothing, SignIn, SignOut, SignOutThenValues, Values};

async fn run(world: &World, browser: &Browser, does: Does, status: u16) -> (Session, Cookie) {
    let session = browser.open().await;
    let ada = user();
    let epoch = world.sessions.epoch(ada).await.unwrap();
    match does {
        Nothing => {}
        Values => session.set("n", &1).unwrap(),
        SignIn => session.sign_in(ada, epoch).and_then(|()| session.set("n", &1)).unwrap(),
        Confirm => session.confirm().and_then(|()| session.set("n", &1)).unwrap(),
        SignOut => session.sign_out().unwrap(),
        SignOutThenValues => session.sign_out().and_then(|()| session.set("n", &1)).unwrap(),
    }
    world.store.calls();
    let line = world.sessions.save(&session, StatusCode::from_u16(status).unwrap()).await.unwrap();
    let mut after = browser.clone();
    after.receive(line.as_ref());
    let cookie = match line {
        None => Kept,
        Some(_) if after.cookie.is_none() => TakenBack,
        Some(_) => New,
    };
    (after.open().await, cookie)
}

#[tokio::test]
async fn without_a_live_session() {
    let never = format!("__Host-session={}", *crate::session::token::Token::generate().encode());
    let rows: &[(&str, Does, u16, &[&str], Cookie)] = &[
        ("", Nothing, 200, &[], Kept),
        ("", Nothing, 500, &[], Kept),
        ("__Host-session=x", Nothing, 200, &[], TakenBack),
        ("__Host-session=x", Nothing, 500, &[], TakenBack),
        (&never, Nothing, 200, &[], Kept),
        ("", Values, 200, &["insert"], New),
        ("", Values, 404, &["insert"], New),
        ("", Values, 500, &[], Kept),
        ("__Host-session=x", Values, 200, &["insert"], New),
        (&never, Values, 303, &["insert"], New),
        ("", SignIn, 200, &["insert", "end_beyond"], New),
        ("", SignIn, 503, &["insert", "end_beyond"], New),
        (&never, SignIn, 200, &["insert", "end_beyond"], New),
        ("", SignOut, 200, &[], TakenBack),
        (&never, SignOut, 500, &[], TakenBack),
        ("", SignOutThenValues, 200, &["insert"], New),
        ("", SignOutThenValues, 500, &[], TakenBack),
    ];
    for (cookie, does, status, calls, expected) in rows {
        let world = World::new();
        let browser = Browser { cookie: Some((*cookie).to_owned()), ..world.browser() };
        let (after, cookie) = run(&world, &browser, *does, *status).await;
        let row = format!("{does:?} {status} with {:?}", browser.cookie);
        assert_eq!(cookie, *expected, "{row}");
        assert_eq!(
            world.store.calls().iter().filter(|call| **call != "load").copied().collect::<Vec<_>>(),
            *calls,
            "{row}"
        );
        let has_value = cookie == New && *status < 500;
        assert_eq!(after.get::<u32>("n").unwrap().is_some(), has_value, "{row}");
        assert_eq!(matches!(after.standing(), Standing::SignedIn(_)), *does == SignIn, "{row}");
    }
}

#[tokio::test]
async fn with_a_live_session() {
    // The last two: whether the old token is good afterwards, and whether the value is there.
    type Row = (Does, u16, &'static [&'static str], Cookie, bool, bool);
    let rows: &[Row] = &[
        (Nothing, 200, &[], Kept, true, false),
        (Nothing, 500, &[], Kept, true, false),
        (Values, 200, &["patch"], Kept, true, true),
        (Values, 422, &["patch"], Kept, true, true),
        (Values, 500, &[], Kept, true, false),
        (SignIn, 200, &["rotate", "end_beyond"], New, false, true),
        (SignIn, 500, &["rotate", "end_beyond"], New, false, false),
        (Confirm, 200, &["rotate"], New, false, true),
        (Confirm, 504, &["rotate"], New, false, false),
        (SignOut, 200, &["revoke"], TakenBack, false, false),
        (SignOut, 500, &["revoke"], TakenBack, false, false),
        (SignOutThenValues, 200, &["revoke", "insert"], New, false, true),
        (SignOutThenValues, 500, &["revoke"], TakenBack, false, false),
    ];
    for (does, status, calls, expected, is_good, has_value) in rows {
        let world = World::new();
        let browser = world.signed_in(user()).await;
        let (after, cookie) = run(&world, &browser, *does, *status).await;
        let row = format!("{does:?} {status}");
        assert_eq!(cookie, *expected, "{row}");
        let changes: Vec<_> = world.store.calls().into_iter().filter(|call| *call != "load").collect();
        assert_eq!(changes, *calls, "{row}");
        assert_eq!(world.is_good(&browser.cookie()).await, *is_good, "{row}");
        assert_eq!(after.get::<u32>("n").unwrap().is_some(), *has_value, "{row}");
    }
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_takes_no_cookie_along() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    let slow = browser.open().await;
    slow.set("n", &1).unwrap();
    browser.clone().visit(|session| session.sign_out().unwrap()).await.unwrap();
    // Perhaps the browser has a newer cookie by now.
    assert_eq!(world.sessions.save(&slow, StatusCode::OK).await.unwrap(), None);
    let confirming = open(&world.sessions, &world.signed_in(user()).await.cookie()).await;
    confirming.confirm().unwrap();
    world.sessions.revoke(confirming.id().unwrap(), None).await.unwrap();
    assert_eq!(world.sessions.save(&confirming, StatusCode::OK).await.unwrap(), None);
}

#[tokio::test]
async fn good_credentials_are_good_also_when_the_session_before_has_ended() {
    let world = World::new();
    let mut browser = world.signed_in(user()).await;
    let session = browser.open().await;
    let ada = user();
    session.sign_in(ada, world.sessions.epoch(ada).await.unwrap()).unwrap();
    world.sessions.revoke(session.id().unwrap(), None).await.unwrap();
    let line = world.sessions.save(&session, StatusCode::OK).await.unwrap();
    browser.receive(line.as_ref());
    assert_eq!(browser.open().await.subject().unwrap().user, ada);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_a_save() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    let session = browser.open().await;
    session.sign_out().unwrap();
    {
        let save = world.sessions.save(&session, StatusCode::OK);
        futures_util::pin_mut!(save);
        assert!(futures_util::poll!(save.as_mut()).is_pending());
    }
    world.sessions.inner.tasks.finished().await;
    assert!(!world.is_good(&browser.cookie()).await);
}
