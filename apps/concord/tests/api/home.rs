//! `/` and what a new store begins with.

use bytes::Bytes;
use concord::service::Concord;
use http::Method;
use mainstay::Role;
use mainstay_testkit::TestService;

use crate::support::{on_service, on_service_with};

#[tokio::test]
async fn the_page_says_what_this_is() {
    on_service(async |api| {
        let page = api.client.get("/").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(!page.text().contains("<td>"), "what is stored is not for everybody");
        for part in ["<h1>Concord", "href=\"/docs\"", "href=\"/health\"", "/assets/mainstay.css"] {
            assert!(page.text().contains(part), "{part}");
        }
        assert_eq!(api.client.get("/assets/mainstay.css").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn an_empty_store_may_begin_with_the_demo() {
    on_service_with(&[("DEMO_DATA", "yes")], async |api| {
        assert!(api.read("/catalogs").await.as_array().unwrap().len() >= 2);
    })
    .await;
    on_service(async |api| assert_eq!(api.read("/catalogs").await.as_array().unwrap().len(), 0)).await;
}

#[tokio::test]
async fn the_demo_comes_once_and_what_was_written_stays() {
    let service = TestService::start(Concord, &[("DEMO_DATA", "yes")]).await;
    let client = service.client_as(Role::Editor).await;
    let catalogs = client.get("/api/v1/catalogs").await.json();
    let name = catalogs[0]["name"].as_str().unwrap().to_owned();
    assert_eq!(client.delete(&format!("/api/v1/catalogs/{name}")).await.status, 200);
    let service = service.restart().await;
    let after = service.client_as(Role::Viewer).await.get("/api/v1/catalogs").await.json();
    assert_eq!(after.as_array().unwrap().len(), catalogs.as_array().unwrap().len() - 1);
    service.stop().await;
}

#[tokio::test]
async fn no_page_has_a_script_or_leads_elsewhere() {
    on_service_with(&[("DOCS_ENABLED", "yes")], async |api| {
        for path in ["/", "/login", "/docs", "/nowhere"] {
            let request = api.client.request(Method::GET, path).header("accept", "text/html");
            let answer = api.client.send(request.body(Bytes::new()).unwrap()).await;
            let page = answer.text().to_lowercase();
            assert!(page.starts_with("<!doctype html>"), "{path}: {page}");
            for part in [
                "<script",
                "javascript:",
                " onclick",
                " onload",
                "http://",
                "https://",
                "=\"//",
                "localstorage",
            ] {
                assert!(!page.contains(part), "{path}: {part} in {page}");
            }
        }
    })
    .await;
}
