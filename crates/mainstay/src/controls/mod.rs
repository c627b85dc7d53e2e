//! The controls that stand between a socket and a handler.
//!
//! A control is a plain struct with one pure `check` over the request's head, the route's row and the
//! time. [`Control`] names them all: the columns of the matrix of routes and controls.

pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod cors;
pub(crate) mod csrf;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod origin;
pub(crate) mod target;
pub(crate) mod vary;

use serde::Serialize;

use crate::ErrorCode;

/// A column of the route × control matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Control {
    /// The host that the client asked for is one of ours.
    Host,
    /// Requests from other origins are answered by the rules of CORS.
    Cors,
    /// The client's address stays below its rate.
    AddressLimit,
    /// The handler answers within its time.
    Deadline,
    /// The target, its query string and its fields are of bounded size.
    Target,
    /// The body is of bounded size and arrives within its time.
    Body,
    /// There is room for the work, or the request is turned away before it costs anything.
    Admission,
    /// A session or an API token gives the request its identity.
    Session,
    /// A state-changing request comes from our own pages.
    Csrf,
    /// The identity has the role that the route demands.
    Role,
    /// The identity stays below its rate.
    IdentityLimit,
    /// The answer carries the security headers.
    Headers,
}

impl Control {
    /// Every control, in the order of the pipeline.
    pub const ALL: &'static [Self] = &[
        Self::Host,
        Self::Cors,
        Self::AddressLimit,
        Self::Deadline,
        Self::Target,
        Self::Body,
        Self::Admission,
        Self::Session,
        Self::Csrf,
        Self::Role,
        Self::IdentityLimit,
        Self::Headers,
    ];

    /// The name in listings, waivers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Cors => "cors",
            Self::AddressLimit => "address_limit",
            Self::Deadline => "deadline",
            Self::Target => "target",
            Self::Body => "body",
            Self::Admission => "admission",
            Self::Session => "session",
            Self::Csrf => "csrf",
            Self::Role => "role",
            Self::IdentityLimit => "identity_limit",
            Self::Headers => "headers",
        }
    }

    /// Whether the control writes on answers only, so that its stamp cannot be there before the handler ran.
    pub(crate) fn is_of_the_exit(self) -> bool {
        self == Self::Headers
    }

    /// The codes that the control refuses with.
    pub(crate) fn refuses_with(self) -> &'static [ErrorCode] {
        match self {
            Self::Host => &[ErrorCode::HostNotAllowed],
            Self::AddressLimit | Self::IdentityLimit => {
                &[ErrorCode::RateLimited, ErrorCode::StoreUnavailable]
            }
            Self::Deadline => &[ErrorCode::HandlerTimeout],
            Self::Target => &[ErrorCode::BadRequest, ErrorCode::UriTooLong],
            Self::Body => &[ErrorCode::PayloadTooLarge, ErrorCode::RequestTimeout],
            Self::Admission => &[ErrorCode::Overloaded],
            Self::Session => &[ErrorCode::Unauthenticated],
            Self::Csrf => &[ErrorCode::CsrfFailed],
            Self::Role => &[ErrorCode::Forbidden],
            Self::Cors | Self::Headers => &[],
        }
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of controls: those that a route demands, or those that left their stamp on an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControlSet(u32);

impl ControlSet {
    /// The set with one more.
    #[must_use]
    pub fn with(self, control: Control) -> Self {
        Self(self.0 | control.bit())
    }

    /// What is here and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the control is in the set.
    pub fn contains(self, control: Control) -> bool {
        self.0 & control.bit() != 0
    }

    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Whether there is nothing in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The controls in the set, in the order of the pipeline.
    pub fn iter(self) -> impl Iterator<Item = Control> {
        Control::ALL.iter().copied().filter(move |control| self.contains(*control))
    }
}

impl FromIterator<Control> for ControlSet {
    fn from_iter<I: IntoIterator<Item = Control>>(controls: I) -> Self {
        controls.into_iter().fold(Self::default(), Self::with)
    }
}
