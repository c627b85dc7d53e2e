use std::time::Duration;

use futures_util::FutureExt;

use super::{World, user};
use crate::session::{SessionSettings, Whose};

#[tokio::test]
async fn a_stream_without_a_session_ends_at_once() {
    let world = World::new();
    world.sessions.over(&world.browser().open().await).await;
}

#[tokio::test]
async fn a_stream_ends_when_its_session_is_ended() {
    let world = World::new();
    for how in 0..4 {
        let ada = user();
        let browser = world.signed_in(ada).await;
        let session = browser.open().await;
        let over = world.sessions.over(&session);
        futures_util::pin_mut!(over);
        assert!(over.as_mut().now_or_never().is_none());
        // Somebody else's end is none of its.
        world.sessions.revoke_all(Whose::User(user()), None).await.unwrap();
        assert!(over.as_mut().now_or_never().is_none());
        match how {
            0 => world.sessions.revoke_all(Whose::User(ada), None).await.unwrap(),
            1 => assert!(world.sessions.revoke(session.id().unwrap(), None).await.unwrap()),
            2 => browser.clone().visit(|session| session.sign_out().unwrap()).await.unwrap(),
            _ => browser.clone().visit(|session| session.confirm().unwrap()).await.unwrap(),
        }
        over.await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_time_or_another_instance_ends_its_session() {
    let world = World::new();
    let (idle, ended) = (world.signed_in(user()).await, world.signed_in(user()).await);
    let session = idle.open().await;
    let wait = async {
        world.sessions.over(&session).await;
    };
    let time = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        world.hands.advance(SessionSettings::default().idle_timeout);
    };
    tokio::join!(wait, time);

    let session = super::browser::open(&world.uncached, &ended.cookie()).await;
    assert!(session.live().is_none(), "it was idle as well");
    let fresh = world.signed_in(user()).await;
    let session = super::browser::open(&world.uncached, &fresh.cookie()).await;
    let elsewhere = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        world.sessions.revoke(session.id().unwrap(), None).await.unwrap();
    };
    tokio::join!(world.uncached.over(&session), elsewhere);
}
