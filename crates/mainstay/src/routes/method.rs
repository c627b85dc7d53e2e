//! The method that a row of the table speaks for.

use std::fmt;

use http::Method;

/// The method of a route, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteMethod {
    /// This method; GET stands for HEAD too.
    One(Method),
    /// Every method, the unknown ones too: a foreign router decides for itself.
    Any,
}

impl RouteMethod {
    /// The name in listings: that of the method, or `ANY`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::One(method) => method.as_str(),
            Self::Any => "ANY",
        }
    }

    /// The method, where there is only one.
    pub fn one(&self) -> Option<&Method> {
        match self {
            Self::One(method) => Some(method),
            Self::Any => None,
        }
    }

    /// The place in listings: what reads before what writes.
    pub(super) fn order(&self) -> u8 {
        match self.as_str() {
            "GET" => 0,
            "POST" => 1,
            "PUT" => 2,
            "PATCH" => 3,
            "DELETE" => 4,
            _ => 5,
        }
    }
}

impl From<Method> for RouteMethod {
    fn from(method: Method) -> Self {
        Self::One(method)
    }
}

impl PartialEq<Method> for RouteMethod {
    fn eq(&self, other: &Method) -> bool {
        self.one() == Some(other)
    }
}

impl fmt::Display for RouteMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
