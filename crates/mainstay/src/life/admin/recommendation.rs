//! What an operator should do, by what the process sees of itself.

use crate::life::watchdog::{Gait, RuntimeVitals};

/// So many stalls within ten minutes are no accident.
const STALLS_TO_RESTART: u32 = 3;

/// What an operator should do. The order is from little to much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// Nothing.
    Observe,
    /// Send less, or let more instances share it.
    Throttle,
    /// Restart what stands in the reasons: it does not heal by itself.
    Restart,
}

impl Action {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Throttle => "throttle",
            Self::Restart => "restart",
        }
    }
}

/// What the process sees of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signs<'a> {
    pub(super) runtime: RuntimeVitals,
    /// Whether more work comes than is done, and some of it is turned away.
    pub(super) overloaded: bool,
    /// Workers that are down and wait for nobody but an operator.
    pub(super) given_up: &'a [&'static str],
    /// Workers that are down until their cooldown is over.
    pub(super) cooling: &'a [&'static str],
}

/// | sign | action |
/// |---|---|
/// | the runtime stands still | restart |
/// | an accept loop does not turn | restart |
/// | the runtime stood still three times or more in ten minutes | restart |
/// | a worker is faulted, and its policy has no cooldown | restart |
/// | work comes faster than it is done | throttle |
/// | the runtime is slow, or has just stood still | throttle |
/// | the runtime stood still once or twice in ten minutes | throttle |
/// | a worker is faulted, and will be tried after its cooldown | observe, with the reason |
/// | none of these | observe |
///
/// The strongest action holds; the reasons are all that hold.
pub(super) fn recommend(signs: Signs<'_>) -> (Action, Vec<String>) {
    let Signs { runtime, overloaded, given_up, cooling } = signs;
    let slow = matches!(runtime.gait, Gait::Slow | Gait::Recovering);
    let stood_still = format!("the runtime stood still {} times in ten minutes", runtime.stalls);
    let rows = [
        (runtime.gait == Gait::Stalled, Action::Restart, "the runtime stands still".to_owned()),
        (!runtime.is_accepting, Action::Restart, "connections are not accepted any more".to_owned()),
        (runtime.stalls >= STALLS_TO_RESTART, Action::Restart, stood_still.clone()),
        (!given_up.is_empty(), Action::Restart, format!("workers stay down: {}", given_up.join(", "))),
        (overloaded, Action::Throttle, "work comes faster than it is done".to_owned()),
        (slow, Action::Throttle, "the runtime is slow".to_owned()),
        ((1..STALLS_TO_RESTART).contains(&runtime.stalls), Action::Throttle, stood_still),
        (
            !cooling.is_empty(),
            Action::Observe,
            format!("workers rest before a trial: {}", cooling.join(", ")),
        ),
    ];
    let held: Vec<_> = rows.into_iter().filter(|(holds, ..)| *holds).collect();
    let action = held.iter().map(|(_, action, _)| *action).max().unwrap_or(Action::Observe);
    (action, held.into_iter().map(|(.., reason)| reason).collect())
}
