use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use http::StatusCode;
use mainstay_db::{ByDialect, Database, query};

use super::store::Probed;
use super::{World, database, user};
use crate::session::{RefusedToken, SessionError, SqlStore, Standing, UserId, Whose};

#[tokio::test]
async fn ending_one_session_reaches_the_cache() {
    let world = World::new();
    let (ada, eve) = (user(), user());
    let (one, other) = (world.signed_in(ada).await, world.signed_in(ada).await);
    let id = one.open().await.id().unwrap();
    assert!(!world.sessions.revoke(id, Some(eve)).await.unwrap(), "it is not hers");
    assert!(world.is_good(&one.cookie()).await);
    assert!(world.sessions.revoke(id, Some(ada)).await.unwrap());
    assert!(!world.is_good(&one.cookie()).await);
    assert!(world.is_good(&other.cookie()).await);
    assert!(!world.sessions.revoke(id, Some(ada)).await.unwrap(), "once");
}

#[tokio::test]
async fn ending_all_reaches_the_cache() {
    let world = World::new();
    let (ada, eve) = (user(), user());
    let adas = [world.signed_in(ada).await, world.signed_in(ada).await];
    let eves = world.signed_in(eve).await;
    for browser in adas.iter().chain([&eves]) {
        assert!(world.is_good(&browser.cookie()).await);
    }
    let kept = adas[0].open().await.id();
    world.sessions.revoke_all(Whose::User(ada), kept).await.unwrap();
    assert!(world.is_good(&adas[0].cookie()).await);
    assert!(!world.is_good(&adas[1].cookie()).await);
    world.sessions.revoke_all(Whose::User(ada), None).await.unwrap();
    assert!(!world.is_good(&adas[0].cookie()).await);
    assert!(world.is_good(&eves.cookie()).await);
    world.sessions.revoke_all(Whose::Everybody, None).await.unwrap();
    assert!(!world.is_good(&eves.cookie()).await);
    assert_eq!(eves.open().await.standing(), Standing::Refused(RefusedToken::Unknown));
    let text = world.metrics.render();
    assert!(text.contains("session_revocation_seconds_count 3"), "{text}");
}

#[tokio::test]
async fn signing_in_makes_the_cache_ask_again_for_the_users_other_sessions() {
    let world = World::new();
    let ada = user();
    let first = world.signed_in(ada).await;
    first.open().await;
    world.store.calls();
    first.open().await;
    assert!(world.store.calls().is_empty(), "it is in the cache");
    world.signed_in(ada).await;
    world.store.calls();
    assert!(matches!(first.open().await.standing(), Standing::SignedIn(_)));
    assert_eq!(world.store.calls(), ["load"]);
}

#[tokio::test]
async fn nobody_signs_in_on_credentials_of_before() {
    let world = World::new();
    let ada = user();
    for is_new in [true, false] {
        let mut browser = world.browser();
        if !is_new {
            browser.visit(|session| session.set("n", &1).unwrap()).await.unwrap();
        }
        let epoch = world.sessions.epoch(ada).await.unwrap();
        let session = browser.open().await;
        session.sign_in(ada, epoch).unwrap();
        // The password is changed while it is being looked at.
        world.sessions.revoke_all(Whose::User(ada), None).await.unwrap();
        let late = world.sessions.save(&session, StatusCode::OK).await.unwrap_err();
        assert!(matches!(late, SessionError::Superseded));
        assert_eq!(crate::Refusal::from(late).code(), crate::ErrorCode::Unauthenticated);
    }
    assert!(world.sessions.list(ada).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_cache_is_counted() {
    let world = World::new();
    let browser = world.signed_in(user()).await;
    for _ in 0..3 {
        browser.open().await;
    }
    let text = world.metrics.render();
    for line in ["session_cache_misses_total 1", "session_cache_hits_total 2"] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

/// From here on rows are counted that are changed.
async fn mark(database: &Database) -> i64 {
    let mut write = database.write().await.unwrap();
    let mark = query(ByDialect {
        sqlite: "select total_changes()",
        postgres: "select cast(cast(pg_current_xact_id() as text) as bigint)",
    });
    mark.fetch_one(&mut write).await.unwrap().get(0).unwrap()
}

/// Rows that were changed since then: as SQLite's writer counts them, and as PostgreSQL marks rows with transactions.
async fn rows_changed_since(database: &Database, mark: i64) -> i64 {
    let mut write = database.write().await.unwrap();
    let changed = query(ByDialect {
        sqlite: "select total_changes() - $1",
        postgres: "select count(*) from (
             select xmin from session union all select xmin from session_subject
             union all select xmin from session_change
         ) all_rows where cast(cast(xmin as text) as bigint) > $1",
    });
    changed.bind(mark).fetch_one(&mut write).await.unwrap().get(0).unwrap()
}

async fn sign_in_many(world: &World, ada: UserId, count: usize) -> Vec<String> {
    let mut cookies = Vec::with_capacity(count);
    // Not all at once: each waits for the ones before it, and not for ever.
    while cookies.len() < count {
        let some = (count - cookies.len()).min(50);
        let browsers = join_all((0..some).map(|_| world.signed_in(ada))).await;
        cookies.extend(browsers.into_iter().map(|browser| browser.cookie()));
    }
    cookies
}

#[tokio::test]
async fn ending_ten_thousand_sessions_costs_what_ending_one_costs() {
    let database = database().await;
    let world = World::with(Probed::new(Arc::new(SqlStore::new(database.clone()))));
    // Nobody has that many: looking for the surplus of each sign-in would take most of the time.
    world.store.cannot_end_beyond.store(true, Ordering::Relaxed);
    for count in [1, 10_000] {
        let ada = user();
        let cookies = sign_in_many(&world, ada, count).await;
        assert!(world.is_good(&cookies[count - 1]).await);
        world.store.calls();
        let before = mark(&database).await;
        world.sessions.revoke_all(Whose::User(ada), None).await.unwrap();
        // The epoch of the user, and the change in the journal with its counter.
        assert_eq!(rows_changed_since(&database, before).await, 3, "for {count} sessions");
        assert_eq!(world.store.calls(), ["revoke_all"]);
        for cookie in [&cookies[0], &cookies[count / 2], &cookies[count - 1]] {
            assert!(!world.is_good(cookie).await);
        }
        assert!(world.sessions.list(ada).await.unwrap().is_empty());
    }
}
