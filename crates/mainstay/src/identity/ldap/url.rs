//! Where the directory is.

use std::fmt;

use http::uri::Authority;
use mainstay_core::settings::{Invalid, Setting};

/// The address of a directory: `ldap://` or `ldaps://`, a host, perhaps a port, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapUrl {
    text: String,
    is_tls: bool,
}

impl LdapUrl {
    /// Whether everything on the connection is encrypted, from the first byte.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Setting for LdapUrl {
    fn kind() -> &'static str {
        "URL"
    }

    fn expected() -> String {
        "an address such as `ldaps://directory.example.org`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = text.split_once("://").ok_or_else(|| Invalid::new("has no scheme"))?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "ldap" => false,
            "ldaps" => true,
            _ => return Err(Invalid::new("begins with neither `ldap://` nor `ldaps://`")),
        };
        if rest.contains('@') {
            let help = "put the account of the service into LDAP_BIND_DN and LDAP_BIND_PASSWORD";
            return Err(Invalid::new("holds a user").with_help(help));
        }
        let authority = rest.parse::<Authority>().ok().filter(|authority| !authority.host().is_empty());
        let authority =
            authority.ok_or_else(|| Invalid::new("names no host, or more than a host and a port"))?;
        Ok(Self { text: format!("{}://{authority}", if is_tls { "ldaps" } else { "ldap" }), is_tls })
    }

    fn show(&self) -> String {
        self.text.clone()
    }
}

impl fmt::Display for LdapUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let rows = [
            ("ldaps://directory.example.org", Some(("ldaps://directory.example.org", true))),
            ("LDAP://directory:389/", Some(("ldap://directory:389", false))),
            ("ldap://[::1]:3890", Some(("ldap://[::1]:3890", false))),
            ("ldap://127.0.0.1", Some(("ldap://127.0.0.1", false))),
            ("directory.example.org", None),
            ("https://directory", None),
            ("ldapi:///run/slapd", None),
            ("ldaps://", None),
            ("ldaps://user:secret@directory", None),
            ("ldaps://directory/dc=example", None),
            ("ldaps://directory?x", None),
        ];
        for (text, expected) in rows {
            let found = LdapUrl::parse(text).ok();
            assert_eq!(found.as_ref().map(|url| (url.as_str(), url.is_tls())), expected, "{text}");
        }
    }
}
