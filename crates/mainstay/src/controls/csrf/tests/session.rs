//! What a request shows of its session, by the session itself.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderValue, StatusCode};
use mainstay_core::{Tasks, random};

use super::*;
use crate::session::{MemoryStore, Session, SessionCookie, SessionParts, SessionSettings, Sessions};
use crate::telemetry::metrics::Metrics;

fn sessions(world: &World) -> Sessions {
    Sessions::new(SessionParts {
        settings: SessionSettings::default(),
        cookie: SessionCookie::new(true, true),
        keys: &Keys::new(&Secret::new("current"), &[]),
        store: Arc::new(MemoryStore::new(100)),
        clock: world.clock.clone(),
        tasks: Tasks::new(),
        meter: Metrics::new().sessions().clone(),
    })
}

async fn opened(sessions: &Sessions, cookie: &str) -> Session {
    let mut headers = HeaderMap::new();
    if !cookie.is_empty() {
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
    }
    sessions.open(&headers, IpAddr::V4(Ipv4Addr::LOCALHOST)).await
}

#[tokio::test]
async fn a_session_is_shown_as_it_stands() {
    let world = World::new();
    let sessions = sessions(&world);
    let shown = |session: &Session| SessionShown::of(session);
    let session = opened(&sessions, "").await;
    assert!(matches!(shown(&session), SessionShown::None));
    assert!(matches!(shown(&opened(&sessions, "__Host-session=junk").await), SessionShown::Dead));

    // A visitor signs in; the tokens of that very answer are good from then on.
    let (exchange, _) = world.admit(shown(&session), true, Request::new(Body::empty())).await;
    let tokens = CsrfTokens { exchange };
    let user = random::uuid(&world.clock);
    session.sign_in(user, sessions.epoch(user).await.unwrap()).unwrap();
    tokens.rebind(session.csrf_secrets());
    let token = tokens.token();
    let line = sessions.save(&session, StatusCode::OK).await.unwrap().unwrap();
    let cookie = line.to_str().unwrap().split(';').next().unwrap().to_owned();

    let request = || post().header("origin", OWN).header("x-csrf-token", &token).body(Body::empty()).unwrap();
    let next = opened(&sessions, &cookie).await;
    assert!(matches!(shown(&next), SessionShown::Live(_)));
    assert_eq!(world.verdict(shown(&next), false, request()).await, "");

    // After the session has ended, neither cookie nor token is worth anything.
    world.hands.advance(SessionSettings::default().lifetime);
    let late = opened(&sessions, &cookie).await;
    assert!(matches!(shown(&late), SessionShown::Dead));
    assert_eq!(world.verdict(shown(&late), true, request()).await, "visit_missing");
}
