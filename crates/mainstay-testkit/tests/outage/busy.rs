//! The pool is used up, and health is not.

use std::time::Duration;

use futures_util::future::join_all;
use mainstay_db::Work;
use mainstay_testkit::servers::Postgres;

use crate::site::Site;

const WAITING: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_answers_while_200_wait_and_asks_once_an_interval() {
    let postgres = Postgres::options().setting("log_statement", "all").start();
    let settings = [
        ("DB_POOL_MIN_SIZE", "1"),
        ("DB_POOL_MAX_SIZE", "2"),
        ("DB_POOL_TIMEOUT", "20s"),
        // All of them are to reach the pool, and to wait there.
        ("ADMISSION_ENABLED", "no"),
        ("MAX_CONNECTIONS_PER_ADDRESS", "1000"),
    ];
    let site = Site::new(postgres, &settings).await;
    let client = site.client();
    let holders = join_all((0..2).map(|_| client.get("/hold")));
    let waiters = join_all((0..WAITING).map(|_| client.get("/read")));
    let watch = async {
        site.until("all wait", async || site.database().pool(Work::Web).waiting >= WAITING).await;
        let (begun, mut cursor) = (site.clock.now(), site.postgres.process().printed_lines());
        let mut asked = 0_u32;
        let mut longest = Duration::ZERO;
        while site.clock.now() - begun < Duration::from_secs(4) {
            let before = site.clock.now();
            for path in ["/health", "/health/ready", "/health/live"] {
                assert_eq!(client.get(path).await.status, 200, "{path}");
                asked += 1;
            }
            longest = longest.max((site.clock.now() - before) / 3);
        }
        let elapsed = site.clock.now() - begun;
        let mut probes = 0_u64;
        while let Some(line) = site.postgres.process().next_line(&mut cursor, Duration::ZERO) {
            // The question of the probe, and nobody else's.
            probes += u64::from(line.ends_with("select 1"));
        }
        println!("{asked} questions, {probes} probes in {elapsed:?}; an answer took {longest:?} at most");
        assert!(asked > 50, "{asked}");
        // One when it begins, and one in each second.
        assert!((1..=elapsed.as_secs() + 2).contains(&probes), "{probes} in {elapsed:?}");
        assert!(longest < Duration::from_secs(1), "{longest:?}");
        assert!(site.database().pool(Work::Web).waiting >= WAITING, "and nobody was let in for it");
        site.small.let_go.notify_waiters();
    };
    let rest = async {
        site.until("both are held", async || site.database().pool(Work::Web).in_use == 2).await;
        futures_util::join!(waiters, watch).0
    };
    let (held, read) = futures_util::join!(holders, rest);
    assert!(held.iter().chain(&read).all(|answer| answer.status == 200));
    site.proves_whole().await;
}

#[tokio::test]
async fn who_waits_in_vain_is_told_so() {
    let settings = [("DB_POOL_MIN_SIZE", "1"), ("DB_POOL_MAX_SIZE", "1"), ("DB_POOL_TIMEOUT", "300ms")];
    let site = Site::new(Postgres::start(), &settings).await;
    let client = site.client();
    let kept = client.get("/list").await;
    let holder = client.get("/hold");
    let watch = async {
        site.until("it is held", async || site.database().pool(Work::Web).in_use == 1).await;
        let answer = client.get("/read").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "pool_exhausted"));
        crate::site::assert_honest(&answer);
        let stale = client.get("/list").await;
        assert_eq!((stale.status, stale.text()), (kept.status, kept.text()));
        assert!(stale.headers.contains_key("warning"));
        assert_eq!(
            site.database().circuit().breaker.failures,
            0,
            "our own load is no failure of the database"
        );
        site.small.let_go.notify_waiters();
    };
    let (held, ()) = futures_util::join!(holder, watch);
    assert_eq!(held.status, 200);
    site.proves_whole().await;
}
