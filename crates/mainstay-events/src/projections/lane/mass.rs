//! Whether an event that cannot be applied is one too many.

use std::collections::HashSet;

use mainstay_core::Chain;

use super::take::PAGE_EVENTS;
use super::{Holding, Lane, Stop};
use crate::Position;
use crate::projections::failures::{MASS_EVENTS, MASS_FEW, is_mass};
use crate::projections::place::lane_of;

impl Lane {
    /// Is this one key too many to be a matter of some events?
    pub(super) async fn is_mass(&self, holding: &mut Holding, at: Position) -> Result<bool, Stop> {
        let mut aside = holding.mass.note(self.runner.now(), at, holding.aside.len());
        if aside.in_events >= MASS_FEW {
            aside.keys = self.keys_until(at).await?;
        }
        Ok(is_mass(aside))
    }

    /// How many keys of this lane are among the last events up to a position.
    async fn keys_until(&self, last: Position) -> Result<usize, Stop> {
        let (lanes, types) = (self.projection.lanes(), self.projection.event_types());
        let mut keys = HashSet::new();
        let mut after = Position::new(last.get().saturating_sub(MASS_EVENTS));
        while after < last {
            let page = self.runner.store().read_from(after, PAGE_EVENTS.1).await;
            let page = page.map_err(|error| Stop::Transient(Chain(&error).to_string()))?;
            after = page.last().map_or(last, |event| event.position);
            let ours = page.iter().filter(|event| event.position <= last);
            let wanted =
                ours.filter(|event| types.is_none_or(|types| types.contains(&event.event_type.as_str())));
            let all = wanted.map(|event| self.projection.key(event).into_owned());
            keys.extend(all.filter(|key| lane_of(key, lanes) == self.place.lane));
        }
        Ok(keys.len())
    }
}
