//! What a route demands of its requests.

use std::time::Duration;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::controls::{Control, ControlSet};
use crate::degradation::Degradation;
use crate::limits::Class;

/// The demands of one route. The defaults are strict; loosening one is written where the route is.
#[derive(Clone, Debug)]
pub struct RoutePolicy {
    /// Who may call it.
    pub auth: Auth,
    /// How often.
    pub limit: Class,
    /// How long a handler may take; `None` takes the service's own limit.
    pub deadline: Option<Duration>,
    /// How many bytes of body; `None` takes the service's own limit, that of uploads where the handler takes one.
    pub body_bytes: Option<u64>,
    /// What caches may keep.
    pub cache: Cache,
    /// Who is let in first when there is not room for all.
    pub priority: Priority,
    /// Whether the work belongs to the lane for slow requests.
    pub slow: bool,
    /// What it does while the database is not well.
    pub degradation: Degradation,
    /// Controls that are off, each with its reason.
    pub waivers: Vec<Waiver>,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// Anybody.
    Public,
    /// Anybody who has signed in, also while they have to change their password before anything else.
    SignedIn,
    /// A signed-in identity with at least this role.
    Role(Role),
}

/// What an identity may do; each role includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Writes.
    Editor,
    /// Operates the service.
    Operator,
}

/// What caches may keep of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cache {
    /// Nothing: `no-store`.
    NoStore,
    /// For everybody, for this many seconds.
    Public(u32),
}

/// Who is let in first when there is not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Probes and operators.
    Operations,
    /// Signing in and out.
    Identity,
    /// A person waits.
    Interactive,
    /// A program waits.
    Default,
    /// Nobody waits for a single one of them.
    Bulk,
    /// Can be done at any other time as well.
    Background,
}

/// How much time the requests of a route cost: those of either kind wait only for those of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Milliseconds.
    Quick,
    /// A noticeable time.
    Slow,
}

/// A control that is off for a route, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// What is off.
    pub control: Control,
    /// Why that is right.
    pub reason: &'static str,
    /// The last day on which it holds; `None` holds for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl Cost {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Quick, Self::Slow];

    /// The name in listings and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Slow => "slow",
        }
    }
}

impl Priority {
    /// Every priority, from the first to be let in to the last.
    pub const ALL: [Self; 6] =
        [Self::Operations, Self::Identity, Self::Interactive, Self::Default, Self::Bulk, Self::Background];

    /// The name in listings and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Identity => "identity",
            Self::Interactive => "interactive",
            Self::Default => "default",
            Self::Bulk => "bulk",
            Self::Background => "background",
        }
    }

    /// The place in [`Priority::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl Role {
    /// The name in settings, tokens and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Operator => "operator",
        }
    }
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Operator];

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl Auth {
    /// The name in listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::SignedIn => "signed_in",
            Self::Role(role) => role.as_str(),
        }
    }
}

impl Default for RoutePolicy {
    /// Operators only, limited, timed, never cached: what a route is that says nothing.
    fn default() -> Self {
        Self {
            auth: Auth::Role(Role::Operator),
            limit: Class::DEFAULT,
            deadline: None,
            body_bytes: None,
            cache: Cache::NoStore,
            priority: Priority::Default,
            slow: false,
            degradation: Degradation::Fail,
            waivers: Vec::new(),
        }
    }
}

impl RoutePolicy {
    /// How much time its requests cost.
    pub fn cost(&self) -> Cost {
        if self.slow { Cost::Slow } else { Cost::Quick }
    }

    /// Whether the control is waived.
    pub fn waives(&self, control: Control) -> bool {
        self.waivers.iter().any(|waiver| waiver.control == control)
    }

    /// The controls whose stamps an answer of this route must carry.
    pub fn demanded(&self) -> ControlSet {
        Control::ALL.iter().copied().filter(|control| !self.waives(*control)).collect()
    }
}
