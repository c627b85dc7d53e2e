//! `/api/v1/catalogs/{name}/summary`

use http::Method;
use serde_json::json;

use crate::support::{Api, item, on_service, ruleset, schema};

/// The summary, once it has seen everything that was recorded.
async fn summary(api: &Api, name: &str) -> mainstay_testkit::Answer {
    let activity = api.get("/activity?limit=0").await;
    let head = activity.header("x-total-count");
    let path = format!("/catalogs/{name}/summary");
    api.send(Method::GET, &path, &[("x-min-position", head)], None).await
}

#[tokio::test]
async fn it_counts_what_happened_since_the_catalog_was_created() {
    on_service(async |api| {
        api.fill().await;
        api.post("/catalogs/garage/items", &item("mini")).await;
        api.post("/catalogs/garage/items", &item("maxi")).await;
        api.put("/catalogs/garage/items/mini", &json!({"name": "Mini"})).await;
        api.delete("/catalogs/garage/items/maxi").await;
        let answer = summary(api, "garage").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = answer.json();
        assert_eq!(
            (&told["items"], &told["changes"], &told["last_position"]),
            (&json!(1), &json!(5), &json!(8))
        );

        // A catalog that is created anew begins anew.
        api.delete("/catalogs/garage").await;
        assert_eq!(summary(api, "garage").await.status, 404);
        api.post("/catalogs", &json!({"name": "garage", "schema_name": "cars"})).await;
        let told = summary(api, "garage").await.json();
        assert_eq!((&told["items"], &told["changes"]), (&json!(0), &json!(1)));
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_for_more_than_there_is_comes_back_later() {
    on_service(async |api| {
        api.fill().await;
        let ask = async |position: &str| {
            let headers = [("x-min-position", position)];
            api.send(Method::GET, "/catalogs/garage/summary", &headers, None).await
        };
        let early = ask("1000").await;
        assert_eq!((early.status.as_u16(), early.code().as_str()), (503, "store_unavailable"));
        assert_ne!(early.header("retry-after"), "");
        for wrong in ["x", "-1", "1.5", ""] {
            assert_eq!(ask(wrong).await.status, 400, "{wrong}");
        }
        assert_eq!(api.get("/catalogs/nothing/summary").await.status, 404);
    })
    .await;
}

/// What a change answers as its position, every read can be asked to have seen.
#[tokio::test]
async fn whoever_wrote_reads_what_was_written() {
    on_service(async |api| {
        let created = api.post("/schemas", &schema("cars")).await;
        assert_eq!(created.header("x-position"), "1");
        api.post("/rulesets", &ruleset("pairs", "cars")).await;
        api.post("/catalogs", &json!({"name": "garage", "schema_name": "cars"})).await;
        let key = [("idempotency-key", "one")];
        let path = "/catalogs/garage/items";
        let created = api.send(Method::POST, path, &key, Some(&item("mini"))).await;
        assert_eq!((created.status.as_u16(), created.header("x-position")), (201, "4"));
        let again = api.send(Method::POST, path, &key, Some(&item("mini"))).await;
        assert_eq!(again.header("x-position"), "4", "a repetition tells of the first time");
        let changed = api.put("/catalogs/garage/items/mini", &json!({"name": "Mini"})).await;
        assert_eq!(changed.header("x-position"), "5");
        let deleted = api.delete("/catalogs/garage/items/mini").await;
        assert_eq!(deleted.header("x-position"), "6");

        let reads = [
            "/schemas",
            "/schemas/cars",
            "/rulesets",
            "/rulesets/pairs",
            "/cluster-rulesets",
            "/catalogs",
            "/catalogs/garage",
            "/catalogs/garage/items",
            "/activity",
            "/export/all",
        ];
        for path in reads {
            let ask = async |position: &str| {
                api.send(Method::GET, path, &[("x-min-position", position)], None).await
            };
            assert_eq!(ask("6").await.status, 200, "{path}");
            assert_eq!(ask("six").await.status, 400, "{path}");
        }
        let early = api.send(Method::GET, "/schemas", &[("x-min-position", "7")], None).await;
        assert_eq!((early.status.as_u16(), early.code().as_str()), (503, "store_unavailable"));
        // Somebody who comes just in time.
        let headers = [("x-min-position", "7")];
        let waiting = api.send(Method::GET, path, &headers, None);
        let late = item("maxi");
        let (waited, _) = tokio::join!(waiting, api.post(path, &late));
        assert_eq!(waited.json()[0]["item_id"], "maxi", "{}", waited.text());
    })
    .await;
}
