//! Changing one's password.

use super::*;

const PATH: &str = "/api/v1/auth/password";

fn change(old: &str, new: &str) -> Value {
    json!({ "old_password": old, "new_password": new })
}

#[tokio::test]
async fn a_change_needs_the_old_one_and_ends_the_other_sessions() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut here = site.signed_in("alice", PASSWORD).await;
    let mut there = site.signed_in("alice", PASSWORD).await;
    let refused = here.json(Method::PUT, PATH, &change("wrong", "six crooked pence")).await;
    assert_eq!(refused.code().as_deref(), Some("invalid_credentials"));
    let before = here.cookies.clone();
    let reply = here.json(Method::PUT, PATH, &change(PASSWORD, "six crooked pence")).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert_ne!(here.cookies, before, "the session goes on with another token");
    assert_eq!((here.name().await.as_deref(), there.name().await), (Some("alice"), None));
    assert_eq!(site.browser().sign_in("alice", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    site.signed_in("alice", "six crooked pence").await;
}

#[tokio::test]
async fn other_sessions_go_on_if_one_wishes() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut here = site.signed_in("alice", PASSWORD).await;
    let mut there = site.signed_in("alice", PASSWORD).await;
    let mut wish = change(PASSWORD, "six crooked pence");
    wish["end_other_sessions"] = json!(false);
    assert_eq!(here.json(Method::PUT, PATH, &wish).await.status, StatusCode::OK);
    assert_eq!(there.name().await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn weak_ones_are_refused_with_the_reason() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut browser = site.signed_in("alice", PASSWORD).await;
    for (new, code) in [("short", "too_short"), ("Password2026", "common"), ("alice-concord", "context")] {
        let error = browser.json(Method::PUT, PATH, &change(PASSWORD, new)).await.value()["error"].clone();
        assert_eq!(error["code"], "validation_failed");
        assert_eq!(
            (&error["details"][0]["field"], &error["details"][0]["code"]),
            (&json!("new_password"), &json!(code))
        );
    }
}

#[tokio::test]
async fn who_must_change_it_can_do_that_and_no_more() {
    let site = Site::new().await;
    let name = "bob".parse().unwrap();
    let made =
        site.fixture.accounts.create_with_initial_password(&name, Role::Operator, "test").await.unwrap().1;
    let mut browser = site.signed_in("bob", made.expose()).await;
    for path in ["/see", "/run", "/api/v1/auth/tokens"] {
        assert_eq!(browser.get(path).await.code().as_deref(), Some("forbidden"), "{path}");
    }
    let shown = browser.get("/api/v1/auth/session").await.value();
    assert_eq!(shown["user"]["must_change_password"], true);
    let reply = browser.json(Method::PUT, PATH, &change(made.expose(), "six crooked pence")).await;
    assert_eq!(
        (reply.status, &reply.value()["user"]["must_change_password"]),
        (StatusCode::OK, &json!(false))
    );
    assert_eq!(browser.get("/run").await.text, "\"bob\"");
}
