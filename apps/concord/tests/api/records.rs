//! What the log says of requests: who, what, when, where from, and how it ended.

use bytes::Bytes;
use concord::service::Concord;
use http::{Method, header};
use mainstay::Role;
use mainstay::identity::Password;
use mainstay::telemetry::log::{Captured, LogFormat, LogSettings, Logging};
use mainstay_core::Clock;
use mainstay_testkit::TestService;
use serde_json::Value;

/// What is logged in this thread.
struct Log {
    lines: Captured,
    _here: tracing::subscriber::DefaultGuard,
}

impl Log {
    fn kept() -> Self {
        let lines = Captured::default();
        let settings = LogSettings { format: LogFormat::Json, ..LogSettings::default() };
        let logging = Logging::new(&settings, &Clock::system(), lines.clone());
        Self { lines, _here: tracing::subscriber::set_default(logging.subscriber()) }
    }

    /// The records of a target that have all of these.
    fn records(&self, target: &str, fields: &[(&str, &str)]) -> Vec<Value> {
        let text = self.lines.text();
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let has_all = |record: &Value| fields.iter().all(|(name, value)| record[*name] == **value);
        records.filter(|record| record["target"] == target && has_all(record)).collect()
    }
}

#[tokio::test]
async fn the_access_line_says_who() {
    let log = Log::kept();
    let service = TestService::start(Concord, &[]).await;
    let mut editor = service.browser_as(Role::Editor).await;
    let program = service.client_as(Role::Viewer).await;

    editor.send(editor.request(Method::GET, "/api/v1/schemas").body(Bytes::new()).unwrap()).await;
    program.get("/api/v1/rulesets").await;
    service.client().get("/api/v1/catalogs").await;

    let line = |path| {
        let mut lines = log.records("mainstay::access", &[("path", path)]);
        assert_eq!(lines.len(), 1, "{path}");
        lines.remove(0)
    };
    let signed_in = log.records("mainstay::audit", &[("action", "sign_in"), ("outcome", "ok")]).remove(0);
    let by_editor = line("/api/v1/schemas");
    assert_eq!((&by_editor["user_id"], &by_editor["api_id"]), (&signed_in["user_id"], &Value::Null));
    let by_program = line("/api/v1/rulesets");
    assert_eq!(by_program["user_id"], Value::Null);
    assert_eq!(by_program["api_id"].as_str().unwrap().len(), 36, "{by_program}");
    let by_nobody = line("/api/v1/catalogs");
    assert_eq!((&by_nobody["user_id"], &by_nobody["api_id"]), (&Value::Null, &Value::Null));
    for record in [by_editor, by_program, by_nobody] {
        assert_eq!(record["method"], "GET");
        assert_eq!(record["client"], "127.0.0.1");
        assert!(record["timestamp"].as_str().unwrap().ends_with('Z'), "{record}");
        assert_eq!(record["request_id"].as_str().unwrap().len(), 36);
    }
    service.stop().await;
}

#[tokio::test]
async fn whoever_may_not_is_named_with_what_they_wanted() {
    let log = Log::kept();
    let service = TestService::start(Concord, &[]).await;
    let mut viewer = service.browser_as(Role::Viewer).await;
    let token = viewer.token().to_owned();

    let delete = |path| viewer.request(Method::DELETE, path).header("x-csrf-token", &token);
    let forbidden = delete("/api/v1/schemas/cars").body(Bytes::new()).unwrap();
    let mut forged = delete("/api/v1/schemas/forged").body(Bytes::new()).unwrap();
    forged.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    assert_eq!(viewer.send(forbidden).await.code(), "forbidden");
    assert_eq!(viewer.send(forged).await.code(), "csrf_failed");

    let who = log.records("mainstay::audit", &[("action", "sign_in")]).remove(0)["user_id"].clone();
    for (path, code) in [("/api/v1/schemas/cars", "forbidden"), ("/api/v1/schemas/forged", "csrf_failed")] {
        let lines = log.records("mainstay::access", &[("path", path), ("code", code), ("method", "DELETE")]);
        assert_eq!(lines.len(), 1, "{path}");
        assert_eq!((&lines[0]["user_id"], &lines[0]["level"]), (&who, &Value::from("INFO")), "{path}");
        assert_eq!(lines[0]["status"], 403);
    }
    service.stop().await;
}

#[tokio::test]
async fn every_sign_in_leaves_a_record() {
    let log = Log::kept();
    let service = TestService::start(Concord, &[]).await;
    let alice = "alice".parse().unwrap();
    let password = Password::new("seven green bottles");
    service.started().accounts.create(&alice, Role::Editor, &password, "test").await.unwrap();

    for (name, tried) in
        [("alice", "seven green bottles"), ("alice", "wrong"), ("mallory", "seven green bottles")]
    {
        let browser = &mut service.browser().await;
        let request = browser.request(Method::POST, "/api/v1/auth/login");
        let request =
            request.header("x-csrf-token", browser.token()).header(header::CONTENT_TYPE, "application/json");
        let body = serde_json::json!({"username": name, "password": tried}).to_string();
        browser.send(request.body(Bytes::from(body)).unwrap()).await;
    }

    let records = log.records("mainstay::audit", &[("action", "sign_in")]);
    let said: Vec<_> = records
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or("").to_owned();
            (text("outcome"), text("reason"), text("user"))
        })
        .collect();
    let expected =
        [("ok", "", "alice"), ("refused", "wrong_password", "alice"), ("refused", "unknown_user", "")];
    assert_eq!(
        said,
        expected.map(|(outcome, reason, user)| (outcome.to_owned(), reason.to_owned(), user.to_owned()))
    );
    for record in &records {
        assert_eq!(record["client"], "127.0.0.1");
        let request = record["request_id"].as_str().unwrap();
        assert_eq!(log.records("mainstay::access", &[("request_id", request)]).len(), 1, "{record}");
    }
    let all = log.lines.text();
    assert!(!all.contains("green bottles"), "a password is in the log");
    assert!(!all.contains("mallory"), "people type passwords into the wrong field");
    service.stop().await;
}

#[tokio::test]
async fn tokens_that_are_refused_leave_a_record_with_the_reason() {
    let log = Log::kept();
    let service = TestService::start(Concord, &[]).await;
    let good = service.token(Role::Viewer).await;
    let last = if good.ends_with('A') { "B" } else { "A" };
    let forged = format!("{}{last}", &good[..good.len() - 1]);
    for token in ["mst_nonsense", forged.as_str()] {
        let answer = service.client().with_token(token).get("/api/v1/schemas").await;
        assert_eq!(answer.status.as_u16(), 401);
    }
    let refused = log.records("mainstay::audit", &[("action", "token_use"), ("outcome", "refused")]);
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(
        refused.iter().all(|record| record["level"] == "WARN" && record["reason"].is_string()),
        "{refused:?}"
    );
    assert!(!log.lines.text().contains(&good[4..]), "a token is in the log");
    service.stop().await;
}
