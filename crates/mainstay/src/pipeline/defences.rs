//! The controls of a listener, made once at start.

use std::sync::Arc;

use mainstay_core::Clock;

use super::RequestSettings;
use crate::admission::{Admission, AdmissionSettings};
use crate::controls::cors::{Cors, CorsSettings};
use crate::controls::csrf::{Csrf, CsrfSettings};
use crate::controls::headers::{HstsSettings, SecurityHeaders};
use crate::degradation::Degraded;
use crate::identity::Callers;
use crate::keys::Keys;
use crate::limits::Limiter;
use crate::settings::secret_key;

/// What every request of a listener is judged by, beside the row of its route.
pub struct Defences {
    pub(super) requests: RequestSettings,
    pub(super) cors: Cors,
    pub(super) headers: SecurityHeaders,
    pub(super) csrf: Arc<Csrf>,
    pub(super) callers: Callers,
    pub(super) limiter: Limiter,
    pub(super) degraded: Degraded,
    pub(super) admission: Admission,
    pub(super) tells_causes: bool,
}

/// What [`Defences`] are made of.
pub struct DefenceParts<'a> {
    /// What a request may bring.
    pub requests: RequestSettings,
    /// Which other origins may read answers.
    pub cors: &'a CorsSettings,
    /// How changes show where they come from.
    pub csrf: &'a CsrfSettings,
    /// What is promised about https.
    pub hsts: &'a HstsSettings,
    /// The origin that people use, such as `https://app.example.org`.
    pub public_origin: &'a str,
    /// Who sign in here.
    pub callers: Callers,
    /// How much work is taken on at once.
    pub admission: Admission,
    /// The keys of the service.
    pub keys: &'a Keys,
    /// The clock.
    pub clock: Clock,
}

impl Defences {
    /// Makes the controls.
    pub fn new(parts: DefenceParts<'_>) -> Self {
        let DefenceParts { requests, cors, csrf, hsts, public_origin, callers, admission, keys, clock } =
            parts;
        let is_https = public_origin.starts_with("https://");
        let limiter = Limiter::in_memory(&requests.limits, &clock);
        Self {
            requests,
            cors: Cors::new(cors),
            headers: SecurityHeaders::new(hsts, is_https),
            csrf: Csrf::new(csrf, public_origin, keys, clock),
            callers,
            limiter,
            degraded: Degraded::never(),
            admission,
            tells_causes: false,
        }
    }

    /// The same, which counts requests together with others. By themselves they count alone, in memory.
    #[must_use]
    pub fn limiting(self, limiter: Limiter) -> Self {
        Self { limiter, ..self }
    }

    /// With something to fall back on while the database is not well.
    #[must_use]
    pub fn degrading(self, degraded: Degraded) -> Self {
        Self { degraded, ..self }
    }

    /// With refusals that tell their causes, for a developer. By themselves only the log does.
    #[must_use]
    pub fn telling_causes(self, tells_causes: bool) -> Self {
        Self { tells_causes, ..self }
    }

    /// The controls of a listener where nobody signs in, with keys of their own: whatever demands a role is
    /// unreachable there. For tests, and for tools that serve nothing but what is public.
    pub fn for_nobody(requests: RequestSettings, clock: Clock) -> Self {
        Self::new(DefenceParts {
            requests,
            cors: &CorsSettings::default(),
            csrf: &CsrfSettings::default(),
            hsts: &HstsSettings::default(),
            public_origin: "http://localhost",
            callers: Callers::nobody(),
            admission: Admission::new(&AdmissionSettings::default(), &clock),
            keys: &Keys::new(&secret_key::generate(), &[]),
            clock,
        })
    }
}
