//! What every answer tells browsers about itself.
//!
//! | header | value |
//! |---|---|
//! | `X-Content-Type-Options` | `nosniff` |
//! | `Referrer-Policy` | `same-origin`: our own forms keep their `Origin`, others learn nothing |
//! | `Permissions-Policy` | the features of the device, all off |
//! | `Cross-Origin-Opener-Policy`, `…-Resource-Policy` | `same-origin` |
//! | `Cross-Origin-Embedder-Policy` | `require-corp` |
//! | `Strict-Transport-Security` | as the settings say, where `PUBLIC_URL` is https |
//! | `Content-Security-Policy` | see below |
//! | `Server`, `X-Powered-By` | taken off |
//!
//! | answer | `Content-Security-Policy` |
//! |---|---|
//! | a page (`text/html`, XHTML) that asked for no nonce | everything from our own origin; no inline code |
//! | a page that asked for one | the same, and inline code with the nonce; the answer is `no-store` |
//! | anything else | `default-src 'none'; frame-ancestors 'none'` |
//!
//! A handler's own value of one of these is replaced, unless its route waives [`Control::Headers`]: then only what
//! is missing is added. Text types name their charset, and no header that has one value leaves with two.
//!
//! [`Control::Headers`]: crate::Control::Headers

mod charset;
mod config;
mod nonce;
#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) use config::EXPLANATIONS;
pub use config::HstsSettings;
pub(crate) use nonce::NonceSlot;
pub use nonce::PageNonce;

const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The policy of pages. A nonce joins the sources of scripts and styles.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                           font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
                           base-uri 'none'; frame-ancestors 'none'";

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), \
                           fullscreen=(self), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
                           midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), usb=(), \
                           xr-spatial-tracking=()";

/// Headers that tell attackers what to look up.
const TAKEN_OFF: [HeaderName; 2] = [header::SERVER, HeaderName::from_static("x-powered-by")];

/// Headers with one value, which handlers or layers may have appended twice.
const SINGLE: [HeaderName; 9] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_DISPOSITION,
    header::CACHE_CONTROL,
    header::ETAG,
    header::LAST_MODIFIED,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("x-request-id"),
];

/// The headers, their values made once.
#[derive(Clone, Debug)]
pub(crate) struct SecurityHeaders {
    fixed: Vec<(HeaderName, HeaderValue)>,
}

impl SecurityHeaders {
    /// Makes the values. `https` is whether `PUBLIC_URL` is: the promise of https is made nowhere else.
    pub(crate) fn new(settings: &HstsSettings, https: bool) -> Self {
        let mut fixed = vec![
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("same-origin"),
            ),
            (
                HeaderName::from_static("cross-origin-embedder-policy"),
                HeaderValue::from_static("require-corp"),
            ),
        ];
        let promise = https.then(|| transport_promise(settings)).flatten();
        fixed.extend(promise.map(|value| (header::STRICT_TRANSPORT_SECURITY, value)));
        Self { fixed }
    }

    /// The headers as lines of HTTP/1.1, for answers to what never became a request.
    pub(crate) fn lines(&self) -> String {
        let values =
            self.fixed.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let values = values.chain([(header::CONTENT_SECURITY_POLICY.as_str(), API_POLICY)]);
        values.fold(String::new(), |lines, (name, value)| lines + name + ": " + value + "\r\n")
    }

    /// Writes the headers on an answer by the tables above. `has_waiver` is whether the route waives the control,
    /// `nonce` that of the exchange, if anybody asked for one.
    pub(crate) fn seal(&self, has_waiver: bool, nonce: Option<&PageNonce>, headers: &mut HeaderMap) {
        for name in &TAKEN_OFF {
            headers.remove(name);
        }
        keep_last_of_doubled(headers);
        charset::complete(headers);
        let policy = match (is_page(headers), nonce) {
            (true, None) => HeaderValue::from_static(PAGE_POLICY),
            (true, Some(nonce)) => page_policy(nonce),
            (false, _) => HeaderValue::from_static(API_POLICY),
        };
        let values = self.fixed.iter().cloned().chain([(header::CONTENT_SECURITY_POLICY, policy)]);
        for (name, value) in values {
            if !(has_waiver && headers.contains_key(&name)) {
                headers.insert(name, value);
            }
        }
        if nonce.is_some() {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// The value of `Strict-Transport-Security`, where the settings promise anything.
fn transport_promise(settings: &HstsSettings) -> Option<HeaderValue> {
    let seconds = settings.max_age.as_secs();
    let subdomains = if settings.subdomains { "; includeSubDomains" } else { "" };
    let preload = if settings.preload { "; preload" } else { "" };
    (seconds > 0).then(|| HeaderValue::from_str(&format!("max-age={seconds}{subdomains}{preload}")).ok())?
}

fn is_page(headers: &HeaderMap) -> bool {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/html") || essence.eq_ignore_ascii_case("application/xhtml+xml")
}

fn page_policy(nonce: &PageNonce) -> HeaderValue {
    let inline = format!("'self' 'nonce-{nonce}';");
    let policy = PAGE_POLICY.replacen("script-src 'self';", &format!("script-src {inline}"), 1);
    let policy = policy.replacen("style-src 'self';", &format!("style-src {inline}"), 1);
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(PAGE_POLICY))
}

fn keep_last_of_doubled(headers: &mut HeaderMap) {
    for name in &SINGLE {
        let mut values = headers.get_all(name).iter();
        if let Some(last) = values.next_back().filter(|_| values.next().is_some()).cloned() {
            headers.insert(name, last);
        }
    }
}
