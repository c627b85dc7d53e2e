//! A browser: keeps cookies, says where its requests come from, and knows the token of its pages.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::json;

use crate::{Answer, Client};

/// Where a page learns its token and whether anybody is signed in.
const SESSION: &str = "/api/v1/auth/session";
const LOGIN: &str = "/api/v1/auth/login";

/// A browser with a page of the service open.
#[derive(Clone, Debug)]
pub struct Browser {
    client: Client,
    origin: String,
    cookies: BTreeMap<String, String>,
    token: String,
}

impl Browser {
    /// Opens a page of a service whose people use `origin`.
    ///
    /// # Panics
    ///
    /// As [`Client::send`], and when the page holds no token.
    pub async fn open(client: Client, origin: &str) -> Self {
        let cookies = BTreeMap::new();
        let mut browser = Self { client, origin: origin.to_owned(), cookies, token: String::new() };
        browser.reload().await;
        browser
    }

    /// Signs in.
    ///
    /// # Panics
    ///
    /// As [`Client::send`], and when the service does not let them in.
    pub async fn sign_in(&mut self, name: &str, password: &str) {
        let request = self.request(Method::POST, LOGIN).header("x-csrf-token", self.token());
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let body = json!({ "username": name, "password": password }).to_string();
        let answer = self.send(request.body(Bytes::from(body)).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        self.reload().await;
    }

    /// Fetches a page again, and with it a token.
    ///
    /// # Panics
    ///
    /// As [`Browser::open`].
    pub async fn reload(&mut self) {
        let request = self.request(Method::GET, SESSION);
        let answer = self.send(request.body(Bytes::new()).expect("a request")).await;
        let token = answer.json()["csrf_token"].as_str().map(str::to_owned);
        self.token = token.expect("a page with a token");
    }

    /// The token that pages of this browser send along.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The cookies, as they are sent.
    pub fn cookies(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// A request that a page of the service makes: with cookies, and without the token.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = self.client.request(method, path).header(header::ORIGIN, &self.origin);
        let request = request.header("sec-fetch-site", "same-origin");
        if self.cookies.is_empty() { request } else { request.header(header::COOKIE, self.cookies()) }
    }

    /// Sends a request, and keeps the cookies of its answer.
    ///
    /// # Panics
    ///
    /// As [`Client::send`].
    pub async fn send(&mut self, request: Request<Bytes>) -> Answer {
        let answer = self.client.send(request).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a plain cookie");
            let (name, value) =
                line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if value.is_empty() || line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}
