//! What the audit log says of accounts, and of who tried to get into them.

use super::*;
use crate::telemetry::log::{Captured, LogFormat, LogSettings, Logging};

#[tokio::test]
async fn what_is_done_to_an_account_leaves_a_record() {
    let lines = Captured::default();
    let settings = LogSettings { format: LogFormat::Json, ..LogSettings::default() };
    let logging = Logging::new(&settings, &mainstay_core::Clock::system(), lines.clone());
    let _here = tracing::subscriber::set_default(logging.subscriber());
    let site = Site::new().await;

    let alice = site.fixture.user("alice", Role::Editor).await.id.to_string();
    let mut browser = site.signed_in("alice", PASSWORD).await;
    let wish = json!({ "name": "nightly", "role": "viewer" });
    let made = browser.json(Method::POST, "/api/v1/auth/tokens", &wish).await;
    let token = made.value()["token"].as_str().unwrap().to_owned();
    let listed = browser.get("/api/v1/auth/tokens").await;
    let id = listed.value()["tokens"][0]["id"].as_str().unwrap().to_owned();
    let revoked = browser.delete(&format!("/api/v1/auth/tokens/{id}")).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT, "{revoked:?}");
    let out = browser.json(Method::POST, "/api/v1/auth/logout", &json!({})).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT, "{out:?}");
    let mut guesser = site.browser();
    for _ in 0..5 {
        assert_eq!(guesser.sign_in("alice", "a guess").await.code().as_deref(), Some("invalid_credentials"));
    }
    assert_eq!(guesser.sign_in("alice", "a guess").await.code().as_deref(), Some("rate_limited"));

    let text = lines.text();
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        (
            "user_create",
            "ok",
            vec![("user", "alice"), ("user_id", &alice), ("role", "editor"), ("by", "test")],
        ),
        (
            "token_create",
            "ok",
            vec![("api_id", id.as_str()), ("role", "viewer"), ("user_id", &alice), ("by", "alice")],
        ),
        ("token_revoke", "ok", vec![("api_id", id.as_str()), ("by", "alice")]),
        ("sign_out", "ok", vec![("user_id", &alice)]),
        ("sign_in", "refused", vec![("reason", "throttled"), ("client", "192.0.2.1")]),
    ];
    for (action, outcome, fields) in expected {
        let is_it = |record: &&Value| {
            record["target"] == "mainstay::audit"
                && record["action"] == action
                && record["outcome"] == outcome
                && fields.iter().all(|(name, value)| record[*name] == **value)
        };
        let found: Vec<_> = records.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{action}: {text}");
        // Users are made by commands, all else by requests.
        assert_eq!(found[0]["request_id"].is_string(), action != "user_create", "{}", found[0]);
    }
    for secret in [PASSWORD, "a guess", &token] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}
