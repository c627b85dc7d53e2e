//! A browser, as far as the service can tell: it keeps cookies, says where its requests come from, and brings back the
//! token that it was given.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use crate::{Answer, Client};

/// Where a page learns its token and whether anybody is signed in.
const SESSION: &str = "/api/v1/auth/session";
const LOGIN: &str = "/api/v1/auth/login";
/// What the session's cookie is called, by plain `http` and by `https`.
const SESSION_COOKIES: [&str; 2] = ["session", "__Host-session"];

/// Somebody's browser.
#[derive(Clone, Debug)]
pub struct Browser {
    client: Client,
    origin: String,
    cookies: BTreeMap<String, String>,
    token: Option<String>,
}

impl Browser {
    /// A browser that has asked for nothing yet, of somebody who knows the service by its address.
    pub fn new(client: Client) -> Self {
        let origin = format!("http://{}", client.address());
        Self { client, origin, cookies: BTreeMap::new(), token: None }
    }

    /// The browser with a page of the service open, which people know as `origin`.
    ///
    /// # Panics
    ///
    /// As [`Client::send`], and when the page holds no token.
    pub async fn open(client: Client, origin: &str) -> Self {
        let mut browser = Self { origin: origin.to_owned(), ..Self::new(client) };
        browser.get(SESSION).await;
        assert!(browser.token.is_some(), "a page with a token");
        browser
    }

    /// The browser of somebody who has signed in.
    ///
    /// # Panics
    ///
    /// As [`Browser::open`] and [`Browser::sign_in`].
    pub async fn signed_in(client: Client, name: &str, password: &str) -> Self {
        let origin = format!("http://{}", client.address());
        let mut browser = Self::open(client, &origin).await;
        browser.sign_in(name, password).await;
        browser
    }

    /// Signs in, by JSON.
    ///
    /// # Panics
    ///
    /// As [`Client::send`], and when the service does not let them in.
    pub async fn sign_in(&mut self, name: &str, password: &str) {
        let credentials = json!({ "username": name, "password": password });
        let answer = self.json(Method::POST, LOGIN, &credentials).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }

    /// Who the service thinks this is.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn name(&mut self) -> Option<String> {
        let answer = self.get(SESSION).await;
        answer.json()["user"]["name"].as_str().map(str::to_owned)
    }

    /// The token that pages of this browser send along; empty where none was given yet.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The session's cookie.
    pub fn session(&self) -> Option<&str> {
        SESSION_COOKIES.iter().find_map(|name| self.cookies.get(*name)).map(String::as_str)
    }

    /// The same browser with another session's cookie, or none.
    #[must_use]
    pub fn with_session(&self, cookie: Option<&str>) -> Self {
        let mut other = self.clone();
        let held = SESSION_COOKIES.iter().find(|name| self.cookies.contains_key(**name));
        let name = held.copied().unwrap_or(SESSION_COOKIES[0]).to_owned();
        match cookie {
            Some(cookie) => other.cookies.insert(name, cookie.to_owned()),
            None => other.cookies.remove(&name),
        };
        other
    }

    /// The cookies, as they are sent.
    pub fn cookies(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// `GET`.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send_with_token(Method::GET, path, None, Bytes::new()).await
    }

    /// `DELETE`, with the token.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn delete(&mut self, path: &str) -> Answer {
        self.send_with_token(Method::DELETE, path, None, Bytes::new()).await
    }

    /// Sends JSON, with the token.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        self.send_with_token(method, path, Some("application/json"), body.to_string().into()).await
    }

    /// Sends a form; the token is among its fields, where the page put it, and nowhere else.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+")));
        let body = pairs.collect::<Vec<_>>().join("&");
        self.token = None;
        self.send_with_token(Method::POST, path, Some("application/x-www-form-urlencoded"), body.into()).await
    }

    /// A request that a page of the service makes: with cookies, and without the token.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = self.client.request(method, path).header(header::ORIGIN, &self.origin);
        let request = request.header("sec-fetch-site", "same-origin");
        if self.cookies.is_empty() { request } else { request.header(header::COOKIE, self.cookies()) }
    }

    /// Sends a request, and keeps the cookies and the token of its answer.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn send(&mut self, request: Request<Bytes>) -> Answer {
        let answer = self.client.send(request).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a plain cookie");
            let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie");
            if value.is_empty() || line.contains("Max-Age=0") {
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

    async fn send_with_token(
        &mut self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Answer {
        let mut request = self.request(method, path);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(token) = &self.token {
            request = request.header("x-csrf-token", token);
        }
        self.send(request.body(body).expect("a request")).await
    }
}
