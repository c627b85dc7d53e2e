//! From a password to a session and to its end: by form, by JSON, and by the commands of the program itself.

use std::process::Output;
use std::time::Duration;

use concord::service::Concord;
use http::Method;
use mainstay_core::Clock;
use mainstay_testkit::{Answer, Browser, TestService};
use serde_json::json;

use crate::support::run_beside;

const PASSWORD: &str = "seven green bottles";

/// Runs the program beside the service; it has to end well.
fn concord(service: &TestService<Concord>, arguments: &[&str]) -> Output {
    let output = run_beside(service, arguments, PASSWORD);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

async fn with_alice() -> TestService<Concord> {
    let service = TestService::start(Concord, &[]).await;
    concord(&service, &["user", "create", "alice", "--role", "editor", "--password-stdin"]);
    service
}

/// The token against forgery that a page's form holds.
fn token_in(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("name=\"csrf_token\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// Waits until a session that was ended by another process is over here.
async fn until_over(mut browser: Browser) {
    let clock = Clock::system();
    let ended = clock.now();
    // It takes a second at most where the service runs; this process has stood still meanwhile, and may be slow.
    while browser.name().await.is_some() {
        assert!(ended.elapsed() < Duration::from_secs(10), "it goes on");
    }
}

fn schema(name: &str) -> serde_json::Value {
    json!({ "name": name, "version": "1.0.0", "dimensions": [
        { "name": "kind", "type": "enum", "values": ["green", "black"], "required": true }
    ]})
}

async fn sign_in_by_form(browser: &mut Browser, password: &str) -> Answer {
    let page = browser.get("/login?next=/docs").await;
    assert_eq!(page.status, 200);
    let token = token_in(&page);
    let fields =
        [("csrf_token", token.as_str()), ("next", "/docs"), ("username", "alice"), ("password", password)];
    browser.form("/login", &fields).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour() {
    let service = with_alice().await;

    // By the form: a wrong password shows it again, the right one leads on.
    let mut form = Browser::new(service.client());
    let again = sign_in_by_form(&mut form, "wrong").await;
    assert_eq!((again.status.as_u16(), again.header("www-authenticate")), (401, "Bearer"));
    assert!(again.text().contains("The name or the password is wrong.") && form.session().is_none());
    let on = sign_in_by_form(&mut form, PASSWORD).await;
    assert_eq!(
        (on.status.as_u16(), on.header("location"), on.header("cache-control")),
        (303, "/docs", "no-store")
    );
    assert_eq!(form.name().await.as_deref(), Some("alice"));

    // By JSON, in another browser. It writes with its token, and not without.
    let mut program = Browser::signed_in(service.client(), "alice", PASSWORD).await;
    let written = program.json(Method::POST, "/api/v1/schemas", &schema("tea")).await;
    assert_eq!(written.status, 201, "{}", written.text());
    let mut without = Browser::new(service.client()).with_session(program.session());
    let refused = without.json(Method::POST, "/api/v1/schemas", &schema("coffee")).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "csrf_failed"));

    // Both are listed; all of them end at once, and nothing passes with what they held.
    let sessions = program.get("/api/v1/auth/sessions").await.json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2, "{sessions}");
    let (one, other) = (form.clone(), program.clone());
    assert_eq!(program.delete("/api/v1/auth/sessions").await.status, 204);
    assert!(program.session().is_none(), "the cookie is taken back");
    for mut old in [one, other] {
        let read = old.clone().get("/api/v1/schemas").await;
        assert_eq!((read.status.as_u16(), read.code().as_str()), (401, "unauthenticated"));
        let write = old.json(Method::POST, "/api/v1/schemas", &schema("milk")).await;
        assert_eq!((write.status.as_u16(), write.code().as_str()), (401, "unauthenticated"));
        assert_eq!(old.name().await, None);
    }

    // The password is as good as before; what was written is there, and what was refused is not.
    let mut back = Browser::signed_in(service.client(), "alice", PASSWORD).await;
    let schemas = back.get("/api/v1/schemas").await.json();
    let names: Vec<_> = schemas.as_array().unwrap().iter().map(|schema| schema["name"].clone()).collect();
    assert_eq!(names, ["tea"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_reaches_the_running_service_within_a_second() {
    let service = with_alice().await;
    for arguments in [&["session", "revoke", "--user", "alice"][..], &["session", "revoke", "--all", "--yes"]]
    {
        let mut browser = Browser::signed_in(service.client(), "alice", PASSWORD).await;
        assert_eq!(browser.name().await.as_deref(), Some("alice"), "it is in the cache");
        let old = browser.clone();
        concord(&service, arguments);
        until_over(old).await;
    }
    let listed = concord(&service, &["session", "list", "--format", "json"]);
    assert_eq!(String::from_utf8_lossy(&listed.stdout).trim(), "[]");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_disabled_is_out_with_the_next_request() {
    let service = with_alice().await;
    let mut browser = Browser::signed_in(service.client(), "alice", PASSWORD).await;
    let made = browser
        .json(Method::POST, "/api/v1/auth/tokens", &json!({ "name": "import", "role": "editor" }))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let program = service.client().with_token(made.json()["token"].as_str().unwrap());
    assert_eq!(program.get("/api/v1/schemas").await.status, 200);
    concord(&service, &["user", "disable", "alice"]);
    assert_eq!(browser.get("/api/v1/schemas").await.status, 401);
    assert_eq!(program.get("/api/v1/schemas").await.status, 401);
    concord(&service, &["user", "enable", "alice"]);
    until_over(browser).await;
    assert_eq!(program.get("/api/v1/schemas").await.status, 200, "a token was not");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_password_ends_the_sessions_elsewhere() {
    let service = with_alice().await;
    let mut here = Browser::signed_in(service.client(), "alice", PASSWORD).await;
    let mut there = Browser::signed_in(service.client(), "alice", PASSWORD).await;
    let before = here.clone();
    let change = json!({ "old_password": PASSWORD, "new_password": "six crooked pence" });
    let changed = here.json(Method::PUT, "/api/v1/auth/password", &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(here.name().await.as_deref(), Some("alice"));
    assert_eq!(there.name().await, None);
    assert_eq!(
        before.with_session(before.session()).name().await,
        None,
        "here, it goes on with another token"
    );
    service.stop().await;
}
