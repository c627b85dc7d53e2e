//! Which host the client asked for, and whether it is one of ours.
//!
//! The host is resolved once, from the request's own authority; a trusted proxy may say another one, which is read the
//! same way ([`client`](super::client)):
//!
//! | request | host |
//! |---|---|
//! | HTTP/1.1 without `Host`, or with two | refused: `bad_request` |
//! | a target in absolute form, or `:authority`, that differs from `Host` | refused: `bad_request` |
//! | user information, a blank, an empty name, a port that is no number | refused: `bad_request` |
//! | HTTP/1.0 without `Host` | none; only routes that waive the control answer |
//! | anything else | the name in lower case without its trailing dot, and the port |

use http::request::Parts;
use http::{Version, header, uri::Authority};
use mainstay_core::settings::{Invalid, Setting};

use crate::{ErrorCode, Refusal};

/// The host of a request: a name or an address, in lower case, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    /// The name or address, in lower case, without a trailing dot; IPv6 in brackets.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, where one is named.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Reads an authority such as `example.org:8080`; `None` where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let name = authority.host();
        // `as_str` ends where host and port end; a colon without digits leaves no port to read.
        let port_text = text.strip_prefix(name)?;
        let port = match port_text.strip_prefix(':') {
            Some(digits) => Some(digits.parse().ok()?),
            None if port_text.is_empty() => None,
            None => return None,
        };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        (!name.is_empty()).then_some(Self { name, port })
    }
}

/// Reads a host that somebody wrote.
pub(crate) fn read(text: &str) -> Result<Host, Refusal> {
    let invalid = || Refusal::new(ErrorCode::BadRequest).message("The request's host is not valid.");
    Host::parse(text).ok_or_else(invalid)
}

/// Resolves the host of a request by the table above.
pub(crate) fn resolve(parts: &Parts) -> Result<Option<Host>, Refusal> {
    let ambiguous = |message: &'static str| Refusal::new(ErrorCode::BadRequest).message(message);
    let mut fields = parts.headers.get_all(header::HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return Err(ambiguous("The request names more than one host."));
    }
    let field = match field {
        Some(value) => Some(read(value.to_str().unwrap_or_default())?),
        None => None,
    };
    let target = parts.uri.authority().map(|authority| read(authority.as_str())).transpose()?;
    match (target, field) {
        (Some(target), Some(field)) if target != field => {
            Err(ambiguous("The request's target and its Host header name different hosts."))
        }
        (Some(host), _) | (None, Some(host)) => Ok(Some(host)),
        (None, None) if parts.version == Version::HTTP_11 => Err(ambiguous("The request names no host.")),
        (None, None) => Ok(None),
    }
}

/// One entry of `ALLOWED_HOSTS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// `*`: every host.
    Any,
    /// `example.org`: this name or address.
    Exact(String),
    /// `.example.org`: the name itself and everything below it.
    Below(String),
}

impl Setting for HostPattern {
    fn kind() -> &'static str {
        "host"
    }

    fn expected() -> String {
        "a host name or address, `.name` for it and everything below it, or `*`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let (name, make): (_, fn(String) -> Self) = match text.strip_prefix('.') {
            Some(name) => (name, Self::Below),
            None => (text, Self::Exact),
        };
        match Host::parse(name) {
            Some(host) if host.port.is_none() => Ok(make(host.name)),
            Some(_) => Err(Invalid::new("names a port").with_help("leave the port out: it does not matter")),
            None => Err(Invalid::new("is not a host").with_help("write the bare name: no scheme, no path")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Any => "*".to_owned(),
            Self::Exact(name) => name.clone(),
            Self::Below(name) => format!(".{name}"),
        }
    }
}

/// The hosts that this service answers for.
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    patterns: Vec<HostPattern>,
}

impl AllowedHosts {
    /// Answers for these hosts and no others.
    pub fn new(patterns: Vec<HostPattern>) -> Self {
        Self { patterns }
    }

    /// Answers for the names by which a machine calls itself.
    pub fn loopback() -> Self {
        let exact = |name: &str| HostPattern::Exact(name.to_owned());
        Self::new(["localhost", "127.0.0.1", "[::1]"].map(exact).to_vec())
    }

    /// Whether every host is answered for.
    pub(crate) fn is_any(&self) -> bool {
        self.patterns.contains(&HostPattern::Any)
    }

    /// Refuses a host that is not ours. The port does not matter: proxies and port mappings change it.
    pub(crate) fn check(&self, host: Option<&Host>) -> Result<(), Refusal> {
        match host {
            Some(host) if self.allows(host.name()) => Ok(()),
            _ => Err(Refusal::new(ErrorCode::HostNotAllowed)),
        }
    }

    fn allows(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| match pattern {
            HostPattern::Any => true,
            HostPattern::Exact(exact) => name == exact,
            HostPattern::Below(parent) => {
                name == parent || name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str, hosts: &[&str], version: Version) -> Parts {
        let mut request = http::Request::builder().uri(uri).version(version);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn resolving_row_by_row() {
        let h11 = Version::HTTP_11;
        let good = [
            ("/", &["Example.ORG"][..], "example.org", None),
            ("/", &["example.org.:8080"], "example.org", Some(8080)),
            ("/", &["[::1]:80"], "[::1]", Some(80)),
            ("http://example.org/", &["example.org"], "example.org", None),
        ];
        for (uri, hosts, name, port) in good {
            let host = resolve(&parts(uri, hosts, h11)).unwrap().unwrap();
            assert_eq!((host.name(), host.port()), (name, port), "{uri} {hosts:?}");
        }
        let bad = [
            ("/", &[][..]),
            ("/", &["a.org", "a.org"]),
            ("/", &["a.org", "b.org"]),
            ("/", &["user@a.org"]),
            ("/", &["a org"]),
            ("/", &[""]),
            ("/", &["a.org:"]),
            ("/", &["a.org:http"]),
            ("/", &["a.org:99999"]),
            ("/", &["a.org/path"]),
            ("http://b.org/", &["a.org"]),
            ("http://a.org:81/", &["a.org:80"]),
        ];
        for (uri, hosts) in bad {
            let refusal = resolve(&parts(uri, hosts, h11)).unwrap_err();
            assert_eq!(refusal.code(), ErrorCode::BadRequest, "{uri} {hosts:?}");
        }
        assert_eq!(resolve(&parts("/", &[], Version::HTTP_10)).unwrap(), None);
        assert!(resolve(&parts("http://a.org/", &[], Version::HTTP_2)).unwrap().is_some());
    }

    #[test]
    fn allowing_row_by_row() {
        let allowed = |patterns: &str| AllowedHosts::new(Setting::parse(patterns).unwrap());
        let hosts = allowed("example.org, .Wild.net, [::1]");
        let rows = [
            ("example.org", true),
            ("EXAMPLE.org:1234", true),
            ("example.org.", true),
            ("sub.example.org", false),
            ("example.org.evil", false),
            ("evil-example.org", false),
            ("wild.net", true),
            ("a.b.wild.net", true),
            ("evilwild.net", false),
            ("[::1]:8080", true),
            ("127.0.0.1", false),
        ];
        for (text, allowed) in rows {
            let host = Host::parse(text).unwrap();
            assert_eq!(hosts.check(Some(&host)).is_ok(), allowed, "{text}");
        }
        assert!(hosts.check(None).is_err(), "no host at all");
        assert!(allowed("*").check(Host::parse("anything").as_ref()).is_ok());
    }
}
