//! Which lane of which generation of which projection.

use mainstay_db::Value;

/// One lane of one generation of a projection: a row of `es_projection`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) generation: u32,
    pub(super) lane: u16,
}

impl Place {
    /// As the first three parameters of a statement: name, generation, lane.
    pub(super) fn values(self) -> [Value; 3] {
        [self.name.into(), self.generation.into(), u32::from(self.lane).into()]
    }
}

/// The lane that a key belongs to.
///
/// The same on every machine and in every build (FNV-1a): a position says which events of a lane were taken.
pub(super) fn lane_of(key: &str, lanes: u16) -> u16 {
    if lanes <= 1 {
        return 0;
    }
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    u16::try_from(hash % u64::from(lanes)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_their_lanes() {
        assert_eq!(lane_of("item-1", 1), 0);
        // Written down: another function would tear running projections apart.
        let lanes: Vec<_> = (0..8).map(|number| lane_of(&format!("item-{number}"), 4)).collect();
        assert_eq!(lanes, [3, 0, 1, 2, 3, 0, 1, 2]);
    }
}
