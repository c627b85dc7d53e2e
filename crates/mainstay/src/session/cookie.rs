//! The cookie that carries a token.
//!
//! | | `https`, or a strict environment | plain `http` in development and test |
//! |---|---|---|
//! | name | `__Host-session` | `session` |
//! | attributes | `Path=/; HttpOnly; SameSite=Lax; Secure` | `Path=/; HttpOnly; SameSite=Lax` |
//!
//! `__Host-` makes browsers refuse the cookie from anybody but this very host, sibling subdomains included. `Lax`
//! lets people arrive by a link and still be signed in; `Strict` would not.
//!
//! # What a request brings
//!
//! | cookies of our name | the request has |
//! |---|---|
//! | none | no token |
//! | one that reads as a token | that token |
//! | one that does not | no token, and the cookie is taken back |
//! | two or more, whatever they hold | no token: one of them was planted, and nobody can tell which |

use http::{HeaderMap, HeaderValue, header};

use super::expiry::Expiry;
use super::token::{TOKEN_CHARACTERS, Token};
use jiff::Timestamp;

const NAME: &str = "session";
const HOST_NAME: &str = "__Host-session";

/// Browsers drop a cookie whose name and value are longer.
const MAX_COOKIE_BYTES: usize = 4096;
const _: () = assert!(HOST_NAME.len() + TOKEN_CHARACTERS <= MAX_COOKIE_BYTES);

/// How the cookie of this service is written and found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    secure: bool,
}

/// What a request brought.
#[derive(Debug)]
pub(super) enum Presented {
    Nothing,
    Token(Token),
    Malformed,
    Doubled,
}

impl SessionCookie {
    /// The cookie of a service that people reach by `https`, or not; in a strict environment it is for `https` in
    /// any case.
    pub const fn new(is_https: bool, is_strict: bool) -> Self {
        Self { secure: is_https || is_strict }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        if self.secure { HOST_NAME } else { NAME }
    }

    /// Finds the token of a request by the table above. The cookies may come in several lines.
    pub(super) fn find(self, headers: &HeaderMap) -> Presented {
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let mut ours = pairs.filter_map(|pair| self.value(pair));
        match (ours.next(), ours.next()) {
            (None, _) => Presented::Nothing,
            (Some(_), Some(_)) => Presented::Doubled,
            (Some(value), None) => Token::parse(value).map_or(Presented::Malformed, Presented::Token),
        }
    }

    /// The value of a pair, if its name is ours. A pair without `=` has a value and no name.
    fn value(self, pair: &[u8]) -> Option<&[u8]> {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair[..at].trim_ascii(), pair[at + 1..].trim_ascii());
        (name == self.name().as_bytes()).then_some(value)
    }

    /// Gives the browser a token for as long as the session may last.
    pub(super) fn set(self, token: &Token, expiry: &Expiry, now: Timestamp) -> HeaderValue {
        self.line(&token.encode(), expiry.max_age(now).as_secs())
    }

    /// Takes the cookie back. Browsers only find it if everything but the value is repeated.
    pub(super) fn remove(self) -> HeaderValue {
        self.line("", 0)
    }

    fn line(self, value: &str, max_age: u64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name();
        let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={max_age}");
        // Letters, digits and punctuation of a header: this cannot fail.
        let mut line = HeaderValue::try_from(line).unwrap_or(HeaderValue::from_static(""));
        line.set_sensitive(true);
        line
    }
}
