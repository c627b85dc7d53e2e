//! What is done to connections at the moment.

use std::time::Duration;

/// A way through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    Requests,
    /// From the server to the client.
    Replies,
}

/// The rule that holds, and what happened up to now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) rule: Rule,
    /// Goes up with each change.
    pub(super) number: u64,
    /// The last change that ended connections: whoever is older has ended, even if the rule is another by now.
    last_end: Option<(u64, Ending)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Pass,
    Cut,
    Reset,
    /// In one direction, or in both.
    Silent(Option<Direction>),
    Delay(Duration),
    /// Bytes a second.
    Throttle(u32),
    DropReplyAfter(usize),
}

/// How a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Close,
    Reset,
}

impl Default for Weather {
    fn default() -> Self {
        Self { rule: Rule::Pass, number: 0, last_end: None }
    }
}

impl Weather {
    pub(super) fn change(&mut self, rule: Rule) {
        self.rule = rule;
        self.number += 1;
        if let Some(ending) = rule.ending() {
            self.last_end = Some((self.number, ending));
        }
    }

    /// Whether a connection that was there at change `since` has to end.
    pub(super) fn ends(&self, since: u64) -> Option<Ending> {
        self.last_end.filter(|(number, _)| *number > since).map(|(_, ending)| ending)
    }
}

impl Rule {
    pub(super) fn ending(self) -> Option<Ending> {
        match self {
            Self::Cut => Some(Ending::Close),
            Self::Reset => Some(Ending::Reset),
            _ => None,
        }
    }

    /// Whether anything is carried that way.
    pub(super) fn carries(self, direction: Direction) -> bool {
        match self {
            Self::Silent(muted) => muted.is_some_and(|muted| muted != direction),
            _ => true,
        }
    }
}
