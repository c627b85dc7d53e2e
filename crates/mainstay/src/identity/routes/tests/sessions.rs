//! Signing in and out, and sessions.

use super::*;

#[tokio::test]
async fn a_sign_in_gives_user_end_and_token_and_another_cookie() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut browser = site.browser();
    assert_eq!(browser.get("/see").await.code().as_deref(), Some("unauthenticated"));
    let reply = browser.sign_in("Alice", PASSWORD).await;
    let body = reply.value();
    assert_eq!(reply.status, StatusCode::OK, "{body}");
    assert_eq!(body["user"]["name"], "alice");
    assert_eq!(body["user"]["role"], "editor");
    assert_eq!(body["user"]["must_change_password"], false);
    assert_eq!(body["expires_at"], "1970-01-01T00:30:00Z");
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(browser.get("/see").await.text, "\"alice\"");
    assert_eq!(browser.get("/run").await.code().as_deref(), Some("forbidden"));

    // Signing in again replaces the session: the first cookie is worth nothing then.
    let first = browser.cookies.clone();
    let again = browser.sign_in("alice", PASSWORD).await;
    assert_eq!(again.status, StatusCode::OK, "{again:?}");
    assert_ne!(browser.cookies["session"], first["session"]);
    let mut thief = Browser { cookies: first, ..site.browser() };
    assert_eq!(thief.name().await, None);
}

#[tokio::test]
async fn refusals_say_the_same() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut bodies = Vec::new();
    for (name, password) in [("alice", "wrong"), ("nobody", "wrong"), ("", "wrong"), ("alice", "")] {
        let mut browser = site.browser();
        let reply = browser.sign_in(name, password).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
        let mut error = reply.value()["error"].clone();
        error.as_object_mut().unwrap().remove("request_id");
        bodies.push(error);
        assert!(!browser.cookies.contains_key("session"), "nobody gets a session for it");
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(bodies[0]["code"], "invalid_credentials");
}

#[tokio::test]
async fn bodies_that_are_none_are_told_apart() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.get("/api/v1/auth/session").await;
    let mut code =
        async |body: Value| browser.json(Method::POST, "/api/v1/auth/login", &body).await.code().unwrap();
    assert_eq!(code(json!({})).await, "validation_failed");
    assert_eq!(code(json!({ "username": "alice", "password": 1 })).await, "validation_failed");
    assert_eq!(
        code(json!({ "username": "a", "password": "b", "role": "operator" })).await,
        "validation_failed"
    );
}

#[tokio::test]
async fn a_sign_in_without_a_token_is_refused() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let credentials = json!({ "username": "alice", "password": PASSWORD });
    let reply = site.browser().json(Method::POST, "/api/v1/auth/login", &credentials).await;
    assert_eq!(reply.code().as_deref(), Some("csrf_failed"));
}

#[tokio::test]
async fn guessing_is_told_when_to_come_back() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut browser = site.browser();
    for _ in 0..5 {
        browser.sign_in("alice", "wrong").await;
    }
    let reply = browser.sign_in("alice", PASSWORD).await;
    assert_eq!(
        (reply.status, reply.code().as_deref()),
        (StatusCode::TOO_MANY_REQUESTS, Some("rate_limited"))
    );
    let wait = reply.value()["error"]["retry_after"].as_u64().unwrap();
    assert!((12..=15).contains(&wait), "{wait}");
    assert_eq!(reply.headers[header::RETRY_AFTER], wait.to_string());
}

/// What a browser is told to forget by an answer that says no more than "done".
fn cleared(reply: &Reply) -> Option<&str> {
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{reply:?}");
    reply.headers.get("clear-site-data").map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_browser() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut browser = site.signed_in("alice", PASSWORD).await;
    let kept = browser.cookies.clone();
    let reply = browser.json(Method::POST, "/api/v1/auth/logout", &json!({})).await;
    assert_eq!(cleared(&reply), Some("\"cache\", \"storage\""));
    assert!(!browser.cookies.contains_key("session"));
    assert_eq!(Browser { cookies: kept, ..site.browser() }.name().await, None);
    browser.get("/api/v1/auth/session").await;
    let again = browser.json(Method::POST, "/api/v1/auth/logout", &json!({})).await;
    assert_eq!(again.status, StatusCode::NO_CONTENT, "nothing happens to who has not signed in: {again:?}");
}

#[tokio::test]
async fn ones_browsers_are_listed_and_ended() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    site.fixture.user("bob", Role::Operator).await;
    let mut here = site.signed_in("alice", PASSWORD).await;
    let mut there = site.signed_in("alice", PASSWORD).await;
    let mut bob = site.signed_in("bob", PASSWORD).await;
    let list = here.get("/api/v1/auth/sessions").await.value();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{list}");
    assert_eq!(sessions.iter().filter(|session| session["is_current"] == true).count(), 1);
    assert_eq!(
        (&sessions[0]["address"], &sessions[0]["user_agent"]),
        (&json!("192.0.2.1"), &json!("A browser"))
    );

    let other =
        sessions.iter().find(|session| session["is_current"] == false).unwrap()["id"].as_str().unwrap();
    let path = format!("/api/v1/auth/sessions/{other}");
    bob.get("/api/v1/auth/session").await;
    assert_eq!(bob.delete(&path).await.code().as_deref(), Some("not_found"), "it is not his");
    assert_eq!(there.name().await.as_deref(), Some("alice"));
    assert_eq!(cleared(&here.delete(&path).await), None);
    assert_eq!(there.name().await, None);
    assert_eq!(here.delete(&path).await.code().as_deref(), Some("not_found"), "once");
    assert_eq!(here.delete("/api/v1/auth/sessions/none").await.code().as_deref(), Some("bad_request"));
    assert_eq!(here.name().await.as_deref(), Some("alice"));

    let own = sessions.iter().find(|session| session["is_current"] == true).unwrap()["id"].as_str().unwrap();
    let reply = here.delete(&format!("/api/v1/auth/sessions/{own}")).await;
    assert_eq!(cleared(&reply), Some("\"cache\", \"storage\""), "as by signing out");
    assert!(!here.cookies.contains_key("session"), "the cookie is taken back");
    assert_eq!(here.name().await, None);
}

#[tokio::test]
async fn all_sessions_end_at_once_or_all_but_this_one() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut one = site.signed_in("alice", PASSWORD).await;
    let mut two = site.signed_in("alice", PASSWORD).await;
    let reply = one.delete("/api/v1/auth/sessions?keep_current=true").await;
    assert_eq!(cleared(&reply), None);
    assert_eq!((one.name().await.as_deref(), two.name().await), (Some("alice"), None));
    assert_eq!(cleared(&one.delete("/api/v1/auth/sessions").await), Some("\"cache\", \"storage\""));
    assert!(!one.cookies.contains_key("session"), "the cookie is taken back");
    assert_eq!(one.name().await, None);
}
