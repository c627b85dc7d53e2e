//! Ten thousand races of a sign-out against a save that is slow.

use std::sync::Arc;

use futures_util::future::join_all;
use http::StatusCode;
use mainstay_db::Dialect;

use super::browser::Browser;
use super::store::Probed;
use super::{World, database, user};
use crate::session::{MemoryStore, SessionStore, SqlStore};

const RACES: usize = 10_000;

/// On a server each question is a round trip; it is the same code that decides.
const RACES_ON_A_SERVER: usize = 1_000;

/// One session, two requests with it. Returns whether the save came first.
async fn race(world: &World, number: usize) -> bool {
    let ada = user();
    let browser = world.signed_in(ada).await;
    world.store.linger_by(number as u64);
    world.store.calls();
    let slow = browser.open().await;
    slow.set("late", &true).unwrap();
    let sign_out = async {
        let mut browser: Browser = browser.clone();
        browser.visit(|session| session.sign_out().unwrap()).await.unwrap();
        // From here on it is over, whatever the slow one does.
        assert!(browser.cookie.is_none());
    };
    let save = async { world.sessions.save(&slow, StatusCode::OK).await.unwrap() };
    let cookie = if number.is_multiple_of(2) {
        tokio::join!(sign_out, save).1
    } else {
        tokio::join!(save, sign_out).0
    };
    assert_eq!(cookie, None, "no answer brings the cookie back");
    // The order in which the store was asked.
    let calls = world.store.calls();
    assert!(!world.is_good(&browser.cookie()).await, "race {number}: it has come back");
    assert!(world.sessions.list(ada).await.unwrap().is_empty());
    let place = |wanted| calls.iter().position(|call| *call == wanted);
    place("patch") < place("revoke")
}

async fn run(store: Arc<dyn SessionStore>, races: usize) {
    let world = World::with(Probed::new(store));
    let mut saved_first = 0;
    for number in 0..races {
        saved_first += usize::from(race(&world, number).await);
    }
    assert!(
        (races / 20..races * 19 / 20).contains(&saved_first),
        "both come first now and then: {saved_first}"
    );
}

#[tokio::test]
async fn no_session_comes_back_in_memory() {
    run(Arc::new(MemoryStore::new(10)), RACES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_comes_back_in_the_database() {
    let database = database().await;
    let races = if database.dialect() == Dialect::Postgres { RACES_ON_A_SERVER } else { RACES };
    run(Arc::new(SqlStore::new(database)), races).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saves_at_once_lose_nothing_in_the_database() {
    let world = World::with(Probed::new(Arc::new(SqlStore::new(database().await))));
    let browser = world.signed_in(user()).await;
    let save = async |number: usize| {
        let session = browser.open().await;
        session.set(&format!("value {number}"), &number).unwrap();
        world.sessions.save(&session, StatusCode::OK).await.unwrap();
    };
    join_all((0..50).map(save)).await;
    let session = browser.open().await;
    for number in 0..50 {
        assert_eq!(session.get::<usize>(&format!("value {number}")).unwrap(), Some(number));
    }
}
