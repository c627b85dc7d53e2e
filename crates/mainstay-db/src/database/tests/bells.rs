//! Bells between instances.

use futures_util::FutureExt as _;
use mainstay_core::Clock;
use mainstay_servers::{Postgres, TestDatabase};

use super::{open, settings};
use crate::{Database, DatabaseSettings, DatabaseUrl, DbErrorKind, Work};

#[tokio::test]
async fn what_one_instance_rings_all_instances_hear() {
    let store = TestDatabase::postgres();
    let (one, other) = (open(&settings(&store)).await, open(&settings(&store)).await);
    let mut listeners =
        [one.listen("news").await.expect("heard"), other.listen("news").await.expect("heard")];
    let mut elsewhere = other.listen("other_news").await.expect("heard");
    one.ring("news", "7").await.expect("rung");
    for listener in &mut listeners {
        assert_eq!(listener.heard().await.expect("rung"), "7");
    }
    // A listener has a connection of its own: the pools are as they were.
    assert_eq!(other.pool(Work::Control).in_use, 0);
    other.ring("other_news", "it''s \"quoted\"").await.expect("rung");
    assert_eq!(elsewhere.heard().await.expect("rung"), "it''s \"quoted\"");
    assert!(listeners[0].heard().now_or_never().is_none(), "that was another bell");
}

#[tokio::test]
async fn of_several_rings_the_last_word_counts() {
    let store = TestDatabase::postgres();
    let database = open(&settings(&store)).await;
    let mut listener = database.listen("news").await.expect("heard");
    for word in ["1", "2", "3"] {
        database.ring("news", word).await.expect("rung");
    }
    // They came one by one or together.
    while listener.heard().await.expect("rung") != "3" {}
}

#[tokio::test]
async fn a_listener_learns_that_its_line_is_broken() {
    let postgres = Postgres::start();
    let own = postgres.create_database();
    let url = DatabaseUrl::parse(&own.url()).expect("a URL");
    let database = Database::open(&DatabaseSettings::new(url), &Clock::system()).await.expect("opened");
    let mut listener = database.listen("news").await.expect("heard");
    postgres.kill();
    assert_eq!(listener.heard().await.expect_err("broken").kind(), DbErrorKind::Unreachable);
    assert_eq!(listener.heard().await.expect_err("and stays so").kind(), DbErrorKind::Unreachable);
    database.listen("news").await.expect_err("there is no server");
    postgres.start_again();
    let mut listener = database.listen("news").await.expect("heard again");
    own.sql("notify news, 'back'");
    assert_eq!(listener.heard().await.expect("rung"), "back");
}

#[tokio::test]
async fn a_file_rings_nobody() {
    let database = open(&settings(&TestDatabase::sqlite())).await;
    let mut listener = database.listen("news").await.expect("heard");
    database.ring("news", "7").await.expect("nothing to do");
    assert!(listener.heard().now_or_never().is_none());
}
