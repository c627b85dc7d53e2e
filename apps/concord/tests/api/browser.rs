//! A browser, as far as the service can tell: it keeps cookies, and brings back the token that it was given.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, header};
use mainstay_testkit::{Answer, Client};
use serde_json::{Value, json};

/// Somebody's browser.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
    token: Option<String>,
}

impl Browser {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, cookies: BTreeMap::new(), token: None }
    }

    /// A browser of somebody who has signed in by JSON.
    pub(crate) async fn signed_in(client: Client, name: &str, password: &str) -> Self {
        let mut browser = Self::new(client);
        browser.get("/api/v1/auth/session").await;
        let credentials = json!({ "username": name, "password": password });
        let answer = browser.json(Method::POST, "/api/v1/auth/login", &credentials).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        browser
    }

    /// The session's cookie.
    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies.get("session").map(String::as_str)
    }

    /// The same browser with another session's cookie, or none.
    pub(crate) fn with_session(&self, cookie: Option<&str>) -> Self {
        let mut other = self.clone();
        match cookie {
            Some(cookie) => other.cookies.insert("session".to_owned(), cookie.to_owned()),
            None => other.cookies.remove("session"),
        };
        other
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Bytes::new()).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, Bytes::new()).await
    }

    pub(crate) async fn json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(method, path, Some("application/json"), body.to_string().into()).await
    }

    /// Sends a form; the token against forgery is in it where the page put it.
    pub(crate) async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+")));
        let body = pairs.collect::<Vec<_>>().join("&");
        self.token = None;
        self.send(Method::POST, path, Some("application/x-www-form-urlencoded"), body.into()).await
    }

    /// Who the service thinks this is.
    pub(crate) async fn name(&mut self) -> Option<String> {
        let answer = self.get("/api/v1/auth/session").await;
        answer.json()["user"]["name"].as_str().map(str::to_owned)
    }

    async fn send(&mut self, method: Method, path: &str, content_type: Option<&str>, body: Bytes) -> Answer {
        let origin = format!("http://{}", self.client.address());
        let mut request = self.client.request(method, path).header(header::ORIGIN, origin);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(token) = &self.token {
            request = request.header("x-csrf-token", token);
        }
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header(header::COOKIE, cookies.collect::<Vec<_>>().join("; "));
        }
        let answer = self.client.send(request.body(body).unwrap()).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        if let Some(token) = body["csrf_token"].as_str() {
            self.token = Some(token.to_owned());
        }
        answer
    }
}
