//! Origins: scheme, host and port, as browsers write them.
//!
//! A browser writes an origin in exactly one way: scheme and host in lower case, IDN as punycode, the port
//! only where it is not the usual one of the scheme. So an origin of the settings is brought into that form
//! once, and everything that a request brings is compared with it byte by byte. Nothing of a request is ever
//! parsed: what is not equal is foreign.

use http::Uri;
use mainstay_core::settings::{Invalid, Setting};

/// An origin as browsers write it: `https://app.example.org`, `http://localhost:5000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
}

impl Origin {
    /// The origin as browsers write it, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// An origin that is in the form of browsers already, such as that of `PUBLIC_URL`.
    pub(crate) fn of_browser_form(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// Whether pages of this origin come by https.
    pub(crate) fn is_secure(&self) -> bool {
        self.text.starts_with("https://")
    }

    /// Whether only this machine can mean it.
    pub(crate) fn is_loopback(&self) -> bool {
        !self.loopback_siblings().is_empty()
    }

    /// Whether an `Origin` header names exactly this origin.
    pub(crate) fn is(&self, header: &[u8]) -> bool {
        self.text.as_bytes() == header
    }

    /// Whether a URL, such as that of a `Referer` header, belongs to exactly this origin.
    ///
    /// What follows the origin must begin a path, a query or a fragment, or be nothing: a port, more of a host
    /// name or an `@` would make it another origin.
    pub(crate) fn holds(&self, url: &[u8]) -> bool {
        url.strip_prefix(self.text.as_bytes())
            .is_some_and(|rest| rest.first().is_none_or(|byte| b"/?#".contains(byte)))
    }

    /// The same scheme and port under the other names by which a machine calls itself, where this is one.
    pub(crate) fn loopback_siblings(&self) -> Vec<Self> {
        const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
        let Some((scheme, authority)) = self.text.split_once("://") else { return Vec::new() };
        let port_of = |name: &&str| authority.strip_prefix(*name).filter(|port| starts_port(port));
        let Some(port) = NAMES.iter().find_map(port_of) else { return Vec::new() };
        let siblings = NAMES.iter().map(|name| Self { text: format!("{scheme}://{name}{port}") });
        siblings.filter(|sibling| sibling != self).collect()
    }
}

fn starts_port(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(':')
}

impl Setting for Origin {
    fn kind() -> &'static str {
        "origin"
    }

    fn expected() -> String {
        "an origin such as `https://app.example.org` or `http://localhost:5000`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("null") {
            let help = "sandboxed pages of everybody have the origin `null`: serve yours from a real one";
            return Err(Invalid::new("is not an origin anybody can trust").with_help(help));
        }
        if !text.is_ascii() {
            let help = "write the name as browsers send it: `https://xn--…`";
            return Err(Invalid::new("has letters beyond ASCII").with_help(help));
        }
        if text.contains('*') {
            let help = "list each origin: who controls any of the names that a pattern covers, controls it";
            return Err(Invalid::new("is a pattern").with_help(help));
        }
        let uri: Uri = text.parse().map_err(|_| Invalid::new("is not an origin"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Invalid::new("is not an origin").with_help("begin with `https://`"));
        };
        let usual_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(Invalid::new("is neither http nor https")),
        };
        if authority.as_str().contains('@') {
            return Err(Invalid::new("names a user").with_help("name the scheme, the host and the port only"));
        }
        // The parser takes `/` for the path of a text that has none.
        if text.matches('/').count() > 2 || uri.query().is_some() || text.contains('#') {
            return Err(Invalid::new("has a path").with_help("leave out what follows host and port"));
        }
        let host = authority.host().to_ascii_lowercase();
        let port = authority.as_str().get(authority.host().len()..).unwrap_or_default();
        let port = match port.strip_prefix(':').map(str::parse::<u16>) {
            None => String::new(),
            Some(Ok(port)) if port == usual_port => String::new(),
            Some(Ok(port)) => format!(":{port}"),
            Some(Err(_)) => return Err(Invalid::new("has a port that is no number")),
        };
        if host.is_empty() || host.ends_with('.') {
            return Err(Invalid::new("has no host name, or one that ends with a dot"));
        }
        Ok(Self { text: format!("{scheme}://{host}{port}") })
    }

    fn show(&self) -> String {
        self.text.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn settings_are_brought_into_the_form_of_browsers() {
        let rows = [
            ("https://app.example.org", Some("https://app.example.org")),
            ("HTTPS://App.Example.ORG", Some("https://app.example.org")),
            ("https://app.example.org:443", Some("https://app.example.org")),
            ("http://app.example.org:443", Some("http://app.example.org:443")),
            ("http://app.example.org:80", Some("http://app.example.org")),
            ("http://localhost:5000", Some("http://localhost:5000")),
            ("http://[::1]:5000", Some("http://[::1]:5000")),
            ("https://xn--bcher-kva.example", Some("https://xn--bcher-kva.example")),
            ("https://bücher.example", None),
            ("null", None),
            ("*", None),
            ("https://*.example.org", None),
            ("app.example.org", None),
            ("//app.example.org", None),
            ("https://", None),
            ("ftp://app.example.org", None),
            ("https://app.example.org/", None),
            ("https://app.example.org/app", None),
            ("https://app.example.org?a", None),
            ("https://app.example.org#a", None),
            ("https://user@app.example.org", None),
            ("https://app.example.org:", None),
            ("https://app.example.org:0x50", None),
            ("https://app.example.org:99999", None),
            ("https://app.example.org.", None),
            ("https://app.example.org https://b.org", None),
        ];
        for (text, expected) in rows {
            assert_eq!(Origin::parse(text).ok().as_ref().map(Origin::as_str), expected, "{text}");
        }
    }

    #[test]
    fn urls_belong_to_one_origin() {
        let own = origin("https://app.example.org");
        for url in ["", "/", "/a?b#c", "?a", "#a"] {
            assert!(own.holds(format!("https://app.example.org{url}").as_bytes()), "{url}");
        }
        for url in [
            "https://app.example.org:8443/",
            "https://app.example.org.evil.example/",
            "https://app.example.orgevil.example/",
            "https://app.example.org@evil.example/",
            "https://app.example.org:p@evil.example/",
            "https://app.example.org\\@evil.example/",
            "http://app.example.org/",
            "https://evil.example/?https://app.example.org/",
            "https://APP.example.org/",
            " https://app.example.org/",
            "//app.example.org/",
            "",
        ] {
            assert!(!own.holds(url.as_bytes()), "{url}");
        }
    }

    #[test]
    fn a_machine_has_three_names_for_itself() {
        let siblings = |text: &str| {
            let siblings = origin(text).loopback_siblings();
            siblings.iter().map(Origin::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(siblings("http://127.0.0.1:8080"), "http://localhost:8080 http://[::1]:8080");
        assert_eq!(siblings("http://localhost"), "http://127.0.0.1 http://[::1]");
        assert_eq!(siblings("https://[::1]:8443"), "https://localhost:8443 https://127.0.0.1:8443");
        for foreign in
            ["https://app.example.org", "http://localhost.evil.example", "http://127.0.0.1.evil.example"]
        {
            assert_eq!(siblings(foreign), "", "{foreign}");
        }
    }
}
