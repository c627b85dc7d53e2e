//! The last good answers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use mainstay_core::Clock;
use tokio::time::Instant;

use crate::Role;

/// The largest body that is kept.
const LARGEST: usize = 256 * 1024;

/// An answer is kept anew when the one before it is at least as old: at many requests a second, most only look.
const RENEW: Duration = Duration::from_secs(1);

/// What an entry takes beyond its body and its key, more or less: the headers, the tables.
const OVERHEAD: usize = 1024;

/// What an answer depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Path and query as sent.
    pub(super) target: String,
    pub(super) role: Option<Role>,
    /// `Accept` as sent.
    pub(super) accept: Option<HeaderValue>,
}

/// Answers by their key, within a number of bytes.
///
/// Two generations of half that size: when the younger is full it becomes the older, and that is forgotten. Nothing has to be
/// searched for, and what was asked for of late stays.
pub(super) struct LastAnswers {
    clock: Clock,
    half: usize,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Kept>,
    young_bytes: usize,
    old: HashMap<Key, Kept>,
}

#[derive(Clone)]
struct Kept {
    headers: HeaderMap,
    body: Bytes,
    at: Instant,
}

impl LastAnswers {
    pub(super) fn new(bytes: usize, clock: &Clock) -> Self {
        Self { clock: clock.clone(), half: bytes / 2, generations: Mutex::default() }
    }

    /// Keeps a copy of an answer, if it may be kept. An answer whose body fails is gone.
    pub(super) async fn keep(&self, key: Key, answer: Response) -> Result<Response, axum::Error> {
        if !may_be_kept(&answer) || self.is_fresh(&key) {
            return Ok(answer);
        }
        let (head, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, LARGEST).await?;
        let kept = Kept { headers: head.headers.clone(), body: body.clone(), at: self.clock.now() };
        self.generations().put(key, kept, self.half);
        Ok(Response::from_parts(head, Body::from(body)))
    }

    /// The answer of this key, if it is no older than `max_age`. Says how old it is.
    pub(super) fn find(&self, key: &Key, max_age: Duration) -> Option<Response> {
        let kept = self.generations().get(key)?.clone();
        let age = self.clock.now() - kept.at;
        (age <= max_age).then(|| kept.answer(age))
    }

    fn is_fresh(&self, key: &Key) -> bool {
        let now = self.clock.now();
        self.generations().young.get(key).is_some_and(|kept| now - kept.at < RENEW)
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        // Maps whose entries stand alone: a panic elsewhere cannot leave them half written.
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn put(&mut self, key: Key, kept: Kept, half: usize) {
        let size = kept.size(&key);
        if size > half {
            return;
        }
        if let Some(before) = self.young.remove(&key) {
            self.young_bytes -= before.size(&key);
        }
        if self.young_bytes + size > half {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += size;
        self.young.insert(key, kept);
    }

    fn get(&self, key: &Key) -> Option<&Kept> {
        self.young.get(key).or_else(|| self.old.get(key))
    }
}

impl Kept {
    fn size(&self, key: &Key) -> usize {
        let accept = key.accept.as_ref().map_or(0, HeaderValue::len);
        OVERHEAD + self.body.len() + key.target.len() + accept
    }

    fn answer(self, age: Duration) -> Response {
        let mut answer = Response::new(Body::from(self.body));
        *answer.headers_mut() = self.headers;
        answer.headers_mut().insert(header::AGE, HeaderValue::from(age.as_secs()));
        // Out of use in newer specifications, and still the one word that says it.
        let stale = HeaderValue::from_static("110 - \"Response is Stale\"");
        answer.headers_mut().insert(header::WARNING, stale);
        answer
    }
}

/// Whether nothing about an answer says that it is for this caller only, or too much.
fn may_be_kept(answer: &Response) -> bool {
    let headers = answer.headers();
    let says = |name: HeaderName, word: &str| {
        let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let only_by_accept = headers.get_all(header::VARY).into_iter().all(|value| {
        let names = value.to_str().unwrap_or("*").split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).all(|name| name.eq_ignore_ascii_case("accept"))
    });
    answer.status() == StatusCode::OK
        && only_by_accept
        && !headers.contains_key(header::SET_COOKIE)
        && !says(header::CACHE_CONTROL, "no-store")
        && !says(header::CACHE_CONTROL, "private")
        && answer.body().size_hint().exact().is_some_and(|bytes| bytes <= LARGEST as u64)
}
