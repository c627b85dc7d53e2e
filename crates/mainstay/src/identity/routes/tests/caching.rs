//! What caches may keep of an answer, by what its handler asked and what the request showed.

use super::*;

const PUBLIC: &str = "public, max-age=60";
const NO_STORE: &str = "no-store";

/// `Cache-Control` of an answer, and whether it is for others who show nothing either.
fn kept(reply: &Reply) -> (&str, bool) {
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let text = |name| reply.headers.get(name).map_or("", |value| value.to_str().unwrap());
    let varies = text(header::VARY);
    (text(header::CACHE_CONTROL), varies.contains("Cookie") && varies.contains("Authorization"))
}

#[tokio::test]
async fn an_answer_of_a_handler_that_asked_who_it_is_is_kept_for_nobody_else() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut alice = site.signed_in("alice", PASSWORD).await;
    let wish = json!({ "name": "nightly", "role": "viewer" });
    let made = alice.json(Method::POST, "/api/v1/auth/tokens", &wish).await;
    let token = made.value()["token"].as_str().unwrap().to_owned();
    let mut stranger = site.browser();

    for (path, by_stranger, by_somebody) in [
        ("/same", (PUBLIC, false), (PUBLIC, false)),
        ("/whose", (PUBLIC, true), (NO_STORE, false)),
        // The session itself may hold values of a stranger, too.
        ("/known", (NO_STORE, false), (NO_STORE, false)),
    ] {
        assert_eq!(kept(&stranger.get(path).await), by_stranger, "{path}, nobody");
        assert_eq!(kept(&alice.get(path).await), by_somebody, "{path}, somebody who signed in");
        let program = site.program(Method::GET, path, &token).await;
        assert_eq!(kept(&program), by_somebody, "{path}, a program");
        let unclear = site.program(Method::GET, path, "mst_nonsense").await;
        assert_eq!(kept(&unclear), by_somebody, "{path}, a claim that is none");
    }
    assert_eq!(alice.get("/whose").await.text, "\"alice\"");
}

/// A cookie that is none any more is taken back, and by no cache from everybody.
#[tokio::test]
async fn an_answer_that_sets_a_cookie_is_not_kept() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.cookies.insert("session".to_owned(), "litter".to_owned());
    let reply = browser.get("/same").await;
    assert!(reply.headers.contains_key(header::SET_COOKIE), "{reply:?}");
    assert_eq!(kept(&reply), (NO_STORE, false));
    assert_eq!(kept(&browser.get("/same").await), (PUBLIC, false));
}
