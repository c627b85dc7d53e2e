//! A server that is gone, or whose lines break.

use mainstay_db::{DbErrorKind, query};
use mainstay_servers::ChaosProxy;

use crate::site::{Site, is_outage};

#[tokio::test]
async fn broken_lines_open_the_circuit_and_whole_ones_close_it() {
    for break_off in [ChaosProxy::cut, ChaosProxy::reset] {
        let site = Site::new(|_| {}).await;
        break_off(&site.proxy);
        let mut told = Vec::new();
        while told.last() != Some(&DbErrorKind::CircuitOpen) {
            told.push(site.ask().await.unwrap_err().kind());
        }
        assert!(told.iter().all(|kind| is_outage(*kind)), "{told:?}");
        assert!(told.len() <= 21, "twenty uses are enough to judge by: {}", told.len());
        let connections = site.proxy.accepted();
        for _ in 0..100 {
            assert_eq!(site.ask().await.unwrap_err().kind(), DbErrorKind::CircuitOpen);
        }
        assert_eq!(site.proxy.accepted(), connections, "nobody asks any more");
        site.proxy.pass();
        site.until("it answers again", async || site.ask().await.is_ok()).await;
        site.nothing_is_lost().await;
    }
}

#[tokio::test]
async fn a_transaction_whose_line_breaks_has_changed_nothing_and_says_so() {
    let site = Site::new(|_| {}).await;
    let mut write = site.database.write().await.unwrap();
    query("create table t (a int)").execute(&mut write).await.unwrap();
    site.proxy.cut_once();
    let error = query("insert into t values (1)").execute(&mut write).await.unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Unreachable, "{error}");
    assert_eq!(write.commit().await.unwrap_err().kind(), DbErrorKind::Aborted);
    // The proxy cuts one line after the other: those that lay idle may be whole for a moment yet.
    site.until("a reader stands", async || site.ask().await.is_ok()).await;
    let mut read = site.database.read().await.unwrap();
    let row = query("select to_regclass('t') is null").fetch_one(&mut read).await.unwrap();
    assert!(row.get::<bool>(0).unwrap());
}

#[tokio::test]
async fn a_killed_server_is_used_again_as_soon_as_it_is_back() {
    let site = Site::new(|_| {}).await;
    site.ask().await.unwrap();
    site.postgres.kill();
    for _ in 0..30 {
        let kind = site.ask().await.unwrap_err().kind();
        assert!(is_outage(kind), "{kind:?}");
    }
    site.postgres.start_again();
    site.until("it answers again", async || site.ask().await.is_ok()).await;
    site.nothing_is_lost().await;
}

#[tokio::test]
async fn what_the_caller_did_wrong_opens_nothing() {
    let site = Site::new(|_| {}).await;
    for _ in 0..50 {
        let mut read = site.database.read().await.unwrap();
        let wrong = query("select * from nowhere").fetch_all(&mut read).await.unwrap_err();
        assert_eq!(wrong.kind(), DbErrorKind::Bug);
    }
    let circuit = site.database.circuit();
    assert_eq!((circuit.breaker.failures, circuit.refuses_for), (0, None));
}
