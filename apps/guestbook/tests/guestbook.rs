//! The guest book from outside.

use guestbook::Guestbook;
use http::StatusCode;
use mainstay::Role;
use mainstay_testkit::TestService;
use serde_json::json;

#[tokio::test]
async fn what_an_editor_writes_a_viewer_reads() {
    let service = TestService::start(Guestbook, &[("LONGEST_MESSAGE", "20")]).await;
    let editor = service.client_as(Role::Editor).await;
    let viewer = service.client_as(Role::Viewer).await;

    let written = editor.post("/entries", &json!({"message": "I was here."})).await;
    assert_eq!(written.status, StatusCode::CREATED);
    let read = viewer.get("/entries").await;
    assert_eq!(read.json()[0]["message"], "I was here.");

    // Nobody wrote a line for these.
    assert_eq!(service.client().get("/entries").await.code(), "unauthenticated");
    assert_eq!(viewer.post("/entries", &json!({"message": "Me too."})).await.code(), "forbidden");
    assert_eq!(editor.post("/entries", &json!({"mesage": "?"})).await.code(), "validation_failed");
    assert_eq!(
        editor.post("/entries", &json!({"message": "x".repeat(21)})).await.code(),
        "validation_failed"
    );
    service.stop().await;
}
