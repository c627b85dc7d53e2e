//! Values that must not be seen.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text: not printed, not compared by `==`, wiped when dropped.
///
/// ```
/// use mainstay_core::Secret;
///
/// let secret = Secret::new("correct horse battery staple");
/// assert_eq!(format!("{secret:?}"), "Secret(redacted)");
/// assert!(secret.matches(b"correct horse battery staple"));
/// ```
#[derive(Clone)]
pub struct Secret {
    value: Zeroizing<String>,
}

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: Zeroizing::new(value.into()) }
    }

    /// The value itself. Each call is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Compares in time that does not depend on where the values differ. The length is not hidden.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.value.as_bytes().ct_eq(other).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// Prints a URL without its passwords: that of the authority, and those of query parameters whose name says
/// that their value is one.
///
/// Operators forget the scheme, and forget to escape `/`, `?` and `#` in passwords. Where a text is not quite a
/// URL, this hides too much rather than too little.
///
/// ```
/// use mainstay_core::DisplayUrl;
///
/// let url = "postgresql://app:s3cret@db.internal/app";
/// assert_eq!(DisplayUrl(url).to_string(), "postgresql://app:***@db.internal/app");
/// ```
pub struct DisplayUrl<'a>(pub &'a str);

impl fmt::Display for DisplayUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Several URLs in one text cannot be told apart for certain: a password may hold any character.
        let (head, rest) = match self.0.rfind("://") {
            Some(last) if self.0.find("://") != Some(last) && self.0.contains('@') => {
                return f.write_str("***");
            }
            Some(at) => self.0.split_at(at + "://".len()),
            None => ("", self.0),
        };
        f.write_str(head)?;
        let tail = match (rest.find(':'), rest.rfind('@')) {
            (Some(colon), Some(at)) if colon < at => {
                write!(f, "{}:***", &rest[..colon])?;
                &rest[at..]
            }
            _ => rest,
        };
        let Some((path, query)) = tail.split_once('?') else { return f.write_str(tail) };
        write!(f, "{path}?")?;
        for (index, parameter) in query.split('&').enumerate() {
            let separator = if index == 0 { "" } else { "&" };
            match parameter.split_once('=') {
                Some((name, _)) if is_credential(name) => write!(f, "{separator}{name}=***")?,
                _ => write!(f, "{separator}{parameter}")?,
            }
        }
        Ok(())
    }
}

fn is_credential(parameter: &str) -> bool {
    let name = parameter.to_ascii_lowercase();
    ["password", "passwd", "pwd", "secret", "token", "key"].iter().any(|word| name.contains(word))
}

impl fmt::Debug for DisplayUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_urls_are_hidden() {
        let cases = [
            ("sqlite://data/concord.db", "sqlite://data/concord.db"),
            ("http://localhost:5000", "http://localhost:5000"),
            ("http://[::1]:5000/a", "http://[::1]:5000/a"),
            ("postgres://app@db/app", "postgres://app@db/app"),
            ("postgres://app:p@db/app?a=b", "postgres://app:***@db/app?a=b"),
            ("postgres://app:p:q@r@db:5432/app", "postgres://app:***@db:5432/app"),
            ("postgres://app:p/a?s#s@db/app", "postgres://app:***@db/app"),
            ("redis://:p@cache", "redis://:***@cache"),
            ("app:p@db/app", "app:***@db/app"),
            (
                "postgres://db/app?user=u&password=p&sslmode=require",
                "postgres://db/app?user=u&password=***&sslmode=require",
            ),
            ("postgres://db?SSLPassword=p&sslpassword=p", "postgres://db?SSLPassword=***&sslpassword=***"),
            ("http://a,http://u:p@b", "***"),
            ("http://a,http://b", "http://a,http://b"),
        ];
        for (url, shown) in cases {
            assert_eq!(DisplayUrl(url).to_string(), shown, "{url}");
        }
    }
}
