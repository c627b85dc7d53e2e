use std::collections::BTreeMap;

use mainstay_core::Clock;
use proptest::prelude::*;

use super::{Happened, check_invariants, store, stream};
use crate::{Append, AppendError, EventStore, Expected, Version};

#[test]
fn each_expectation_has_its_row() {
    let (none, one, two) = (None, Some(Version::new(1)), Some(Version::new(2)));
    let table = [
        (Expected::Any, none, true),
        (Expected::Any, one, true),
        (Expected::NoStream, none, true),
        (Expected::NoStream, one, false),
        (Expected::Exists, none, false),
        (Expected::Exists, one, true),
        (Expected::Exact(Version::new(0)), none, true),
        (Expected::Exact(Version::new(0)), one, false),
        (Expected::Exact(Version::new(2)), none, false),
        (Expected::Exact(Version::new(2)), one, false),
        (Expected::Exact(Version::new(2)), two, true),
    ];
    for (expected, actual, allowed) in table {
        assert_eq!(expected.allows(actual), allowed, "{expected:?} at {actual:?}");
    }
}

fn expectation() -> impl Strategy<Value = Expected> {
    prop_oneof![
        Just(Expected::Any),
        Just(Expected::NoStream),
        Just(Expected::Exists),
        (0..4_u64).prop_map(|version| Expected::Exact(Version::new(version))),
    ]
}

/// What is expected of streams, and how many events they get.
type Parts = BTreeMap<u8, (Expected, usize)>;

/// Appends of two instances to few streams, so that their expectations are right about as often as wrong.
fn appends() -> impl Strategy<Value = Vec<(bool, Parts)>> {
    let part = (expectation(), 0..3_usize);
    let parts = proptest::collection::btree_map(0..3_u8, part, 1..3);
    proptest::collection::vec((any::<bool>(), parts), 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The store does what a map of counters does, whatever another instance appends in between.
    #[test]
    fn the_store_agrees_with_a_model(appends in appends()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let store = store().await;
            let other = EventStore::new(store.database().clone(), Clock::system());
            let mut model: BTreeMap<u8, u64> = BTreeMap::new();
            let mut total = 0;
            for (by_other, parts) in appends {
                let mut append = Append::new();
                for (name, (expected, count)) in &parts {
                    append = append.events(&stream(name), *expected, &vec![Happened::Noted(0); *count]);
                }
                let at = |name: &u8| model.get(name).copied().map(Version::new);
                let wrong = parts.iter().find(|(name, (expected, _))| !expected.allows(at(name)));
                let events: usize = parts.values().map(|(_, count)| count).sum();
                let done = if by_other { &other } else { &store }.append(append).await;
                match (done, wrong) {
                    (Err(AppendError::Invalid(_)), _) => assert_eq!(events, 0),
                    (Err(AppendError::WrongVersion { stream: named, actual, .. }), Some((name, _))) => {
                        assert_eq!((named, actual), (stream(name), at(name)));
                    }
                    (Ok(done), None) => {
                        total += events as u64;
                        assert_eq!(done.last.get(), total);
                        for (name, (_, count)) in parts {
                            if count > 0 {
                                *model.entry(name).or_default() += count as u64;
                                assert_eq!(done.version_of(&stream(name)).map(Version::get), model.get(&name).copied());
                            }
                        }
                    }
                    (result, wrong) => panic!("{result:?}, although {wrong:?}"),
                }
            }
            assert_eq!(check_invariants(&store).await.len() as u64, total);
        });
    }
}
