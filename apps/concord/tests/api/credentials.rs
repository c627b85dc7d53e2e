//! Credentials that are none: the same refusal on every route, and nothing behind it has run.

use std::collections::BTreeSet;

use bytes::Bytes;
use concord::service::Concord;
use http::{Method, header};
use mainstay::Role;
use mainstay::identity::{ApiTokenText, NewApiToken, Password};
use mainstay::routes::Auth;
use mainstay_db::query;
use mainstay_testkit::{Browser, TestService};

const PASSWORD: &str = "seven green bottles";

/// What a request brings, by the name of what is wrong with it.
struct Bad {
    what: &'static str,
    headers: Vec<(header::HeaderName, String)>,
}

fn bearer(what: &'static str, texts: &[&str]) -> Bad {
    let headers = texts.iter().map(|text| (header::AUTHORIZATION, format!("Bearer {text}"))).collect();
    Bad { what, headers }
}

fn cookie(what: &'static str, values: &[&str]) -> Bad {
    let line = values.iter().map(|value| format!("session={value}")).collect::<Vec<_>>().join("; ");
    Bad { what, headers: vec![(header::COOKIE, line)] }
}

/// The same text with another character at a place.
fn changed(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

async fn signed_in(service: &TestService<Concord>) -> String {
    let browser = Browser::signed_in(service.client(), "alice", PASSWORD).await;
    browser.session().unwrap().to_owned()
}

async fn with_alice() -> TestService<Concord> {
    let service = TestService::start(Concord, &[]).await;
    let (name, password) = ("alice".parse().unwrap(), Password::new(PASSWORD));
    service.started().accounts.create(&name, Role::Editor, &password, "test").await.unwrap();
    service
}

async fn execute(service: &TestService<Concord>, statement: &'static str) {
    let mut write = service.started().database.write().await.unwrap();
    query(statement).execute(&mut write).await.unwrap();
    write.commit().await.unwrap();
}

async fn bad_tokens(service: &TestService<Concord>) -> Vec<Bad> {
    let tokens = service.started().accounts.tokens();
    let new = async || {
        let new = NewApiToken { name: "test", role: Role::Operator, owner: None, expires_at: None };
        tokens.create(new).await.unwrap()
    };
    let (expired, revoked) = (new().await, new().await);
    execute(service, "update api_token set expires_at = created_at + 1").await;
    tokens.revoke(revoked.0.id, None).await.unwrap();
    let good = new().await.1;
    let (good, foreign) = (good.expose(), ApiTokenText::generate());
    vec![
        bearer("a token of another service", &[foreign.expose()]),
        bearer("an expired token", &[expired.1.expose()]),
        bearer("a replayed token that was revoked", &[revoked.1.expose()]),
        bearer("a token with another secret", &[&changed(good, 20)]),
        bearer("a token with another beginning", &[&changed(good, 6)]),
        bearer("a truncated token", &[&good[..good.len() - 1]]),
        bearer("a token that goes on", &[&format!("{good}A")]),
        bearer("a token in capitals", &[&good.to_uppercase()]),
        bearer("nothing", &[""]),
        bearer("a token twice", &[good, good]),
        bearer("two tokens in one", &[&format!("{good} {good}")]),
        bearer("two tokens in a list", &[&format!("{good}, Bearer {good}")]),
    ]
}

async fn bad_cookies(service: &TestService<Concord>) -> Vec<Bad> {
    let (good, replayed) = (signed_in(service).await, signed_in(service).await);
    execute(service, "update session set ends_at = created_at").await;
    // Nothing is in the cache: nobody has come with them yet.
    let (expired, good) = (good, signed_in(service).await);
    let ended = Browser::new(service.client()).with_session(Some(&replayed)).name().await;
    assert_eq!(ended, None);
    let elsewhere = with_alice().await;
    let foreign = signed_in(&elsewhere).await;
    elsewhere.stop().await;
    vec![
        cookie("a cookie of another service", &[&foreign]),
        cookie("an expired cookie", &[&expired]),
        cookie("a cookie with another secret", &[&changed(&good, 30)]),
        cookie("a cookie with another name", &[&changed(&good, 5)]),
        cookie(
            "a cookie with both halves of different sessions",
            &[&format!("{}{}", &good[..26], &foreign[26..])],
        ),
        cookie("a truncated cookie", &[&good[..good.len() - 1]]),
        cookie("a cookie that goes on", &[&format!("{good}A")]),
        cookie("nothing", &[""]),
        cookie("a cookie twice", &[&good, &good]),
        cookie("a good cookie after a planted one", &[&foreign, &good]),
    ]
}

#[tokio::test]
async fn bad_credentials_are_refused_alike_on_every_route() {
    let service = with_alice().await;
    let bad: Vec<_> = bad_tokens(&service).await.into_iter().chain(bad_cookies(&service).await).collect();
    let client = service.client();
    let rows: Vec<_> =
        service.started().routes.rows().filter(|row| row.policy.auth != Auth::Public).collect();
    let mut refusals = BTreeSet::new();
    for (number, row) in rows.iter().enumerate() {
        // Each route with some of them, so that each of them meets several routes.
        for bad in bad.iter().skip(number % 4).step_by(4) {
            let path = row.path.replace(['{', '}'], "");
            let mut request = client.request(row.method.one().cloned().unwrap_or(Method::POST), &path);
            for (name, value) in &bad.headers {
                request = request.header(name, value);
            }
            if row.method != Method::GET {
                request = request.header(header::ORIGIN, format!("http://{}", client.address()));
            }
            let answer = client.send(request.body(Bytes::new()).unwrap()).await;
            let place = format!("{} {} with {}", row.method, row.path, bad.what);
            assert_eq!(answer.status, 401, "{place}: {}", answer.text());
            assert!(
                answer.header("set-cookie").is_empty()
                    || bad.what.contains("cookie")
                    || bad.what == "nothing",
                "{place}"
            );
            let error = &answer.json()["error"];
            refusals.insert((error["code"].to_string(), error["message"].to_string()));
        }
    }
    // Nobody learns which of the two it was, or how near they came.
    let one = ("\"unauthenticated\"".to_owned(), "\"Sign in first.\"".to_owned());
    assert_eq!(refusals, BTreeSet::from([one]));
    service.stop().await;
}
