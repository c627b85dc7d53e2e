//! What handing out a token does to the answer.

use super::*;

fn get(cookie: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().uri("/login");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    request.body(Body::empty()).unwrap()
}

/// The headers of an answer to a GET, after `tokens` tokens were handed out, and the last of these.
async fn answer(world: &World, session: &str, cookie: Option<&str>, tokens: usize) -> (HeaderMap, String) {
    let (exchange, admitted) = world.admit(world.session(session), true, get(cookie)).await;
    admitted.unwrap();
    let issued: Vec<_> = (0..tokens).filter_map(|_| exchange.token_desk().token()).collect();
    let token = issued.last().cloned().unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, "public, max-age=60".parse().unwrap());
    exchange.token_desk().seal(&mut headers);
    (headers, token)
}

fn cookie_of(headers: &HeaderMap) -> Option<String> {
    let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
    assert!(lines.len() <= 1, "{lines:?}");
    lines.first().map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned())
}

#[tokio::test]
async fn a_page_without_a_token_stays_as_it_is() {
    let world = World::new();
    for session in ["none", "dead", "live"] {
        for cookie in [None, Some("visit"), Some("visit-late"), Some("visit-malformed")] {
            let cookie = cookie.map(|kind| world.cookie(kind));
            let (headers, _) = answer(&world, session, cookie.as_deref(), 0).await;
            assert_eq!(headers.len(), 1, "{headers:?}");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=60");
        }
    }
}

#[tokio::test]
async fn a_visitor_gets_a_cookie_with_the_first_token() {
    let world = World::new();
    // session, cookie of the request, whether a new one is set
    let rows = [
        ("none", None, true),
        ("dead", None, true),
        ("none", Some("visit"), false),
        ("none", Some("visit-late"), true),
        ("none", Some("visit-malformed"), true),
        ("none", Some("visit-forged"), true),
        ("none", Some("visit-doubled"), true),
        ("live", None, false),
        ("live", Some("visit-malformed"), false),
    ];
    for (session, kind, sets) in rows {
        let brought = kind.map(|kind| world.cookie(kind));
        let (headers, token) = answer(&world, session, brought.as_deref(), 3).await;
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        let set = cookie_of(&headers);
        assert_eq!(set.is_some(), sets, "{session} {kind:?}");
        // The token is good together with the cookie that the browser then holds.
        let request = post().header("origin", OWN).header("x-csrf-token", token);
        let request = request.header(header::COOKIE, set.or(brought).unwrap_or_default());
        let verdict = world.verdict(world.session(session), true, request.body(Body::empty()).unwrap()).await;
        assert_eq!(verdict, "", "{session} {kind:?}");
    }
}

#[tokio::test]
async fn a_visit_goes_on_while_pages_are_opened() {
    let world = World::new();
    let cookie = world.cookie("visit");
    let form = world.token("visit");
    world.hands.advance(Duration::from_hours(11));
    let (headers, _) = answer(&world, "none", Some(&cookie), 1).await;
    let renewed = cookie_of(&headers).unwrap();
    world.hands.advance(Duration::from_hours(11));
    for (cookie, expected) in [(renewed, ""), (cookie, "visit_invalid")] {
        let request = post().header("origin", OWN).header("x-csrf-token", &form).header("cookie", cookie);
        let verdict = world.verdict(SessionShown::None, true, request.body(Body::empty()).unwrap()).await;
        assert_eq!(verdict, expected);
    }
}

#[tokio::test]
async fn a_sign_in_changes_whom_tokens_are_for() {
    let world = World::new();
    let sent = world.cookie("visit");
    let (exchange, admitted) = world.admit(SessionShown::None, true, get(Some(&sent))).await;
    admitted.unwrap();
    let tokens = CsrfTokens { exchange };
    tokens.rebind(Some(world.secrets.clone()));
    let token = tokens.token();
    let mut headers = HeaderMap::new();
    tokens.exchange.token_desk().seal(&mut headers);
    assert_eq!(cookie_of(&headers).as_deref(), Some("__Host-csrf="), "the visit is over");
    let request = || post().header("origin", OWN).header("x-csrf-token", &token).body(Body::empty()).unwrap();
    assert_eq!(world.verdict(world.session("live"), false, request()).await, "");
    // What was known before signing in is worth nothing after it.
    let old =
        post().header("origin", OWN).header("x-csrf-token", world.token("visit")).header("cookie", sent);
    let old = old.body(Body::empty()).unwrap();
    assert_eq!(world.verdict(world.session("live"), false, old).await, "token_foreign");
}

#[tokio::test]
async fn after_a_sign_out_tokens_are_for_visitors() {
    let world = World::new();
    let (exchange, _) = world.admit(world.session("live"), true, get(None)).await;
    let tokens = CsrfTokens { exchange };
    tokens.rebind(None);
    let token = tokens.token();
    let mut headers = HeaderMap::new();
    tokens.exchange.token_desk().seal(&mut headers);
    let request = post().header("origin", OWN).header("x-csrf-token", token);
    let request = request.header(header::COOKIE, cookie_of(&headers).unwrap()).body(Body::empty()).unwrap();
    assert_eq!(world.verdict(SessionShown::None, true, request).await, "");
}

#[tokio::test]
async fn without_the_control_nothing_is_let_through() {
    let world = World::new();
    let (head, body) = post().body(Body::empty()).unwrap().into_parts();
    let exchange = exchange(&head, &world.clock);
    assert_eq!(exchange.token_desk().token(), None);
    let refusal = world.csrf.admit(&exchange, true, Request::from_parts(head, body)).await.unwrap_err();
    assert_eq!(refusal.code(), crate::ErrorCode::InternalError);
}
