//! The two numbers of an event: where it stands in its stream, and where in the log.

use std::fmt;

use mainstay_db::{FromValue, Value};
use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// The number as it is.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The one that lies `count` further.
            #[must_use]
            pub const fn plus(self, count: u64) -> Self {
                Self(self.0.saturating_add(count))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for Value {
            fn from(number: $name) -> Self {
                // No log grows to 2^63 events; a caller's nonsense becomes a number that matches nothing.
                Self::Integer(i64::try_from(number.0).unwrap_or(i64::MAX))
            }
        }

        impl FromValue<'_> for $name {
            fn from_value(value: &Value) -> Option<Self> {
                u64::from_value(value).map(Self)
            }
        }
    };
}

number! {
    /// Where an event stands in its stream: the first has 1. A stream's version is that of its newest event.
    Version
}

number! {
    /// Where an event stands in the log: the first has 1, and there are no gaps.
    Position
}

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);
}
