//! Several instances on one database.

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
