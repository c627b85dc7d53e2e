//! Made-up items and rules: mostly sound, often enough malformed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::Attributes;

const FIELDS: [&str; 5] = ["colour", "size", "tags", "cover", "formality"];

/// A value that is often enough equal to another one.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => scalar(),
        2 => vec(scalar(), 0..3).prop_map(Value::from),
        3 => cover(),
        1 => Just(json!({"a": 1, "b": [2.0]})),
        1 => Just(json!({"b": [2], "a": true})),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    let rare = select(vec![
        json!("nan"),
        json!("inf"),
        json!(1e16),
        json!(0.000_012_5),
        json!("it's"),
        json!("say \"hi\"\\\n"),
        json!("Ünïcode"),
        json!(-7),
    ]);
    let common = select(vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(2),
        json!(4),
        json!(0.5),
        json!(1.0),
        json!(2.5),
        json!("red"),
        json!("blue"),
        json!("1.5"),
        json!(" 2 "),
        json!(""),
    ]);
    prop_oneof![8 => common, 1 => rare]
}

/// Parts on layers, sometimes not quite.
fn cover() -> impl Strategy<Value = Value> {
    let part = select(vec!["arm", "leg", "neck", "Zeh", "it's"]);
    let layer = select(vec![json!(0), json!(1), json!(1.0), json!(2), json!(2.5)]);
    let entry = (vec(part, 0..3), layer).prop_map(|(parts, layer)| json!({"parts": parts, "layer": layer}));
    let broken = select(vec![
        json!({"parts": ["arm"]}),
        json!({"layer": 1}),
        json!({"parts": "arm", "layer": 1}),
        json!({"parts": [1], "layer": 1}),
        json!({"parts": ["arm"], "layer": "1"}),
    ]);
    vec(prop_oneof![20 => entry, 1 => broken], 0..3).prop_map(Value::from)
}

/// The attributes of one item.
pub(crate) fn attributes() -> impl Strategy<Value = Attributes> {
    let colour = prop_oneof![6 => select(vec![json!("red"), json!("blue"), json!("green")]), 2 => value()];
    let size = prop_oneof![6 => scalar(), 1 => value()];
    let formality =
        prop_oneof![6 => select(vec![json!(1), json!(2), json!(2.5), json!(4), json!("3")]), 1 => scalar()];
    let cover = prop_oneof![8 => cover(), 1 => value()];
    (colour, size, value(), cover, formality, vec(prop::bool::weighted(0.8), 5)).prop_map(
        |(colour, size, tags, cover, formality, kept)| {
            let values = [colour, size, tags, cover, formality];
            let all = FIELDS.into_iter().map(String::from).zip(values).zip(kept);
            all.filter(|(_, kept)| *kept).map(|(entry, _)| entry).collect::<Map<_, _>>()
        },
    )
}

fn field() -> impl Strategy<Value = Value> {
    prop_oneof![
        20 => select(FIELDS.map(Value::from).to_vec()),
        1 => select(vec![json!("nowhere"), json!(""), Value::Null, json!(5), json!(["colour"]), json!({}), json!({"a": 1})]),
    ]
}

fn limit() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => select(vec![json!(0), json!(1), json!(2), json!(0.5), json!(1.5)]),
        1 => select(vec![Value::Null, json!(true), json!("2"), json!([]), json!(1e30), json!(-1)]),
    ]
}

/// The config of a leaf: its keys, each sometimes left out.
fn config(keys: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    let kept = vec(prop::bool::weighted(0.95), names.len());
    let object = (values, kept).prop_map(move |(values, kept)| {
        let entries = names.iter().zip(values).zip(kept).filter(|(_, kept)| *kept);
        Value::Object(entries.map(|((name, value), _)| ((*name).into(), value)).collect())
    });
    let broken = select(vec![Value::Null, json!("colour"), json!([]), json!([1]), json!(5), json!(true)]);
    prop_oneof![20 => object, 1 => broken].boxed()
}

fn operator(name: &'static str, config: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    config.prop_map(move |config| json!({name: config})).boxed()
}

/// A pairwise condition.
pub(crate) fn pairwise_condition() -> BoxedStrategy<Value> {
    let field = || ("field", field().boxed());
    let leaf = prop_oneof![
        operator("equals", config(vec![field()])),
        operator("has_different", config(vec![field()])),
        operator("abs_diff", config(vec![field(), ("max", limit().boxed())])),
        operator("any_equals", config(vec![field(), ("value", value().boxed())])),
        operator("any_missing", config(vec![field()])),
        operator(
            "part_layer_conflict",
            config(vec![("field", prop_oneof![4 => Just(json!("cover")), 1 => field().1].boxed())])
        ),
    ];
    nested(leaf.boxed())
}

/// A cluster condition.
pub(crate) fn cluster_condition() -> BoxedStrategy<Value> {
    let field = || ("field", field().boxed());
    let bound = || prop_oneof![3 => Just(Value::Null), 5 => limit()].boxed();
    let leaf = prop_oneof![
        operator("unique_values", config(vec![field()])),
        operator("has_item_with", config(vec![field(), ("value", value().boxed())])),
        operator("count_by_field", config(vec![field(), ("min", bound()), ("max", bound())])),
        operator("formality_range", config(vec![("max_diff", limit().boxed())])),
    ];
    nested(leaf.boxed())
}

fn nested(leaf: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let malformed = select(vec![
        Value::Null,
        json!([]),
        json!("equals"),
        json!({}),
        json!({"equals": {"field": "size"}, "unique_values": {}}),
        json!({"unheard_of": {}}),
        json!({"it's": {}}),
    ]);
    let leaf = prop_oneof![30 => leaf, 1 => malformed];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let group =
            || prop_oneof![20 => vec(inner.clone(), 1..4).prop_map(Value::from), 1 => value()].boxed();
        let alone = prop_oneof![20 => inner.clone(), 1 => value()].boxed();
        prop_oneof![
            operator("all", group()),
            operator("any", group()),
            operator("or", group()),
            operator("not", alone),
        ]
    })
    .boxed()
}

/// Rules over such conditions; only those that keep a ruleset from being used at all are left out.
pub(crate) fn rules(condition: BoxedStrategy<Value>) -> impl Strategy<Value = Vec<Value>> {
    let kind = select(vec!["exclusion", "requirement"]);
    let usable = condition.prop_filter("a rule needs a condition", |condition| {
        condition.as_object().is_some_and(|entries| !entries.is_empty())
    });
    let rule = (kind, usable, prop::bool::weighted(0.9)).prop_map(|(kind, condition, enabled)| {
        json!({"name": "rule", "type": kind, "condition": condition, "enabled": enabled})
    });
    vec(rule, 0..4).prop_map(|mut rules| {
        for (index, rule) in rules.iter_mut().enumerate() {
            rule["name"] = format!("rule-{index}").into();
        }
        rules
    })
}
