//! The tables of the module, row by row, through the function that the pipeline calls.

mod desk;
mod django;
mod due;
mod forms;
mod matrix;
mod session;
mod settings;
mod source;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Method, Request, header};
use mainstay_core::{Clock, ManualClock, Secret};

use super::visit::Visit;
use super::*;
use crate::accept::Peer;
use crate::controls::client::TrustedProxies;
use crate::routes::RouteTable;

/// The origin of the service, and one that it trusts.
const OWN: &str = "https://app.example.org";
const TRUSTED: &str = "https://admin.example.org";

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=x";

/// A service with two sessions and a visitor.
struct World {
    csrf: Arc<Csrf>,
    former_key: Arc<Csrf>,
    other_key: Arc<Csrf>,
    clock: Clock,
    hands: ManualClock,
    secrets: CsrfSecrets,
    /// Tokens of the session before it changed its secret, one of them too long ago.
    former: [CsrfSecrets; 2],
    visit: Visit,
}

fn csrf(keys: &Keys, clock: &Clock, mode: CsrfMode, origin: &str) -> Arc<Csrf> {
    let trusted_origins = vec![Origin::of_browser_form(TRUSTED)];
    Csrf::new(&CsrfSettings { mode, trusted_origins }, origin, keys, clock.clone())
}

impl World {
    fn new() -> Self {
        Self::with(CsrfMode::Enforce, OWN)
    }

    fn with(mode: CsrfMode, origin: &str) -> Self {
        let (clock, hands) = Clock::manual();
        let [current, former, other] = ["current", "former", "other"].map(Secret::new);
        let csrf_with = |keys: &Keys| csrf(keys, &clock, mode, origin);
        let first = CsrfSecrets::new();
        let second = first.rotated(clock.timestamp());
        hands.advance(Duration::from_mins(5));
        let secrets = second.rotated(clock.timestamp());
        hands.advance(Duration::from_mins(1));
        Self {
            csrf: csrf_with(&Keys::new(&current, std::slice::from_ref(&former))),
            former_key: csrf_with(&Keys::new(&former, &[])),
            other_key: csrf_with(&Keys::new(&other, &[])),
            visit: Visit::begin(clock.timestamp()),
            secrets,
            former: [second, first],
            clock,
            hands,
        }
    }

    /// A text in the place of a token, by its kind.
    fn token(&self, kind: &str) -> String {
        let of =
            |csrf: &Csrf, secrets: &CsrfSecrets| token::issue(&csrf.mac, Holder::Session, secrets.current());
        let good = of(&self.csrf, &self.secrets);
        match kind {
            "session" => good,
            "former" => of(&self.csrf, &self.former[0]),
            "too-former" => of(&self.csrf, &self.former[1]),
            "foreign" => of(&self.csrf, &CsrfSecrets::new()),
            "former-key" => of(&self.former_key, &self.secrets),
            "other-key" => of(&self.other_key, &self.secrets),
            "visit" => token::issue(&self.csrf.mac, Holder::Visitor, self.visit.secret()),
            "foreign-visit" => {
                token::issue(&self.csrf.mac, Holder::Visitor, Visit::begin(self.clock.timestamp()).secret())
            }
            // The same secret, but for the other holder.
            "session-as-visit" => token::issue(&self.csrf.mac, Holder::Visitor, self.secrets.current()),
            "empty" => String::new(),
            "short" => good[..60].to_owned(),
            "long" => format!("{good}AAAA"),
            "odd" => format!("{}!", &good[1..]),
            "padded" => format!("{}=", &good[1..]),
            "spaced" => format!(" {}", &good[1..]),
            "flipped" => format!("{}{}", if good.starts_with('A') { 'B' } else { 'A' }, &good[1..]),
            "swapped-case" => good
                .chars()
                .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect(),
            "zero" => "A".repeat(64),
            "huge" => "A".repeat(100_000),
            "session-id" => "0123456789abcdef0123456789abcdef".to_owned(),
            _ => unreachable!("{kind}"),
        }
    }

    /// The value of a visitor's cookie, by its kind.
    fn cookie(&self, kind: &str) -> String {
        let line = |csrf: &Csrf, visit: &Visit| {
            let line = csrf.cookie.set(&csrf.mac, visit).unwrap();
            line.to_str().unwrap().split(';').next().unwrap().to_owned()
        };
        let good = line(&self.csrf, &self.visit);
        match kind {
            "visit" => good,
            "visit-former-key" => line(&self.former_key, &self.visit),
            "visit-forged" => line(&self.other_key, &self.visit),
            "visit-doubled" => format!("{good}; a=b; {good}"),
            "visit-planted" => format!("__Host-csrf=planted; {good}"),
            "visit-malformed" => "__Host-csrf=x".to_owned(),
            "visit-unprefixed" => good.replace("__Host-csrf", "csrf"),
            "visit-prefixed" => good.replace("__Host-csrf", "__Host-csrf2"),
            "visit-short" => good[..good.len() - 4].to_owned(),
            "visit-late" => {
                let ended = self.clock.timestamp() - Duration::from_hours(12);
                line(&self.csrf, &Visit::begin(ended))
            }
            _ => unreachable!("{kind}"),
        }
    }

    fn session(&self, kind: &str) -> SessionShown {
        match kind {
            "live" => SessionShown::Live(self.secrets.clone()),
            "dead" => SessionShown::Dead,
            "none" => SessionShown::None,
            _ => unreachable!("{kind}"),
        }
    }

    /// What becomes of a request: the name of the check that failed, nothing if none did.
    async fn verdict(&self, session: SessionShown, is_public: bool, request: Request<Body>) -> String {
        let result = self.admit(session, is_public, request).await.1;
        result.map_or_else(|refusal| check_of(&refusal), |_| String::new())
    }

    async fn admit(
        &self,
        session: SessionShown,
        is_public: bool,
        request: Request<Body>,
    ) -> (Exchange, Result<Request<Body>, Refusal>) {
        let (head, body) = request.into_parts();
        let exchange = exchange(&head, &self.clock);
        self.csrf.open(&exchange, session, &head.headers);
        let admitted = self.csrf.admit(&exchange, is_public, Request::from_parts(head, body)).await;
        (exchange, admitted)
    }
}

fn exchange(head: &http::request::Parts, clock: &Clock) -> Exchange {
    let address = "192.0.2.1:4711".parse().unwrap();
    let peer = Peer { address, local: address };
    Exchange::open(head, &peer, RouteTable::default(), &TrustedProxies::default(), clock)
}

/// The check that a refusal names, proven by its cause and told in its text.
fn check_of(refusal: &Refusal) -> String {
    let Some(failure) = refusal.cause().and_then(|cause| cause.downcast_ref::<CsrfFailure>()) else {
        return refusal.code().as_str().to_owned();
    };
    assert_eq!(refusal.code(), crate::ErrorCode::CsrfFailed);
    assert!(refusal.text().contains(&failure.to_string()), "{}", refusal.text());
    failure.check().to_owned()
}

fn post() -> http::request::Builder {
    Request::builder().method(Method::POST).uri("/api/things").header(header::HOST, "app.example.org")
}

fn part(name: &str, value: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}
