//! The routes, behind the pipeline, as a browser and a program see them.

mod caching;
mod pages;
mod password;
mod records;
mod sessions;
mod tokens;

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode, header};
use mainstay_core::Secret;
use serde_json::{Value, json};

use crate::accept::Peer;
use crate::admission::{Admission, AdmissionSettings};
use crate::controls::cors::CorsSettings;
use crate::controls::headers::HstsSettings;
use crate::identity::tests::{CHEAP, Fixture, PASSWORD};
use crate::identity::{Callers, Identity};
use crate::keys::Keys;
use crate::pipeline::{DefenceParts, Defences, RequestSettings};
use crate::routes::Cache;
use crate::session::Session;
use crate::telemetry::metrics::Metrics;
use crate::{CsrfSettings, Edge, ErrorCode, Json, Role, Routes};

const ORIGIN: &str = "http://localhost:8080";

/// A service with the routes of accounts, one for viewers and one for operators, and three that caches may keep.
struct Site {
    fixture: Fixture,
    edge: Edge,
}

/// A browser: keeps cookies, and the token that it was given last.
struct Browser<'a> {
    site: &'a Site,
    cookies: BTreeMap<String, String>,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

async fn greet(identity: Identity) -> Json<String> {
    Json(identity.name.to_string())
}

async fn greet_anybody(identity: Option<Identity>) -> Json<String> {
    Json(identity.map_or_else(|| "stranger".to_owned(), |identity| identity.name.to_string()))
}

impl Site {
    async fn new() -> Self {
        let fixture = Fixture::with(CHEAP, None).await;
        let defences = Defences::new(DefenceParts {
            requests: RequestSettings::default(),
            cors: &CorsSettings::default(),
            csrf: &CsrfSettings::default(),
            hsts: &HstsSettings::default(),
            public_origin: ORIGIN,
            callers: Callers::known_to(fixture.accounts.people()),
            admission: Admission::new(&AdmissionSettings::default(), &fixture.clock),
            keys: &Keys::new(&Secret::new("the secret of this test"), &[]),
            clock: fixture.clock.clone(),
        });
        let edge = Edge::new(defences, fixture.clock.clone(), Metrics::new().http().clone());
        let own = Routes::new()
            .get("/see", greet)
            .role(Role::Viewer)
            .get("/run", greet)
            .role(Role::Operator)
            .get("/same", async || Json(1))
            .public()
            .cache(Cache::Public(60))
            .get("/whose", greet_anybody)
            .public()
            .cache(Cache::Public(60))
            .get("/known", async |session: Session| Json(session.subject().is_some()))
            .public()
            .cache(Cache::Public(60));
        let pages = super::pages(&fixture.accounts).unwrap();
        let api = super::api().with_state(fixture.accounts.clone());
        edge.install(own.merge(pages).merge(api), ErrorCode::NotFound).unwrap();
        Self { fixture, edge }
    }

    fn browser(&self) -> Browser<'_> {
        Browser { site: self, cookies: BTreeMap::new(), token: None }
    }

    /// A browser in which somebody has signed in.
    async fn signed_in(&self, name: &str, password: &str) -> Browser<'_> {
        let mut browser = self.browser();
        let reply = browser.sign_in(name, password).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        browser
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let peer =
            Peer { address: "192.0.2.1:4711".parse().unwrap(), local: "127.0.0.1:8080".parse().unwrap() };
        let (head, body) = self.edge.answer(request, peer).await.into_parts();
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().into()).unwrap();
        Reply { status: head.status, headers: head.headers, text }
    }

    /// A request of a program that brings an API token and nothing else.
    async fn program(&self, method: Method, path: &str, token: &str) -> Reply {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost:8080");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

impl Browser<'_> {
    async fn get(&mut self, path: &str) -> Reply {
        self.send(Method::GET, path, None, String::new()).await
    }

    async fn json(&mut self, method: Method, path: &str, body: &Value) -> Reply {
        self.send(method, path, Some("application/json"), body.to_string()).await
    }

    async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let fields = serde_urlencoded::to_string(fields).unwrap();
        self.send(Method::POST, path, Some("application/x-www-form-urlencoded"), fields).await
    }

    async fn delete(&mut self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, String::new()).await
    }

    /// Fetches a token, as a page would, and signs in.
    async fn sign_in(&mut self, name: &str, password: &str) -> Reply {
        self.get("/api/v1/auth/session").await;
        let credentials = json!({ "username": name, "password": password });
        self.json(Method::POST, "/api/v1/auth/login", &credentials).await
    }

    async fn send(&mut self, method: Method, path: &str, content_type: Option<&str>, body: String) -> Reply {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost:8080");
        let mut request = request.header(header::ORIGIN, ORIGIN).body(Body::from(body.clone())).unwrap();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        headers.insert(header::USER_AGENT, "A browser".parse().unwrap());
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        if let Some(token) = &self.token {
            headers.insert("x-csrf-token", token.parse().unwrap());
        }
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            headers.insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let reply = self.site.send(request).await;
        self.take_cookies(&reply);
        if let Some(token) = reply.value()["csrf_token"].as_str() {
            self.token = Some(token.to_owned());
        }
        reply
    }

    fn take_cookies(&mut self, reply: &Reply) {
        for line in reply.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Who the service thinks this is.
    async fn name(&mut self) -> Option<String> {
        let reply = self.get("/api/v1/auth/session").await;
        reply.value()["user"]["name"].as_str().map(str::to_owned)
    }
}

impl Reply {
    fn value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The code of a refusal.
    fn code(&self) -> Option<String> {
        self.value()["error"]["code"].as_str().map(str::to_owned)
    }
}
