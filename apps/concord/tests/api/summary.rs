//! `/api/v1/catalogs/{name}/summary`

use http::Method;
use serde_json::json;

use crate::support::{Api, item, on_service};

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
