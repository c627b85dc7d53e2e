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

/// Prints a URL without its password: everything between the first `:` and the last `@` of the authority.
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
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str(self.0) };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        match authority.rsplit_once('@') {
            Some((userinfo, host)) => match userinfo.split_once(':') {
                Some((user, _)) => write!(f, "{scheme}://{user}:***@{host}")?,
                None => write!(f, "{scheme}://{userinfo}@{host}")?,
            },
            None => write!(f, "{scheme}://{authority}")?,
        }
        match tail.split_once("password=") {
            Some((before, after)) => {
                let rest = after.find('&').map_or("", |at| &after[at..]);
                write!(f, "{before}password=***{rest}")
            }
            None => f.write_str(tail),
        }
    }
}

impl fmt::Debug for DisplayUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
