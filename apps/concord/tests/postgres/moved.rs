//! `migrate copy`: an installation moves from SQLite to PostgreSQL.

use std::time::Duration;

use http::{Method, header};
use mainstay_testkit::servers::{ChaosProxy, Launch, Postgres};
use mainstay_testkit::{Answer, Client};
use serde_json::{Value, json};

use crate::program::{Place, catalog, schema};

/// What both installations must say.
const PATHS: [&str; 5] = [
    "/api/v1/schemas",
    "/api/v1/catalogs?limit=100",
    "/api/v1/catalogs/first/items?limit=1000",
    "/api/v1/export/all",
    "/api/v1/catalogs/second",
];

const VERIFY: [&str; 2] = ["event", "verify"];
const EVENTS: [&str; 6] = ["event", "tail", "-n", "1000", "--format", "json"];

/// Creates a catalogue by a request with a key.
async fn create(client: &Client, name: &str) -> Answer {
    let request = client
        .request(Method::POST, "/api/v1/catalogs")
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", name);
    let body = json!({"name": name, "schema_name": "cars"}).to_string();
    client.send(request.body(body.into()).unwrap()).await
}

/// An installation with a past: a thing that was deleted has left its number and its events.
async fn fill(client: &Client) {
    assert_eq!(client.post("/api/v1/schemas", &schema()).await.status, 201);
    let imported = client.post("/api/v1/import/catalogs", &catalog("first", 700)).await;
    assert!(!imported.text().contains("Errors"), "{}", imported.text());
    for name in ["second", "third"] {
        assert_eq!(create(client, name).await.status, 201);
    }
    assert_eq!(client.delete("/api/v1/catalogs/third").await.status, 200);
}

async fn answers(client: &Client) -> Vec<(u16, Value)> {
    let mut answers = Vec::new();
    for path in PATHS {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answers.push((answer.status.as_u16(), answer.json()));
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_moves_whole() {
    let old = Place::with_file();
    let service = old.serve();
    let editor = old.token("editor");
    let client = service.client().with_token(&editor);
    fill(&client).await;
    let before = answers(&client).await;
    service.process().stop();
    let log = [old.succeed(&VERIFY), old.succeed(&EVENTS)];

    let database = Postgres::shared();
    let new = Place::new(database.url());
    let file = old.file();
    // Not before there are tables.
    let early = new.run(&["migrate", "copy", "--from", &file]);
    let talk = String::from_utf8(early.stderr).unwrap();
    assert!(
        early.status.code() == Some(2) && talk.contains("MS0014") && talk.contains("migrate up"),
        "{talk}"
    );
    new.succeed(&["migrate", "up"]);
    let copied = new.run(&["migrate", "copy", "--from", &file, "--format", "json"]);
    let talk = String::from_utf8(copied.stderr).unwrap();
    assert!(copied.status.success(), "{talk}");
    assert!(talk.contains("copied 700 of 700 rows of item\n"), "{talk}");
    let report: Value = serde_json::from_slice(&copied.stdout).unwrap();
    let rows = |table: &str| {
        let tables = report["tables"].as_array().unwrap();
        tables.iter().find(|one| one["table"] == table).map(|one| one["rows"].clone())
    };
    assert_eq!(
        (rows("es_event"), rows("item"), rows("api_token")),
        (Some(705.into()), Some(700.into()), Some(1.into()))
    );
    assert_eq!((rows("session"), rows("es_projection")), (None, None));
    assert!(report["left_behind"].as_array().unwrap().contains(&"session".into()), "{report}");

    // The log is the same, and whole.
    assert_eq!([new.succeed(&VERIFY), new.succeed(&EVENTS)], log);
    let service = new.serve();
    let client = service.client().with_token(&editor);
    assert_eq!(answers(&client).await, before);
    // What follows the log has caught up.
    let caught_up = async {
        loop {
            let status = new.succeed(&["projection", "status", "--format", "json"]);
            let status: Value = serde_json::from_str(&status).unwrap();
            assert_eq!(status[0]["status"], "running", "{status}");
            if status[0]["position"] == status[0]["head"] && status[0]["role"] == "serving" {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), caught_up).await.unwrap();
    let health = service.client().get("/health").await.json();
    assert_eq!(
        (&health["status"], &health["dependencies"]["projections"]["status"]),
        (&"healthy".into(), &"healthy".into())
    );
    // A request from before the move is known again, and no number is used twice.
    assert_eq!(create(&client, "second").await.status, 201);
    let without_key =
        client.post("/api/v1/catalogs", &json!({"name": "second", "schema_name": "cars"})).await;
    assert_eq!(without_key.status, 409);
    let next = create(&client, "fourth").await;
    assert_eq!((next.status.as_u16(), &next.json()["id"]), (201, &4.into()), "{}", next.text());
    service.process().stop();

    // A second copy would overwrite what was done since.
    let again = new.run(&["migrate", "copy", "--from", &file]);
    let talk = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.code() == Some(2) && talk.contains("the target is not empty"), "{talk}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_killed_leaves_nothing_and_can_be_made_again() {
    let old = Place::with_file();
    let service = old.serve();
    let client = service.client().with_token(old.token("editor"));
    fill(&client).await;
    service.process().stop();

    let postgres = Postgres::start();
    let database = postgres.create_database();
    let proxy = ChaosProxy::start(postgres.address());
    let new = Place::new(database.url());
    new.succeed(&["migrate", "up"]);
    // Slow enough to be in its middle for a while.
    proxy.delay(Duration::from_millis(20));
    let copying = Launch::new(env!("CARGO_BIN_EXE_concord"))
        .arguments(["migrate", "copy", "--from", &old.file()])
        .variable("DATABASE_URL", database.url_by(proxy.address()))
        .temporary_folder(new.folder())
        .start()
        .unwrap();
    let mut cursor = 0;
    loop {
        let line = copying.next_line(&mut cursor, Duration::from_mins(1)).unwrap();
        if line.ends_with(" rows of es_event") {
            break;
        }
    }
    copying.kill();
    for table in ["es_event", "catalog", "item", "api_token"] {
        assert_eq!(database.sql(&format!("select count(*) from {table}")), "0", "{table}");
    }
    new.succeed(&["migrate", "copy", "--from", &old.file()]);
    assert_eq!(new.succeed(&VERIFY), old.succeed(&VERIFY));
}
