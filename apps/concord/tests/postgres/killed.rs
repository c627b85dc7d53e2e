//! The service, its server, and both at once are killed while clients insist on their changes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, header};
use mainstay_testkit::Client;
use mainstay_testkit::servers::Postgres;
use serde_json::Value;

use crate::program::{Place, catalog, schema};

const CALLERS: usize = 6;
const EACH: usize = 30;
const ITEMS: usize = 5;

/// Imports a catalogue under one key until that is answered; says in how many tries.
async fn insist(client: &Client, number: usize) -> usize {
    let body = Bytes::from(catalog(&format!("c{number}"), ITEMS).to_string());
    for tries in 1.. {
        let request = client
            .request(Method::POST, "/api/v1/import/catalogs")
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", format!("key-{number}"));
        match client.try_send(request.body(body.clone()).unwrap()).await {
            Ok(answer) if answer.status == 200 => {
                assert!(!answer.text().contains("Errors"), "c{number}: {}", answer.text());
                return tries;
            }
            // The database is out, or the service just stops: never anything else.
            Ok(answer) => assert_eq!(answer.status, 503, "c{number}: {}", answer.text()),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("it goes on until it is answered")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_nothing_is_doubled_and_positions_have_no_gap() {
    let postgres = Postgres::options().durable().start();
    let own = postgres.create_database();
    let place = Place::new(own.url());
    let service = place.serve();
    let client = service.client().with_token(place.token("editor"));
    assert_eq!(client.post("/api/v1/schemas", &schema()).await.status, 201);

    let acknowledged = AtomicUsize::new(0);
    let caller = async |caller: usize| {
        let mut most = 0;
        for turn in 0..EACH {
            most = most.max(insist(&client, caller * EACH + turn).await);
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        most
    };
    let all = CALLERS * EACH;
    let reach = async |count: usize| {
        while acknowledged.load(Ordering::Relaxed) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    // Blocking is meant: callers on the other thread go on meanwhile.
    let breaking = async {
        reach(all / 5).await;
        tokio::task::block_in_place(|| {
            service.process().kill();
            service.process().start_again();
        });
        reach(all * 2 / 5).await;
        tokio::task::block_in_place(|| {
            postgres.kill();
            postgres.start_again();
        });
        reach(all * 3 / 5).await;
        tokio::task::block_in_place(|| {
            postgres.kill();
            service.process().kill();
            postgres.start_again();
            service.process().start_again();
        });
    };
    let (tries, ()) = futures_util::join!(join_all((0..CALLERS).map(caller)), breaking);
    assert!(tries.iter().any(|most| *most > 1), "nobody noticed that anything was killed");

    let events = 1 + all * (1 + ITEMS);
    let whole = format!("the log is whole: {events} events in {events} streams\n");
    assert_eq!(place.succeed(&["event", "verify"]), whole);
    let count = |sql: &str| own.sql(sql).parse::<usize>().unwrap();
    assert_eq!(count("select count(*) from es_event where type = 'catalog_created'"), all);
    assert_eq!(count("select count(*) from catalog"), all);
    assert_eq!(count("select count(*) from item"), all * ITEMS);
    let page = client.get("/api/v1/catalogs?limit=1000").await.json();
    let is_whole = |catalog: &Value| catalog["item_count"] == ITEMS;
    assert!(page.as_array().unwrap().iter().all(is_whole) && page.as_array().unwrap().len() == all, "{page}");
}
