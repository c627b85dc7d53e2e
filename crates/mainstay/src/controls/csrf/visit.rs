//! The visit of someone who is not signed in: a cookie of our own making that the token of a form is bound to.
//!
//! Without it a stranger's page could sign a user in under the stranger's account, and read later what the user
//! then writes there. The cookie holds the end of the visit, a random secret and, keyed, the HMAC of both: nothing
//! is kept on our side, and a cookie that we did not make, or made too long ago, is worth nothing. It is set when
//! a page first asks for a token, so pages without forms stay without cookies.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};

use super::CsrfSecret;
use crate::keys::Mac;

/// How long a form can be left open before it is sent.
const LIFETIME: Duration = Duration::from_hours(12);

const TIME_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;
const BYTES: usize = TIME_BYTES + SECRET_BYTES + 32;
const CHARACTERS: usize = BYTES / 3 * 4;

const LABEL: &[u8] = b"cookie of a visitor, v1";

/// Who visits.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    secret: CsrfSecret,
    ends: Timestamp,
}

/// What a request says of its visit.
#[derive(Clone, Debug)]
pub(super) enum Visited {
    /// There is no cookie.
    No,
    /// There is one that is forged, malformed, too old, or there twice.
    Invalid,
    /// There is one of ours.
    Yes(Visit),
}

/// The cookie: its name and what protects it.
#[derive(Clone, Copy, Debug)]
pub(super) struct VisitCookie {
    is_secure: bool,
}

impl Visit {
    pub(super) fn begin(now: Timestamp) -> Self {
        Self { secret: CsrfSecret::generate(), ends: end_after(now) }
    }

    /// The same visit with a later end, once half of its time is over: older forms stay good.
    pub(super) fn renewed(&self, now: Timestamp) -> Option<Self> {
        let is_late =
            self.ends.duration_since(now) * 2 < SignedDuration::try_from(LIFETIME).unwrap_or_default();
        is_late.then(|| Self { secret: self.secret.clone(), ends: end_after(now) })
    }

    pub(super) fn secret(&self) -> &CsrfSecret {
        &self.secret
    }

    fn write(&self, mac: &Mac) -> String {
        let ends = self.ends.as_second().to_be_bytes();
        let tag = mac.sign(&[LABEL, &ends, self.secret.expose()]);
        URL_SAFE_NO_PAD.encode([&ends[..], self.secret.expose(), &tag].concat())
    }

    fn read(mac: &Mac, text: &str, now: Timestamp) -> Option<Self> {
        let mut bytes = [0; BYTES];
        if text.len() != CHARACTERS || URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) != Ok(BYTES) {
            return None;
        }
        let (ends, rest) = bytes.split_first_chunk::<TIME_BYTES>()?;
        let (secret, tag) = rest.split_first_chunk::<SECRET_BYTES>()?;
        if !mac.verify(&[LABEL, ends, secret], tag) {
            return None;
        }
        let ends = Timestamp::from_second(i64::from_be_bytes(*ends)).ok()?;
        (now < ends).then(|| Self { secret: CsrfSecret::from_bytes(*secret), ends })
    }
}

fn end_after(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(LIFETIME).unwrap_or_default()).unwrap_or(now)
}

impl VisitCookie {
    /// Over https the cookie has a name that neither plain http nor a sibling host can set.
    pub(super) fn new(is_secure: bool) -> Self {
        Self { is_secure }
    }

    pub(super) fn name(self) -> &'static str {
        if self.is_secure { "__Host-csrf" } else { "csrf" }
    }

    /// Reads the cookie of a request.
    pub(super) fn read(self, mac: &Mac, headers: &HeaderMap, now: Timestamp) -> Visited {
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.name())
            .map(|(_, value)| value);
        let Some(value) = values.next() else { return Visited::No };
        // Which of two was meant nobody can know; somebody else may have set one of them.
        let is_alone = values.next().is_none();
        Visit::read(mac, value, now).filter(|_| is_alone).map_or(Visited::Invalid, Visited::Yes)
    }

    /// The line that sets the cookie.
    pub(super) fn set(self, mac: &Mac, visit: &Visit) -> Option<HeaderValue> {
        self.line(&visit.write(mac), LIFETIME)
    }

    /// The line that removes it.
    pub(super) fn remove(self) -> Option<HeaderValue> {
        self.line("", Duration::ZERO)
    }

    fn line(self, value: &str, age: Duration) -> Option<HeaderValue> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let (name, age) = (self.name(), age.as_secs());
        let line = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&line).ok()
    }
}
