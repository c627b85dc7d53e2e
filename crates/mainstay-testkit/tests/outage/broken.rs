//! The server is gone, or its lines break.

use std::time::Duration;

use mainstay_testkit::servers::{ChaosProxy, Postgres};

use crate::site::{Site, assert_honest};

/// Asks until the circuit opens; every answer must be honest.
async fn until_refused_at_once(site: &Site) {
    let mut code = String::new();
    while code != "circuit_open" {
        let answer = site.client().get("/read").await;
        assert_honest(&answer);
        code = if answer.status == 200 { String::new() } else { answer.code() };
    }
    assert_honest(&site.client().post("/write", &().into()).await);
}

#[tokio::test]
async fn a_killed_server_is_served_from_as_soon_as_it_is_back() {
    let site = Site::new(Postgres::options().durable().start(), &[]).await;
    assert_eq!(site.client().post("/write", &().into()).await.status, 200);
    site.postgres.kill();
    until_refused_at_once(&site).await;
    site.until("not ready", async || site.client().get("/health/ready").await.status == 503).await;
    site.postgres.start_again();
    let took = site.until_ready().await;
    println!("ready again {took:?} after the server was back");
    site.proves_whole().await;
}

#[tokio::test]
async fn broken_lines_are_honest_and_heal() {
    for break_off in [ChaosProxy::cut, ChaosProxy::reset] {
        let site = Site::new(Postgres::start(), &[]).await;
        break_off(&site.proxy);
        until_refused_at_once(&site).await;
        site.proxy.pass();
        site.until_ready().await;
        site.proves_whole().await;
    }
}

#[tokio::test]
async fn a_line_that_goes_silent_is_given_up() {
    let site = Site::new(Postgres::start(), &[]).await;
    site.proxy.silence();
    until_refused_at_once(&site).await;
    site.proxy.pass();
    site.until_ready().await;
    site.proves_whole().await;
}

#[tokio::test]
async fn a_slow_line_is_only_slow() {
    let site = Site::new(Postgres::start(), &[]).await;
    site.proxy.delay(Duration::from_millis(100));
    for _ in 0..5 {
        assert_eq!(site.client().get("/read").await.status, 200);
    }
    assert_eq!(site.client().get("/health/ready").await.status, 200);
    site.proxy.pass();
    site.proves_whole().await;
}
