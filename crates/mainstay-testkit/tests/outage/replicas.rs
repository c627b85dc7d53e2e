//! Several instances on one database.

use std::time::Duration;

use mainstay_testkit::TestService;
use mainstay_testkit::servers::Postgres;

use crate::site::Small;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_start_at_once_on_an_empty_database_migrate_once() {
    let database = Postgres::shared();
    let url = database.url();
    let settings = [("DATABASE_URL", url.as_str())];
    let (one, other) = futures_util::join!(
        TestService::start(Small::default(), &settings),
        TestService::start(Small::default(), &settings),
    );
    for service in [&one, &other] {
        assert_eq!(service.client().get("/health/ready").await.status, 200);
        assert_eq!(service.client().get("/read").await.status, 200);
    }
    let applied: u32 = database.sql("select count(*) from schema_migrations").parse().unwrap();
    let history = database.sql("select count(*), count(distinct (source, number)) from schema_history");
    assert!(applied > 0);
    assert_eq!(history, format!("{applied}|{applied}"), "each once, by one of the two");
    one.stop().await;
    other.stop().await;
}

/// How much an instance says is left for whoever asks it next.
async fn left(service: &TestService<Small>) -> u32 {
    let answer = service.client().get("/nowhere").await;
    answer.headers["x-ratelimit-remaining"].to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_count_each_for_itself_take_their_part_of_every_rate() {
    let database = Postgres::shared();
    let url = database.url();
    let settings = [("DATABASE_URL", url.as_str()), ("RATE_LIMIT_DEFAULT", "100000/h")];
    let one = TestService::start(Small::default(), &settings).await;
    assert_eq!(left(&one).await, 99_999, "alone, it has the whole rate");
    let other = TestService::start(Small::default(), &settings).await;
    // Each of them learns of the other within seconds; asking costs one of the rate each time.
    for service in [&one, &other] {
        while left(service).await > 60_000 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    other.stop().await;
    while left(&one).await <= 60_000 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    one.stop().await;
}
