//! Loads and steps in virtual time: the same in every run of a seed, and over in a moment.

use std::time::Duration;

use super::world::{Backend, Demand, Outcomes, World};
use crate::routes::Priority;

const SECOND: Duration = Duration::from_secs(1);

const MIX: &[(Priority, u64)] =
    &[(Priority::Identity, 5), (Priority::Interactive, 25), (Priority::Default, 50), (Priority::Bulk, 20)];

/// Work of ten milliseconds: so two processors do 200 a second.
fn demand(rate: f64) -> Demand {
    Demand { rate, work: 0.010, mix: MIX }
}

/// What comes of a load when it has gone on for a while.
fn under(backend: Backend, seed: u64, rate: f64, seconds: u32) -> (World, Outcomes) {
    let mut world = World::new(backend, seed);
    world.run(demand(rate), 10 * SECOND);
    let outcomes = world.run(demand(rate), seconds * SECOND);
    (world, outcomes)
}

#[test]
fn at_three_times_the_capacity_as_much_is_done_as_ever() {
    for (processors, seconds) in [(2.0, 20), (8.0, 4)] {
        for seed in 1..3 {
            let capacity = 100.0 * processors;
            let goodput = |load: f64| {
                let (_, outcomes) = under(Backend::Processors(processors), seed, load * capacity, seconds);
                f64::from(u32::try_from(outcomes.goodput()).unwrap()) / f64::from(seconds)
            };
            let loads = [0.5, 1.0, 1.5, 2.0, 3.0].map(goodput);
            let peak = loads.iter().copied().fold(0.0, f64::max);
            assert!(peak > 0.9 * capacity, "{loads:?}");
            assert!(loads[4] > 0.9 * peak, "{loads:?}");
        }
    }
}

#[test]
fn at_half_of_the_capacity_nobody_is_turned_away() {
    for seed in 1..6 {
        let (_, outcomes) = under(Backend::Processors(2.0), seed, 100.0, 30);
        assert!(outcomes.turned_away.is_empty(), "{:?}", outcomes.turned_away);
    }
}

#[test]
fn the_least_important_are_turned_away_first() {
    let (_, outcomes) = under(Backend::Processors(2.0), 1, 400.0, 30);
    let answered = [Priority::Identity, Priority::Interactive, Priority::Default, Priority::Bulk]
        .map(|priority| outcomes.share_answered(priority));
    assert!(answered.windows(2).all(|pair| pair[0] > pair[1]), "{answered:?}");
    assert!(answered[0] > 0.99 && answered[1] > 0.7 && answered[3] < 0.3, "{answered:?}");
}

/// The hundredth of a few hundred says little: the times are long, so that it is the one of thousands. What it is
/// without load is known: where nobody else is there, each takes as long as its own work.
#[test]
fn signing_in_takes_less_than_twice_as_long_as_without_load() {
    let unloaded = Duration::from_secs_f64(0.010 * 100_f64.ln());
    for (processors, seconds) in [(2.0, 300), (8.0, 75)] {
        for seed in 1..4 {
            let (_, outcomes) = under(Backend::Processors(processors), seed, 300.0 * processors, seconds);
            let loaded = outcomes.quantile(Priority::Identity, 0.99);
            assert!(loaded < unloaded * 2, "{processors} processors: {unloaded:?}, {loaded:?}");
        }
    }
}

#[test]
fn a_start_under_overload_finds_the_limit_too() {
    for seed in 1..4 {
        let (world, outcomes) = under(Backend::Processors(2.0), seed, 600.0, 20);
        assert!(world.limit() <= 32, "{}", world.limit());
        assert!(outcomes.most_in_flight <= 64, "{}", outcomes.most_in_flight);
    }
}

#[test]
fn many_processors_are_kept_busy() {
    let (world, _) = under(Backend::Processors(16.0), 2, 3_200.0, 2);
    assert!(world.limit() >= 16, "{}", world.limit());
}

#[test]
fn after_an_overload_everything_is_as_before() {
    let (mut world, _) = under(Backend::Processors(2.0), 3, 600.0, 10);
    world.run(demand(100.0), SECOND);
    let outcomes = world.run(demand(100.0), 10 * SECOND);
    assert!(outcomes.turned_away.is_empty(), "{:?}", outcomes.turned_away);
}

/// 200 requests a second to something that takes 10 ms, then 1 s, then 10 ms again: 2 in flight, 200, 2.
#[test]
fn a_dependency_that_becomes_slow_does_not_choke_the_service_for_good() {
    for seed in 1..6 {
        let mut world = World::new(Backend::Distant, seed);
        let slow = Demand { work: 1.0, ..demand(200.0) };
        world.run(demand(200.0), 10 * SECOND);
        // What it takes to find out that doing less does not help, and then to find room for 200 at once.
        world.run(slow, 60 * SECOND);
        let while_slow = world.run(slow, 10 * SECOND);
        assert!(while_slow.goodput() > 1_500, "{} of {}", while_slow.goodput(), while_slow.arrived);
        world.run(demand(200.0), 3 * SECOND);
        let after = world.run(demand(200.0), 10 * SECOND);
        assert!(after.turned_away.is_empty(), "{:?}", after.turned_away);
    }
}

/// A limit that was raised for a distant dependency must not outlive the moment when processors run short.
#[test]
fn a_high_limit_falls_as_soon_as_something_of_ours_is_used_up() {
    let mut world = World::new(Backend::Distant, 1);
    let slow = Demand { work: 1.0, ..demand(200.0) };
    world.run(demand(200.0), 5 * SECOND);
    world.run(slow, 60 * SECOND);
    assert!(world.limit() > 100, "{}", world.limit());
    world.run(demand(200.0), 5 * SECOND);
    world.backend = Backend::Processors(2.0);
    world.run(demand(600.0), 5 * SECOND);
    assert!(world.limit() <= 32, "{}", world.limit());
}
