//! `settings schema`.

use mainstay_core::settings::Field;
use serde_json::{Map, Value, json};

/// An object a setting. What does not apply to it is left out.
pub(super) fn schema(fields: &[Field]) -> Value {
    fields.iter().map(describe).collect()
}

fn describe(field: &Field) -> Value {
    let list = |entries: &[&str]| (!entries.is_empty()).then(|| json!(entries));
    let flag = |is_set: bool| is_set.then(|| json!(true));
    let rows = [
        ("name", Some(json!(field.name))),
        ("group", Some(json!(field.group.title))),
        ("doc", Some(json!(field.doc))),
        ("type", Some(json!(field.kind))),
        ("expected", Some(json!(field.expected))),
        ("choices", list(&field.choices)),
        ("unit", field.unit.map(|unit| json!(unit))),
        ("default", field.default.as_ref().map(|value| json!(value))),
        ("default_strict", field.default_strict.as_ref().map(|value| json!(value))),
        ("default_text", field.default_text.map(|text| json!(text))),
        ("minimum", field.minimum.as_ref().map(|value| json!(value))),
        ("maximum", field.maximum.as_ref().map(|value| json!(value))),
        ("too_low", field.too_low.map(|text| json!(text))),
        ("too_high", field.too_high.map(|text| json!(text))),
        ("aliases", list(&field.aliases)),
        ("secret", flag(field.secret)),
        ("required_in_strict", flag(field.required_in_strict)),
        ("example", field.example.map(|text| json!(text))),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(rows.collect::<Map<_, _>>())
}
