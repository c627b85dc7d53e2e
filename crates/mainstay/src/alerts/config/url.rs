//! Where webhooks and mail servers are. Such URLs hold passwords: they print without them.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use mainstay_core::settings::Invalid;
use mainstay_core::{DisplayUrl, Secret};
use percent_encoding::percent_decode_str;

use super::super::target::may_be_told;

/// Where alerts are posted to.
#[derive(Clone)]
pub struct WebhookUrl {
    is_tls: bool,
    host: String,
    port: u16,
    path: Secret,
    credentials: Option<Secret>,
}

/// The mail server that alerts go through.
#[derive(Clone)]
pub struct MailServer {
    text: Secret,
    host: String,
    port: u16,
    security: MailSecurity,
    credentials: Option<(Secret, Secret)>,
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// From the first byte: `smtps://`.
    Tls,
    /// Once the server was asked to: `smtp://`, also with `?tls=required`. One that cannot is not talked to.
    StartTls,
    /// Not at all: `smtp://` on this machine, or with `?tls=none`.
    None,
}

/// What both URLs are made of.
struct Parts {
    scheme: String,
    host: String,
    port: Option<u16>,
    credentials: Option<(String, String)>,
    path: String,
    query: Option<String>,
}

fn parts(text: &str, schemes: &[&str]) -> Result<Parts, Invalid> {
    let begins = Invalid::new(format!("begins with none of {}", schemes.join(", ")));
    let Some((scheme, _)) = text.split_once("://") else { return Err(begins) };
    let scheme = scheme.to_ascii_lowercase();
    if !schemes.iter().any(|known| known.trim_end_matches("://") == scheme) {
        return Err(begins);
    }
    let uri: Uri = text.parse().map_err(|_| Invalid::new("is not a URL"))?;
    let authority = uri.authority().ok_or_else(|| Invalid::new("names no host"))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    if host.is_empty() {
        return Err(Invalid::new("names no host"));
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let credentials = authority.as_str().rsplit_once('@').map(|(user, _)| {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        (decoded(user), decoded(password))
    });
    let (path, query) = (uri.path().to_owned(), uri.query().map(str::to_owned));
    Ok(Parts { scheme, host, port: authority.port_u16(), credentials, path, query })
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

impl WebhookUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// When it is none, or names an address to which no webhook is ever sent.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let Parts { scheme, host, port, credentials, path, query } = parts(text, &["https://", "http://"])?;
        if host.parse().is_ok_and(|address| !may_be_told(address)) {
            return Err(Invalid::new("names an address that no webhook is sent to"));
        }
        let is_tls = scheme == "https";
        let path = query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
        Ok(Self {
            is_tls,
            host,
            port: port.unwrap_or(if is_tls { 443 } else { 80 }),
            path: Secret::new(path),
            credentials: credentials.map(|(user, password)| Secret::new(format!("{user}:{password}"))),
        })
    }

    /// Whether it is encrypted.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Whether nobody can listen in: it is encrypted, or does not leave the machine.
    pub fn is_private(&self) -> bool {
        self.is_tls || is_loopback(&self.host)
    }

    /// The host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path with its query: often the password of such URLs.
    pub(crate) fn path(&self) -> &str {
        self.path.expose()
    }

    /// The host as a header names it.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.is_tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// User and password, with a colon between.
    pub(crate) fn credentials(&self) -> Option<&Secret> {
        self.credentials.as_ref()
    }
}

impl MailServer {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let Parts { scheme, host, port, credentials, path, query } = parts(text, &["smtps://", "smtp://"])?;
        if !matches!(path.as_str(), "" | "/") {
            return Err(Invalid::new("has a path"));
        }
        let security = match (scheme.as_str(), query.as_deref()) {
            ("smtps", None) => MailSecurity::Tls,
            ("smtp", None) if is_loopback(&host) => MailSecurity::None,
            ("smtp", None | Some("tls=required")) => MailSecurity::StartTls,
            ("smtp", Some("tls=none")) => MailSecurity::None,
            _ => return Err(Invalid::new("has a query other than `tls=required` or `tls=none`")),
        };
        Ok(Self {
            text: Secret::new(text),
            host,
            port: port.unwrap_or(match security {
                MailSecurity::Tls => 465,
                MailSecurity::StartTls => 587,
                MailSecurity::None => 25,
            }),
            security,
            credentials: credentials.map(|(user, password)| (Secret::new(user), Secret::new(password))),
        })
    }

    /// Whether nobody can listen in: it is encrypted, or does not leave the machine.
    pub fn is_private(&self) -> bool {
        self.security != MailSecurity::None || is_loopback(&self.host)
    }

    /// How the connection is encrypted.
    pub fn security(&self) -> MailSecurity {
        self.security
    }

    /// The host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// User and password.
    pub(crate) fn credentials(&self) -> Option<&(Secret, Secret)> {
        self.credentials.as_ref()
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path too is a secret.
        write!(f, "WebhookUrl({}:{})", self.host, self.port)
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailServer({})", DisplayUrl(self.text.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_row_by_row() {
        let read = |text| {
            let url = WebhookUrl::parse(text).ok()?;
            let credentials = url.credentials().map(|both| both.expose().to_owned()).unwrap_or_default();
            Some(format!("{} {} {} {credentials}", url.authority(), url.path(), url.is_private()))
        };
        let rows = [
            ("https://hooks.example/a/b?c=d#e", Some("hooks.example /a/b?c=d true ")),
            ("https://hooks.example:443", Some("hooks.example / true ")),
            ("HTTPS://u:p%40q@hooks.example:8443/x", Some("hooks.example:8443 /x true u:p@q")),
            ("http://[::1]:9000/x", Some("[::1]:9000 /x true ")),
            ("http://localhost/x", Some("localhost /x true ")),
            ("http://alerts.internal/x", Some("alerts.internal /x false ")),
            ("http://localhost.evil.example/x", Some("localhost.evil.example /x false ")),
            ("http://169.254.169.254/latest/meta-data", None),
            ("http://[fe80::1]/", None),
            ("http://0.0.0.0/", None),
            ("ftp://hooks.example", None),
            ("hooks.example/x", None),
            ("https://", None),
            ("https:// hooks.example", None),
        ];
        for (text, expected) in rows {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
        let shown = format!("{:?}", WebhookUrl::parse("https://u:p@hooks.example/T0/secret").unwrap());
        assert_eq!(shown, "WebhookUrl(hooks.example:443)");
    }

    #[test]
    fn mail_servers_row_by_row() {
        let read = |text| {
            let server = MailServer::parse(text).ok()?;
            Some((server.host().to_owned(), server.port(), server.security(), server.is_private()))
        };
        let rows = [
            ("smtps://u:p@mail.example", Some(("mail.example", 465, MailSecurity::Tls, true))),
            ("smtp://u:p@mail.example:2525", Some(("mail.example", 2525, MailSecurity::StartTls, true))),
            ("smtp://mail.example/?tls=required", Some(("mail.example", 587, MailSecurity::StartTls, true))),
            ("smtp://mail.example?tls=none", Some(("mail.example", 25, MailSecurity::None, false))),
            ("smtp://localhost", Some(("localhost", 25, MailSecurity::None, true))),
            ("smtp://localhost?tls=required", Some(("localhost", 587, MailSecurity::StartTls, true))),
            ("smtp://127.0.0.1:1025", Some(("127.0.0.1", 1025, MailSecurity::None, true))),
            ("smtps://mail.example?tls=none", None),
            ("smtp://mail.example?tls=maybe", None),
            ("smtp://mail.example/inbox", None),
            ("mail:25", None),
        ];
        for (text, expected) in rows {
            let expected =
                expected.map(|(host, port, security, private)| (host.to_owned(), port, security, private));
            assert_eq!(read(text), expected, "{text}");
        }
        let server = MailServer::parse("smtps://bot%40example.org:p%2Fq@mail.example").unwrap();
        let (user, password) = server.credentials().unwrap();
        assert_eq!((user.expose(), password.expose()), ("bot@example.org", "p/q"));
        assert!(!format!("{server:?}").contains("p%2Fq"));
    }
}
