//! The engine against a plain reference evaluator, and the tables of its texts.
//!
//! `reference` is written straight from the description of the API: simple, slow, working on JSON. `generate` makes
//! schemas, rules and items, good and malformed. Each of the other modules compares one part of the engine with it.

#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::many_single_char_names,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    clippy::match_same_arms,
    clippy::too_many_lines,
    reason = "tests: made-up content is known to be sound, and the reference is to read like the description"
)]

mod clusters;
mod demo;
mod generate;
mod pairs;
mod reference;
mod schemas;
mod search;
mod streams;

use std::sync::Arc;

use concord::engine::{Catalogue, Item, Pairwise, RuleSet, Validation};
use proptest::test_runner::Config;
use serde_json::{Map, Value};

/// The attributes of one item.
type Attributes = Map<String, Value>;

fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Items `item-0`, `item-1`, … with the attributes given, unchecked, and the rules bound to them.
fn pairwise(items: &[Attributes], rules: &[Value]) -> Pairwise {
    let ids = ids(items.len());
    let items: Vec<Item<'_>> =
        ids.iter().zip(items).map(|(id, attributes)| Item { id, name: id, attributes }).collect();
    let catalogue = Catalogue::compile("c\"1", Validation::Off("schéma"), &items);
    let ruleset = RuleSet::compile("r\\1", "1.0.0", rules).unwrap();
    Pairwise::new(Arc::new(catalogue), Arc::new(ruleset))
}

fn ids(items: usize) -> Vec<String> {
    (0..items).map(|index| format!("item-{index}")).collect()
}
