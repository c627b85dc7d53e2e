//! API tokens.

use super::*;

const PATH: &str = "/api/v1/auth/tokens";

#[tokio::test]
async fn a_token_is_shown_once_used_and_revoked() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut browser = site.signed_in("alice", PASSWORD).await;
    let wish = json!({ "name": "nightly", "role": "viewer", "expires_at": "1970-01-02T00:00:00Z" });
    let made = browser.json(Method::POST, PATH, &wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let token = made.value()["token"].as_str().unwrap().to_owned();

    assert_eq!(site.program(Method::GET, "/see", &token).await.text, "\"alice\"");
    assert_eq!(site.program(Method::GET, "/run", &token).await.code().as_deref(), Some("forbidden"));
    let shown = site.program(Method::GET, "/api/v1/auth/session", &token).await.value();
    assert_eq!((&shown["user"]["role"], &shown["csrf_token"]), (&json!("viewer"), &Value::Null));
    let in_address = site.send(
        Request::get(format!("/see?token={token}"))
            .header("host", "localhost:8080")
            .body(Body::empty())
            .unwrap(),
    );
    assert_eq!(in_address.await.code().as_deref(), Some("unauthenticated"));

    let listed = browser.get(PATH).await;
    assert!(!listed.text.contains(&token), "it is not kept");
    let id = listed.value()["tokens"][0]["id"].as_str().unwrap().to_owned();
    assert!(token.starts_with(listed.value()["tokens"][0]["begins"].as_str().unwrap()));
    assert_eq!(browser.delete(&format!("{PATH}/{id}")).await.status, StatusCode::NO_CONTENT);
    let refused = site.program(Method::GET, "/see", &token).await;
    assert_eq!(
        (refused.status, refused.code().as_deref()),
        (StatusCode::UNAUTHORIZED, Some("unauthenticated"))
    );
    assert_eq!(refused.headers[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(browser.delete(&format!("{PATH}/{id}")).await.code().as_deref(), Some("not_found"));
}

#[tokio::test]
async fn nobody_makes_a_token_above_themselves_or_from_a_token() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut browser = site.signed_in("alice", PASSWORD).await;
    let wish = |role: &str| json!({ "name": "nightly", "role": role });
    assert_eq!(
        browser.json(Method::POST, PATH, &wish("operator")).await.code().as_deref(),
        Some("forbidden")
    );
    let token =
        browser.json(Method::POST, PATH, &wish("editor")).await.value()["token"].as_str().unwrap().to_owned();
    for (method, path) in [(Method::GET, PATH), (Method::DELETE, "/api/v1/auth/sessions")] {
        assert_eq!(site.program(method, path, &token).await.code().as_deref(), Some("forbidden"));
    }
}

#[tokio::test]
async fn only_operators_revoke_what_is_not_theirs() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    site.fixture.user("bob", Role::Editor).await;
    site.fixture.user("carol", Role::Operator).await;
    let mut alice = site.signed_in("alice", PASSWORD).await;
    let made = alice.json(Method::POST, PATH, &json!({ "name": "nightly", "role": "viewer" })).await;
    let path = format!("{PATH}/{}", made.value()["id"].as_str().unwrap());
    let mut bob = site.signed_in("bob", PASSWORD).await;
    assert_eq!(bob.delete(&path).await.code().as_deref(), Some("not_found"));
    assert_eq!(bob.get(PATH).await.value()["tokens"], json!([]));
    let mut carol = site.signed_in("carol", PASSWORD).await;
    assert_eq!(carol.delete(&path).await.status, StatusCode::NO_CONTENT);
}
