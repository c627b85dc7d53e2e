//! The server's disk is full.

use mainstay_testkit::servers::Postgres;

use crate::program::{Place, catalog, schema};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_with_a_code_and_passes() {
    let postgres = Postgres::options().durable().small_disk(64).start();
    let own = postgres.create_database();
    let place = Place::new(own.url());
    let service = place.serve();
    let client = service.client().with_token(place.token("editor"));
    assert_eq!(client.post("/api/v1/schemas", &schema()).await.status, 201);
    let import = async |number: usize| {
        client.post("/api/v1/import/catalogs", &catalog(&format!("c{number}"), 20)).await
    };

    postgres.fill_disk();
    let mut made = 0;
    let refused = loop {
        let answer = import(made).await;
        if answer.status != 200 {
            break answer;
        }
        // Pages that were there already take some more.
        made += 1;
        assert!(made < 500, "it never gets full");
    };
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "database_unavailable".to_owned()));
    // Reading goes on, and shows what was acknowledged and nothing else.
    let there = client.get("/api/v1/catalogs?limit=1000").await;
    assert_eq!((there.status.as_u16(), there.json().as_array().map(Vec::len)), (200, Some(made)));

    postgres.free_disk();
    let answer = import(made).await;
    assert!(answer.status == 200 && !answer.text().contains("Errors"), "{}", answer.text());
    let events = 1 + (made + 1) * 21;
    assert_eq!(
        place.succeed(&["event", "verify"]),
        format!("the log is whole: {events} events in {events} streams\n")
    );
}
