//! Methods that are safe change nothing, whoever uses them.

use bytes::Bytes;
use concord::service::Concord;
use http::Method;
use mainstay::Role;
use mainstay_db::query_assembled;
use mainstay_testkit::TestService;

use crate::support::{Api, item};

/// What holds the state of the service. Left out is what notes the requests themselves (when a session or a token was
/// last used) and what the workers note of their own progress.
const TABLES: [&str; 12] = [
    "es_event",
    "es_append",
    "es_seq",
    "es_quarantine",
    "es_quarantine_item",
    "catalog",
    "item",
    "schema",
    "ruleset",
    "cluster_ruleset",
    "retired_stream",
    "user_account",
];

/// How much of it there is, and where the log ends.
async fn state(service: &TestService<Concord>) -> Vec<(String, i64)> {
    let mut read = service.started().database.read().await.unwrap();
    let mut state = Vec::new();
    let counts = TABLES.map(|table| format!("select count(*) from {table}"));
    let sessions = "select count(*) from session where user_id is not null".to_owned();
    let tokens = "select count(*) from api_token where revoked_at is null".to_owned();
    let head = "select coalesce(max(position), 0) from es_event".to_owned();
    for statement in counts.into_iter().chain([sessions, tokens, head]) {
        let row = query_assembled(statement.clone()).fetch_one(&mut read).await.unwrap();
        state.push((statement, row.get::<i64>(0).unwrap()));
    }
    state
}

#[tokio::test]
async fn no_get_writes_anything() {
    let service = TestService::start(Concord, &[]).await;
    let api = Api { client: service.client_as(Role::Operator).await };
    api.fill().await;
    api.create("/catalogs/garage/items", &item("mini")).await;
    let mut operator = service.browser_as(Role::Operator).await;
    let before = state(&service).await;

    let rows = service.started().routes.rows();
    let paths: Vec<_> = rows.filter(|row| row.method == Method::GET).map(|row| row.path.clone()).collect();
    assert!(paths.len() > 20);
    for path in &paths {
        // Once to what is there, and once to what is not; queries that might be taken for wishes change nothing.
        let there = path
            .replace("/schemas/{name}", "/schemas/cars")
            .replace("/catalogs/{name}", "/catalogs/garage")
            .replace("/cluster-rulesets/{name}", "/cluster-rulesets/sets")
            .replace("/rulesets/{name}", "/rulesets/pairs")
            .replace("{item_id}", "mini");
        let nowhere = path.replace(['{', '}'], "");
        for path in [format!("{there}?delete=true&_method=DELETE"), nowhere] {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                // What would answer for as long as the client stays, refuses to go on behind an event that is none.
                let wish = |request: http::request::Builder| {
                    let request =
                        request.header("last-event-id", "none").header("x-http-method-override", "DELETE");
                    request.body(Bytes::new()).unwrap()
                };
                api.client.send(wish(api.client.request(method.clone(), &path))).await;
                let request = wish(operator.request(method, &path));
                operator.send(request).await;
            }
        }
    }

    assert_eq!(state(&service).await, before);
    service.stop().await;
}
