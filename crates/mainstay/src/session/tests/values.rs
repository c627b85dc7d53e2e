use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{World, user};
use crate::session::{MAX_DATA_BYTES, MAX_NAME_BYTES, MAX_VALUES, SessionError};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cart {
    parts: Vec<u32>,
}

#[tokio::test]
async fn values_are_typed_and_last() {
    let world = World::new();
    let mut browser = world.browser();
    let cart = Cart { parts: vec![1, 2] };
    browser.visit(|session| session.set("cart", &cart).unwrap()).await.unwrap();
    let session = browser.open().await;
    assert_eq!(session.get::<Cart>("cart").unwrap(), Some(cart));
    assert_eq!(session.get::<Cart>("other").unwrap(), None);
    assert!(matches!(session.get::<u32>("cart"), Err(SessionError::Value { name, .. }) if name == "cart"));
}

#[tokio::test]
async fn a_handler_sees_what_it_has_staged() {
    let world = World::new();
    let mut browser = world.browser();
    browser
        .visit(|session| {
            session.set("n", &1).unwrap();
            assert_eq!(session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).unwrap(), 2);
            assert_eq!(session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).unwrap(), 3);
            assert_eq!(session.get::<u32>("n").unwrap(), Some(3));
            session.remove("n").unwrap();
            assert_eq!(session.get::<u32>("n").unwrap(), None);
            assert_eq!(session.update("n", |n: Option<u32>| n.unwrap_or(10)).unwrap(), 10);
        })
        .await
        .unwrap();
    assert_eq!(browser.open().await.get::<u32>("n").unwrap(), Some(10));
}

#[tokio::test]
async fn what_has_no_room_is_refused_at_once_and_changes_nothing() {
    let world = World::new();
    let mut browser = world.browser();
    browser
        .visit(|session| {
            session.set("kept", &1).unwrap();
            let long = "x".repeat(MAX_DATA_BYTES);
            assert!(matches!(session.set("long", &long), Err(SessionError::TooLarge(_))));
            for name in [String::new(), "x".repeat(MAX_NAME_BYTES + 1)] {
                assert!(matches!(session.set(&name, &1), Err(SessionError::Name)));
            }
            for number in 1..MAX_VALUES {
                session.set(&format!("value {number}"), &number).unwrap();
            }
            assert!(matches!(session.set("one more", &1), Err(SessionError::TooLarge(_))));
            let wrong = session.update("kept", |text: Option<String>| text.unwrap_or_default());
            assert!(matches!(wrong, Err(SessionError::Value { .. })));
        })
        .await
        .unwrap();
    let session = browser.open().await;
    assert_eq!(session.get::<u32>("kept").unwrap(), Some(1));
    assert_eq!(session.get::<u32>("one more").unwrap(), None);
}

#[tokio::test]
async fn a_function_of_update_may_look_at_the_session() {
    let world = World::new();
    let mut browser = world.signed_in(user()).await;
    browser
        .visit(|session| {
            let inner = session.clone();
            session.set("other", &41).unwrap();
            let made =
                session.update("n", move |_: Option<u32>| inner.get::<u32>("other").unwrap().unwrap() + 1);
            assert_eq!(made.unwrap(), 42);
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn after_the_answer_it_is_too_late() {
    let world = World::new();
    let mut browser = world.signed_in(user()).await;
    let session = browser.open().await;
    session.set("n", &1).unwrap();
    let line = world.sessions.save(&session, StatusCode::OK).await.unwrap();
    browser.receive(line.as_ref());
    assert!(matches!(session.set("n", &2), Err(SessionError::TooLate)));
    assert!(matches!(session.remove("n"), Err(SessionError::TooLate)));
    assert!(matches!(session.sign_out(), Err(SessionError::TooLate)));
    assert!(matches!(session.confirm(), Err(SessionError::TooLate)));
    // And a second save finds nothing.
    world.store.calls();
    assert_eq!(world.sessions.save(&session, StatusCode::OK).await.unwrap(), None);
    assert!(world.store.calls().is_empty());
    assert_eq!(browser.open().await.get::<u32>("n").unwrap(), Some(1));
}

#[tokio::test]
async fn only_what_was_looked_at_is_personal() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    let session = browser.open().await;
    let _ = (session.standing(), session.id(), session.csrf_secrets());
    assert!(!session.is_personal(), "the controls look at these");
    session.get::<u32>("n").unwrap();
    assert!(session.is_personal());
    let session = browser.open().await;
    session.subject();
    assert!(session.is_personal());
}
