//! Schemas: random ones, with items that fit and items that do not.

use std::sync::Arc;

use concord::engine::{Catalogue, EvaluationError, Item, Pairwise, RuleSet, Schema, Validation};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::{Attributes, cases, generate};

const NAMES: [&str; 5] = ["colour", "size", "tags", "cover", "formality"];

fn dimension() -> impl Strategy<Value = Value> {
    let kind = select(vec![
        json!({"type": "string"}),
        json!({"type": "boolean"}),
        json!({"type": "integer", "min": 1}),
        json!({"type": "integer", "max": 2}),
        json!({"type": "float", "min": 0, "max": 2.5}),
        json!({"type": "float"}),
        json!({"type": "enum", "values": ["red", "blue"]}),
        json!({"type": "list", "item_type": "string"}),
        json!({"type": "list", "item_type": "integer"}),
        json!({"type": "list", "item_type": "float"}),
        json!({"type": "list", "item_type": "boolean"}),
        json!({"type": "part_layer_list"}),
        json!({"type": "part_layer_list", "part_vocabulary": ["arm", "leg"]}),
    ]);
    (kind, prop::bool::weighted(0.3)).prop_map(|(mut kind, required)| {
        kind["required"] = required.into();
        kind
    })
}

/// Whether a value that is not null fits its dimension.
fn fits(dimension: &Value, value: &Value) -> bool {
    let whole = |value: &Value| value.is_i64() || value.is_u64();
    let in_bounds = || {
        let number = value.as_f64().unwrap();
        dimension["min"].as_f64().is_none_or(|min| number >= min)
            && dimension["max"].as_f64().is_none_or(|max| number <= max)
    };
    match dimension["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => whole(value) && in_bounds(),
        "float" => value.is_number() && in_bounds(),
        "enum" => value.is_string() && dimension["values"].as_array().unwrap().contains(value),
        "list" => value.as_array().is_some_and(|elements| {
            elements.iter().all(|element| match dimension["item_type"].as_str().unwrap() {
                "string" => element.is_string(),
                "integer" => whole(element),
                "float" => element.is_number(),
                _ => element.is_boolean(),
            })
        }),
        _ => value.as_array().is_some_and(|entries| {
            entries.iter().all(|entry| {
                let known = |part: &Value| {
                    part.is_string()
                        && dimension["part_vocabulary"].as_array().is_none_or(|words| words.contains(part))
                };
                entry["parts"].as_array().is_some_and(|parts| parts.iter().all(known))
                    && entry["layer"].as_f64().is_some_and(|layer| layer >= 0.0)
            })
        }),
    }
}

/// The problems of an item: the message, or only the place where the words are the engine's own.
fn expected(dimensions: &[Value], attributes: &Attributes) -> Vec<Result<String, String>> {
    let mut problems = Vec::new();
    for dimension in dimensions {
        let name = dimension["name"].as_str().unwrap();
        if dimension["required"] == true && !attributes.contains_key(name) {
            problems.push(Ok(format!("Required dimension '{name}' is missing")));
        }
    }
    for (name, value) in attributes {
        match dimensions.iter().find(|dimension| dimension["name"] == **name) {
            None => problems.push(Ok(format!("Attribute '{name}' is not defined in schema 'made-up'"))),
            Some(dimension) if value.is_null() => {
                if dimension["required"] == true {
                    problems.push(Ok(format!("Dimension '{name}' is required but got None")));
                }
            }
            Some(dimension) if fits(dimension, value) => {}
            Some(_) => problems.push(Err(format!("attributes.{name}"))),
        }
    }
    problems
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn items_are_refused_for_what_does_not_fit(
        mut dimensions in vec(dimension(), 1..6),
        attributes in generate::attributes(),
    ) {
        for (dimension, name) in dimensions.iter_mut().zip(NAMES) {
            dimension["name"] = name.into();
        }
        let schema = Schema::compile("made-up", "1.0.0", &dimensions).unwrap();
        let expected = expected(&dimensions, &attributes);

        let report = schema.check_attributes(&attributes);
        let mut found: Vec<_> = report.problems.iter().chain(&report.warnings).collect();
        for problem in &expected {
            let same = |found: &&concord::engine::Problem| match problem {
                Ok(message) => found.message == *message,
                Err(place) => found.field.starts_with(place.as_str()),
            };
            prop_assert!(found.iter().any(same), "{problem:?} is missing in {report:?}");
            found.retain(|problem| !same(problem));
        }
        prop_assert!(found.is_empty(), "{found:?} were not expected");

        let item = Item { id: "a", name: "a", attributes: &attributes };
        let catalogue = Arc::new(Catalogue::compile("c", Validation::Full(&schema), &[item]));
        let row = catalogue.row("a").unwrap();
        let pairwise = Pairwise::new(catalogue, Arc::new(RuleSet::compile("r", "1.0.0", &[]).unwrap()));
        match pairwise.compare(row, row, Timestamp::UNIX_EPOCH) {
            Ok(_) => prop_assert!(expected.is_empty()),
            Err(EvaluationError::InvalidItems(items)) => {
                prop_assert!(!expected.is_empty());
                prop_assert_eq!(&items[0].item_id, "a");
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

#[test]
fn only_the_items_asked_for_must_fit() {
    let schema = Schema::compile("s", "1.0.0", &[json!({"name": "n", "type": "integer"})]).unwrap();
    let [good, bad] = [json!({"n": 1}), json!({"n": "x", "m": 1})];
    let items = [("a", &good), ("b", &bad), ("c", &good), (" ", &good), ("a", &good)];
    let items = items.map(|(id, item)| Item { id, name: id, attributes: item.as_object().unwrap() });
    let compile = |validation| {
        let catalogue = Arc::new(Catalogue::compile("c", validation, &items));
        Pairwise::new(catalogue, Arc::new(RuleSet::compile("r", "1.0.0", &[]).unwrap()))
    };
    let pairwise = compile(Validation::Full(&schema));
    let rows: Vec<_> = pairwise.catalogue().rows().collect();
    let compare = |pairwise: &Pairwise, a: usize, b: usize| {
        pairwise.compare(rows[a], rows[b], Timestamp::UNIX_EPOCH).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(compare(&pairwise, 0, 2), Ok(()));
    let refused = |what: &str| Err(format!("Schema validation failed: {what}"));
    assert_eq!(
        compare(&pairwise, 0, 1),
        refused(
            "item 'b': Dimension 'n' must be an integer, got str; Attribute 'm' is not defined in schema 's'"
        ),
    );
    assert_eq!(
        compare(&pairwise, 3, 0),
        refused("item ' ': Item id must not be empty; Item name must not be empty")
    );
    assert_eq!(compare(&pairwise, 4, 0), refused("item 'a': Item 'a' is in the catalog twice"));
    let defined = compile(Validation::Defined(&schema));
    assert_eq!(compare(&defined, 0, 1), refused("item 'b': Dimension 'n' must be an integer, got str"));
    assert_eq!(compare(&compile(Validation::Off("s")), 0, 1), Ok(()));
}
