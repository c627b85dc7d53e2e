//! Many at once.

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::json;

use crate::support::{item, on_service, ruleset, schema};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_creates_and_the_others_are_told() {
    on_service(async |api| {
        for round in 0..5 {
            let body = schema(&format!("cars-{round}"));
            let answers = join_all((0..8).map(|_| api.post("/schemas", &body))).await;
            let created = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
            let refused = answers.iter().filter(|answer| answer.code() == "conflict").count();
            assert_eq!((created, refused), (1, 7));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn items_of_one_catalogue_do_not_hinder_each_other() {
    on_service(async |api| {
        api.fill().await;
        let items: Vec<_> = (0..24).map(|index| item(&format!("i{index}"))).collect();
        let answers = join_all(items.iter().map(|item| api.post("/catalogs/garage/items", item))).await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::CREATED));
        assert_eq!(api.read("/catalogs/garage").await["item_count"], 24);
        let body = item("same");
        let answers = join_all((0..8).map(|_| api.post("/catalogs/garage/items", &body))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_dangles_when_a_schema_goes_while_others_build_on_it() {
    on_service(async |api| {
        for round in 0..6 {
            let name = format!("cars-{round}");
            api.create("/schemas", &schema(&name)).await;
            let rulesets: Vec<_> = (0..6).map(|index| ruleset(&format!("{name}-{index}"), &name)).collect();
            let path = format!("/schemas/{name}");
            let building = join_all(rulesets.iter().map(|ruleset| api.post("/rulesets", ruleset)));
            let deleting = async {
                // Whoever loses too many races is told so, and tries again.
                loop {
                    let answer = api.delete(&path).await;
                    if answer.code() != "conflict" {
                        break answer;
                    }
                }
            };
            let (built, deleted) = tokio::join!(building, deleting);
            assert_eq!(deleted.status, StatusCode::OK, "{}", deleted.text());
            for answer in built {
                let outcome = answer.status.as_u16();
                assert!(matches!(outcome, 201 | 404), "{}", answer.text());
            }
        }
        assert_eq!(api.read("/rulesets").await, json!([]));
        assert_eq!(api.read("/schemas").await, json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_saw_the_same_state_one_changes_it() {
    on_service(async |api| {
        api.fill().await;
        let tag = api.get("/schemas/cars").await.header("etag").to_owned();
        let changes: Vec<_> = (0..8).map(|index| json!({"description": index.to_string()})).collect();
        let headers = [("if-match", tag.as_str())];
        let answers = join_all(
            changes.iter().map(|change| api.send(http::Method::PUT, "/schemas/cars", &headers, Some(change))),
        )
        .await;
        let changed = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
        let refused = answers.iter().filter(|answer| answer.code() == "version_conflict").count();
        assert_eq!((changed, refused), (1, 7));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeated_request_has_one_effect_also_at_once() {
    on_service(async |api| {
        let body = schema("cars");
        let headers = [("idempotency-key", "key")];
        let answers =
            join_all((0..8).map(|_| api.send(http::Method::POST, "/schemas", &headers, Some(&body)))).await;
        for answer in &answers {
            assert_eq!((answer.status, answer.json()["id"].clone()), (StatusCode::CREATED, json!(1)));
        }
    })
    .await;
}
