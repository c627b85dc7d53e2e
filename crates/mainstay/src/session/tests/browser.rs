//! A browser, as far as sessions notice one.

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::session::{Session, SessionError, Sessions, UserId};

/// Keeps the session cookie, and sends it.
#[derive(Clone)]
pub(super) struct Browser {
    pub(super) sessions: Sessions,
    /// `name=value`.
    pub(super) cookie: Option<String>,
}

impl Browser {
    pub(super) fn new(sessions: Sessions) -> Self {
        Self { sessions, cookie: None }
    }

    /// A request reaches its handler.
    pub(super) async fn open(&self) -> Session {
        open(&self.sessions, self.cookie.as_deref().unwrap_or_default()).await
    }

    /// A whole request with a good answer.
    pub(super) async fn visit(&mut self, handler: impl FnOnce(&Session)) -> Result<(), SessionError> {
        let session = self.open().await;
        handler(&session);
        let line = self.sessions.save(&session, StatusCode::OK).await?;
        self.receive(line.as_ref());
        Ok(())
    }

    pub(super) async fn sign_in(&mut self, user: UserId) {
        let epoch = self.sessions.epoch(user).await.unwrap();
        self.visit(|session| session.sign_in(user, epoch).unwrap()).await.unwrap();
    }

    /// An answer arrives.
    pub(super) fn receive(&mut self, line: Option<&HeaderValue>) {
        let Some(line) = line else { return };
        let line = line.to_str().unwrap();
        let pair = line.split(';').next().unwrap();
        self.cookie = (!line.ends_with("Max-Age=0")).then(|| pair.to_owned());
    }

    pub(super) fn cookie(&self) -> String {
        self.cookie.clone().expect("a cookie")
    }
}

/// A request with this `Cookie` line.
pub(super) async fn open(sessions: &Sessions, cookie: &str) -> Session {
    let mut headers = HeaderMap::new();
    if !cookie.is_empty() {
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
    }
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Test/1.0"));
    sessions.open(&headers, [192, 0, 2, 1].into()).await
}
