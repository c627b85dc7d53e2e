//! How events that were written in another shape are read.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use serde_json::Value;

/// Turns the payload of one version into that of the next: a pure function of the payload alone.
pub type Upcast = fn(Value) -> Result<Value, UpcastError>;

/// What an upcaster says of a payload that it does not understand.
pub type UpcastError = Box<dyn Error + Send + Sync>;

/// The types of an application's events, in which version each is written today, and how older ones become so.
///
/// Every reader of the log goes through it: streams, projections, commands.
///
/// ```
/// use mainstay_events::Upcasters;
/// use serde_json::json;
///
/// // Version 1 had whole euros, and the type was called `price_changed` once.
/// let upcasters = Upcasters::new()
///     .current("price_set", 2)
///     .upcast("price_set", 1, |mut payload| {
///         let euros = payload["euros"].as_u64().ok_or("no euros")?;
///         payload = json!({ "cents": euros * 100 });
///         Ok(payload)
///     })
///     .renamed("price_changed", 1, "price_set", 1);
/// assert!(upcasters.check().is_ok());
/// let (name, payload) = upcasters.apply("price_changed", 1, json!({ "euros": 3 })).unwrap();
/// assert_eq!((name, payload), ("price_set", json!({ "cents": 300 })));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Upcasters {
    current: BTreeMap<&'static str, u32>,
    steps: BTreeMap<(&'static str, u32), Step>,
    twice: BTreeSet<(&'static str, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    to: (&'static str, u32),
    change: Option<Upcast>,
}

/// Why upcasters cannot be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum UpcasterProblem {
    /// Events of a version that was written once are not read any more.
    #[error("nothing turns version {version} of {event_type} into the next one")]
    Missing {
        /// The type.
        event_type: &'static str,
        /// The version.
        version: u32,
    },
    /// Two ways lead on from one version.
    #[error("version {version} of {event_type} is turned into something twice")]
    Twice {
        /// The type.
        event_type: &'static str,
        /// The version.
        version: u32,
    },
    /// A way leads into a circle, or to something that is not written today.
    #[error("version {version} of {event_type} never becomes an event of today")]
    Endless {
        /// The type.
        event_type: &'static str,
        /// The version.
        version: u32,
    },
}

/// Why an event of another version is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReshapeError {
    /// It was written by a later build.
    #[error("version {version} is later than the {current} of this build")]
    Later {
        /// Its version.
        version: u32,
        /// That of this build.
        current: u32,
    },
    /// No upcaster leads on.
    #[error("nothing turns version {version} of {event_type} into today's")]
    Missing {
        /// The type.
        event_type: String,
        /// The version.
        version: u32,
    },
    /// An upcaster does not understand the payload.
    #[error("the payload of version {version} cannot be turned into the next one")]
    Payload {
        /// The version.
        version: u32,
        /// What it said.
        source: UpcastError,
    },
}

impl Upcasters {
    /// No types.
    pub const fn new() -> Self {
        Self { current: BTreeMap::new(), steps: BTreeMap::new(), twice: BTreeSet::new() }
    }

    /// A type that is written today, and in which version.
    #[must_use]
    pub fn current(mut self, event_type: &'static str, version: u32) -> Self {
        self.current.insert(event_type, version);
        self
    }

    /// Turns a version of a type into the next one.
    #[must_use]
    pub fn upcast(self, event_type: &'static str, version: u32, change: Upcast) -> Self {
        self.step((event_type, version), Step { to: (event_type, version + 1), change: Some(change) })
    }

    /// A version of a type is read as one of another type, with the same payload.
    #[must_use]
    pub fn renamed(
        self,
        event_type: &'static str,
        version: u32,
        new_type: &'static str,
        new_version: u32,
    ) -> Self {
        self.step((event_type, version), Step { to: (new_type, new_version), change: None })
    }

    fn step(mut self, from: (&'static str, u32), step: Step) -> Self {
        if self.steps.insert(from, step).is_some() {
            self.twice.insert(from);
        }
        self
    }

    /// The types that are written today, with their versions.
    pub fn types(&self) -> impl Iterator<Item = (&'static str, u32)> + '_ {
        self.current.iter().map(|(name, version)| (*name, *version))
    }

    /// Whether every version that was ever written becomes an event of today, in one way. Asked at the start, so
    /// that a gap is found before the first old event is.
    ///
    /// # Errors
    ///
    /// All problems.
    pub fn check(&self) -> Result<(), Vec<UpcasterProblem>> {
        let mut problems: BTreeSet<_> = self
            .twice
            .iter()
            .map(|&(event_type, version)| UpcasterProblem::Twice { event_type, version })
            .collect();
        for (&event_type, &current) in &self.current {
            for version in (1..current).filter(|version| !self.steps.contains_key(&(event_type, *version))) {
                problems.insert(UpcasterProblem::Missing { event_type, version });
            }
        }
        for &(event_type, version) in self.steps.keys() {
            if !self.arrives((event_type, version)) {
                problems.insert(UpcasterProblem::Endless { event_type, version });
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.into_iter().collect()) }
    }

    fn arrives(&self, from: (&'static str, u32)) -> bool {
        let mut at = from;
        // No way without a circle is longer than the number of steps.
        for _ in 0..=self.steps.len() {
            if self.current.get(at.0) == Some(&at.1) {
                return !self.steps.contains_key(&at);
            }
            match self.steps.get(&at) {
                Some(step) => at = step.to,
                None => return false,
            }
        }
        false
    }

    /// Whether a payload is read as it stands. Of types that were not declared, nothing else is known.
    pub(crate) fn is_current(&self, event_type: &str, version: u32) -> bool {
        match self.current.get(event_type) {
            Some(current) => *current == version,
            None => !self.steps.keys().any(|(name, _)| *name == event_type),
        }
    }

    /// The type and the payload of today.
    ///
    /// # Errors
    ///
    /// See [`ReshapeError`].
    pub fn apply<'a>(
        &self,
        event_type: &'a str,
        version: u32,
        mut payload: Value,
    ) -> Result<(&'a str, Value), ReshapeError>
    where
        'static: 'a,
    {
        let (mut name, mut version) = (event_type, version);
        for _ in 0..=self.steps.len() {
            match self.current.get(name) {
                Some(current) if *current == version => return Ok((name, payload)),
                Some(&current) if current < version => return Err(ReshapeError::Later { version, current }),
                _ => {}
            }
            let Some((_, step)) = self.steps.iter().find(|((from, at), _)| *from == name && *at == version)
            else {
                break;
            };
            if let Some(change) = step.change {
                payload = change(payload).map_err(|source| ReshapeError::Payload { version, source })?;
            }
            (name, version) = step.to;
        }
        Err(ReshapeError::Missing { event_type: name.to_owned(), version })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "an upcaster")]
    fn add_one(payload: Value) -> Result<Value, UpcastError> {
        payload.as_u64().map(|number| json!(number + 1)).ok_or_else(|| "no number".into())
    }

    #[test]
    fn every_version_goes_the_whole_way() {
        let upcasters = Upcasters::new()
            .current("b", 3)
            .upcast("b", 1, add_one)
            .upcast("b", 2, add_one)
            .renamed("a", 7, "b", 2);
        assert_eq!(upcasters.check(), Ok(()));
        let go = |name, version| {
            let (name, payload) = upcasters.apply(name, version, json!(10)).expect("a way");
            (name.to_owned(), payload)
        };
        assert_eq!(go("b", 3), ("b".to_owned(), json!(10)));
        assert_eq!(go("b", 1), ("b".to_owned(), json!(12)));
        assert_eq!(go("a", 7), ("b".to_owned(), json!(11)));
    }

    #[test]
    fn what_cannot_be_read_is_no_guess() {
        let upcasters = Upcasters::new().current("b", 2).upcast("b", 1, add_one);
        let later = upcasters.apply("b", 3, json!(1));
        assert!(matches!(later, Err(ReshapeError::Later { version: 3, current: 2 })), "{later:?}");
        let payload = upcasters.apply("b", 1, json!("x"));
        assert!(matches!(payload, Err(ReshapeError::Payload { version: 1, .. })), "{payload:?}");
        let unknown = upcasters.apply("c", 1, json!(1));
        assert!(matches!(unknown, Err(ReshapeError::Missing { .. })), "{unknown:?}");
    }

    #[test]
    fn the_start_finds_gaps_circles_and_doubles() {
        use UpcasterProblem::{Endless, Missing, Twice};
        let gap = Upcasters::new().current("b", 3).upcast("b", 1, add_one);
        assert_eq!(
            gap.check(),
            Err(vec![Missing { event_type: "b", version: 2 }, Endless { event_type: "b", version: 1 },])
        );
        let circle = Upcasters::new().current("c", 1).renamed("a", 1, "b", 1).renamed("b", 1, "a", 1);
        assert_eq!(
            circle.check(),
            Err(vec![Endless { event_type: "a", version: 1 }, Endless { event_type: "b", version: 1 }])
        );
        let twice = Upcasters::new().current("b", 2).upcast("b", 1, add_one).upcast("b", 1, add_one);
        assert_eq!(twice.check(), Err(vec![Twice { event_type: "b", version: 1 }]));
        let beyond = Upcasters::new().current("b", 1).upcast("b", 1, add_one);
        assert_eq!(beyond.check(), Err(vec![Endless { event_type: "b", version: 1 }]));
    }
}
