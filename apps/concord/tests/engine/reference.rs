//! The reference evaluator: conditions as the API describes them, one sentence after the other.
//!
//! Where the original shows the messages of its runtime (`Error evaluating …`), the words are the engine's own.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::Attributes;

/// Whether something holds, and why.
pub(crate) type Answer = (bool, String);
/// `Err` is a message: of a structural error for a condition, of an internal failure for an operator.
type Outcome = Result<Answer, String>;

const PAIRWISE: [&str; 10] = [
    "equals",
    "has_different",
    "abs_diff",
    "any_equals",
    "any_missing",
    "part_layer_conflict",
    "all",
    "any",
    "or",
    "not",
];
const CLUSTER: [&str; 8] =
    ["unique_values", "has_item_with", "count_by_field", "formality_range", "all", "any", "or", "not"];

/// What a condition is asked about.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Pair(&'a Attributes, &'a Attributes),
    Cluster(&'a [(&'a str, &'a Attributes)]),
}

/// Every enabled exclusion, then every enabled requirement: name, passed, reason.
pub(crate) fn rules(rules: &[Value], place: Place<'_>) -> Vec<(String, bool, String)> {
    let mut answers = Vec::new();
    for kind in ["exclusion", "requirement"] {
        for rule in rules {
            if rule["type"] != kind || rule.get("enabled") == Some(&Value::Bool(false)) {
                continue;
            }
            let (passed, reason) = match condition(&rule["condition"], place, 1) {
                Ok((holds, reason)) => (holds == (kind == "requirement"), reason),
                Err(message) => (false, format!("Error evaluating rule: {message}")),
            };
            answers.push((rule["name"].as_str().unwrap().to_owned(), passed, reason));
        }
    }
    answers
}

/// The same, but only up to the first that fails.
pub(crate) fn rules_until_failure(list: &[Value], place: Place<'_>) -> Vec<(String, bool, String)> {
    let mut answers = rules(list, place);
    if let Some(failed) = answers.iter().position(|(_, passed, _)| !passed) {
        answers.truncate(failed + 1);
    }
    answers
}

fn condition(condition: &Value, place: Place<'_>, depth: usize) -> Outcome {
    if depth > 64 {
        return Err("Condition is nested deeper than 64 levels".into());
    }
    let Some(object) = condition.as_object() else {
        return Err(format!("Condition must be a dictionary, got <class '{}'>", kind(condition)));
    };
    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
    if keys.is_empty() {
        return Err("Condition cannot be empty".into());
    }
    if keys.len() > 1 {
        return Err(format!("Condition must have exactly one operator, got {}", names(&keys)));
    }
    let operator = keys[0];
    let (available, unknown): (&[&str], _) = match place {
        Place::Pair(..) => (&PAIRWISE, "Unknown operator"),
        Place::Cluster(_) => (&CLUSTER, "Unknown cluster operator"),
    };
    if !available.contains(&operator) {
        return Err(format!("{unknown} '{operator}'. Available: {}", names(available)));
    }
    let config = &object[operator];
    let outcome = match operator {
        "all" => all(config, place, depth),
        "any" | "or" => any(config, place, depth),
        "not" => not(config, place, depth),
        _ => match (config.as_object(), place) {
            (None, _) => Err(format!("'{}' object has no attribute 'get'", kind(config))),
            (Some(config), Place::Pair(a, b)) => pair_operator(operator, config, a, b),
            (Some(config), Place::Cluster(items)) => cluster_operator(operator, config, items),
        },
    };
    Ok(outcome.unwrap_or_else(|message| (false, format!("Error evaluating {operator}: {message}"))))
}

fn all(config: &Value, place: Place<'_>, depth: usize) -> Outcome {
    let Some(conditions) = config.as_array().filter(|conditions| !conditions.is_empty()) else {
        return Ok((false, "No conditions specified for 'all' operator".into()));
    };
    for member in conditions {
        let (holds, reason) = condition(member, place, depth + 1)?;
        if !holds {
            return Ok((false, format!("AND failed: {reason}")));
        }
    }
    Ok((true, "All conditions passed".into()))
}

fn any(config: &Value, place: Place<'_>, depth: usize) -> Outcome {
    let Some(conditions) = config.as_array().filter(|conditions| !conditions.is_empty()) else {
        return Ok((false, "No conditions specified for 'any' operator".into()));
    };
    let mut reasons = Vec::new();
    for member in conditions {
        let (holds, reason) = condition(member, place, depth + 1)?;
        if holds {
            return Ok((true, format!("OR succeeded: {reason}")));
        }
        reasons.push(reason);
    }
    Ok((false, format!("All OR conditions failed: {}", reasons.join("; "))))
}

fn not(config: &Value, place: Place<'_>, depth: usize) -> Outcome {
    if falsy(config) {
        return Ok((false, "No condition specified for 'not' operator".into()));
    }
    let (holds, reason) = condition(config, place, depth + 1)?;
    let reason = match place {
        Place::Pair(..) => format!("NOT {reason}"),
        Place::Cluster(_) => format!("NOT ({reason})"),
    };
    Ok((!holds, reason))
}

fn pair_operator(operator: &str, config: &Attributes, a: &Attributes, b: &Attributes) -> Outcome {
    let field = config.get("field").unwrap_or(&Value::Null);
    if falsy(field) {
        return Ok((false, format!("No field specified for {operator} operator")));
    }
    let present = |key: &str| config.get(key).filter(|value| !value.is_null());
    if operator == "abs_diff" && present("max").is_none() {
        return Ok((false, "No max specified for abs_diff operator".into()));
    }
    if operator == "any_equals" && present("value").is_none() {
        return Ok((false, "No value specified for any_equals operator".into()));
    }
    let (a, b) = (attribute(a, field)?, attribute(b, field)?);
    let f = str(field);
    let missing = a.is_none() || b.is_none();
    let none = Value::Null;
    let (x, y) = (a.unwrap_or(&none), b.unwrap_or(&none));
    let (s, t) = (str(x), str(y));
    Ok(match operator {
        "equals" if missing => (false, format!("One or both items missing '{f}' attribute")),
        "equals" if equal(x, y) => (true, format!("Both items have {f}='{s}'")),
        "equals" => (false, format!("Different {f} values: '{s}' vs '{t}'")),
        "has_different" if missing => {
            (true, format!("One or both items missing '{f}' attribute (treated as different)"))
        }
        "has_different" if equal(x, y) => (false, format!("Same {f} value: '{s}'")),
        "has_different" => (true, format!("Different {f} values: '{s}' vs '{t}'")),
        "abs_diff" if missing => (false, format!("One or both items missing '{f}' attribute")),
        "abs_diff" => {
            let max = &config["max"];
            match (float(x), float(y), number(max)) {
                (Some(p), Some(q), Some(limit)) => {
                    let difference = (p - q).abs();
                    let text = if difference.is_nan() { "nan".into() } else { format!("{difference:.1}") };
                    let within = difference <= limit;
                    let verdict = if within { "is within" } else { "exceeds" };
                    (within, format!("{f} difference {text} {verdict} threshold {}", str(max)))
                }
                _ => (false, format!("Cannot compute numeric difference for {f}")),
            }
        }
        "any_equals" => {
            let value = &config["value"];
            let v = str(value);
            if a.is_some_and(|a| equal(a, value)) || b.is_some_and(|b| equal(b, value)) {
                (true, format!("At least one item has {f}='{v}'"))
            } else {
                (false, format!("Neither item has {f}='{v}' (values: '{s}', '{t}')"))
            }
        }
        "any_missing" if missing => (true, format!("At least one item is missing '{f}' attribute")),
        "any_missing" => (false, format!("Both items have '{f}' attribute")),
        _ if missing => (false, format!("One or both items missing '{f}' attribute (no conflict)")),
        _ => layers(&layer_map(x)?, &layer_map(y)?),
    })
}

fn layer_map(value: &Value) -> Result<BTreeMap<&str, &Value>, String> {
    let Some(entries) = value.as_array() else {
        return Err(format!("'{}' object is not a list of parts and layers", kind(value)));
    };
    let mut map = BTreeMap::new();
    for entry in entries {
        let Some(entry) = entry.as_object() else {
            return Err(format!("'{}' object has no parts and layer", kind(entry)));
        };
        let Some(parts) = entry.get("parts").and_then(Value::as_array) else {
            return Err("'parts' must be a list".into());
        };
        let Some(layer) = entry.get("layer").filter(|layer| layer.is_number()) else {
            return Err("'layer' must be a number".into());
        };
        for part in parts {
            let Some(part) = part.as_str() else {
                return Err(format!("part must be a string, got {}", kind(part)));
            };
            map.insert(part, layer);
        }
    }
    Ok(map)
}

fn layers(a: &BTreeMap<&str, &Value>, b: &BTreeMap<&str, &Value>) -> Answer {
    let shared: Vec<&str> = a.keys().copied().filter(|part| b.contains_key(part)).collect();
    if shared.is_empty() {
        return (false, "No overlapping body parts (no conflict)".into());
    }
    let mut expected = None;
    let mut conflicts = Vec::new();
    for part in &shared {
        let direction = match compare(a[part], b[part]) {
            Ordering::Equal => {
                conflicts.push(format!("{part}: both at layer {}", str(a[part])));
                continue;
            }
            Ordering::Greater => "over",
            Ordering::Less => "under",
        };
        let expected = *expected.get_or_insert(direction);
        if direction != expected {
            conflicts
                .push(format!("{part}: inconsistent phasing (item1 {direction} item2, expected {expected})"));
        }
    }
    if conflicts.is_empty() {
        return (false, format!("No conflicts on overlapping parts [{}]", shared.join(", ")));
    }
    (true, format!("Layer conflict detected: {}", conflicts.join("; ")))
}

fn cluster_operator(operator: &str, config: &Attributes, items: &[(&str, &Attributes)]) -> Outcome {
    let present = |key: &str| config.get(key).filter(|value| !value.is_null());
    if operator == "formality_range" {
        let Some(max) = present("max_diff") else {
            return Ok((false, "No max_diff specified for formality_range operator".into()));
        };
        return formality(max, items);
    }
    let field = config.get("field").unwrap_or(&Value::Null);
    if falsy(field) {
        return Ok((false, format!("No field specified for {operator} operator")));
    }
    if operator == "has_item_with" && present("value").is_none() {
        return Ok((false, "No value specified for has_item_with operator".into()));
    }
    let f = str(field);
    let mut values = Vec::new();
    for (_, attributes) in items {
        values.extend(attribute(attributes, field)?);
    }
    // The same even if there is no item to look it up in.
    attribute(&Attributes::new(), field)?;
    if operator == "has_item_with" {
        let value = &config["value"];
        let v = str(value);
        return Ok(match values.iter().filter(|other| equal(other, value)).count() {
            0 => (false, format!("No items with {f}='{v}'")),
            found => (true, format!("Found {found} item(s) with {f}='{v}'")),
        });
    }
    if values.is_empty() {
        return Ok(match operator {
            "unique_values" => (true, format!("No {f} values to check")),
            _ => (false, format!("No {f} values to count")),
        });
    }
    let mut distinct: Vec<&Value> = Vec::new();
    for value in &values {
        if value.is_array() || value.is_object() {
            return Err(format!("unhashable type: '{}'", kind(value)));
        }
        if !distinct.iter().any(|other| equal(other, value)) {
            distinct.push(value);
        }
    }
    let (total, distinct) = (values.len(), distinct.len());
    if operator == "unique_values" {
        return Ok(match total - distinct {
            0 => (true, format!("All {total} {f} values are unique")),
            duplicates => (false, format!("Found {duplicates} duplicate {f} value(s)")),
        });
    }
    if let Some(min) = present("min") {
        let limit = number(min).ok_or_else(|| format!("min must be a number, got {}", kind(min)))?;
        if (distinct as f64) < limit {
            return Ok((false, format!("Only {distinct} distinct {f} value(s) (need {})", str(min))));
        }
    }
    if let Some(max) = present("max") {
        let limit = number(max).ok_or_else(|| format!("max must be a number, got {}", kind(max)))?;
        if (distinct as f64) > limit {
            return Ok((false, format!("Too many distinct {f} values ({distinct}, max {})", str(max))));
        }
    }
    Ok((true, format!("{distinct} distinct {f} value(s)")))
}

fn formality(max: &Value, items: &[(&str, &Attributes)]) -> Outcome {
    let mut numbers = Vec::new();
    for (id, attributes) in items {
        if let Some(value) = attributes.get("formality").filter(|value| !value.is_null()) {
            match float(value) {
                Some(number) => numbers.push(number),
                None => return Ok((false, format!("Invalid formality value for {id}: {}", str(value)))),
            }
        }
    }
    let Some(&first) = numbers.first() else {
        return Ok((true, "No formality values to check".into()));
    };
    let low = numbers.iter().fold(first, |low, &number| if number < low { number } else { low });
    let high = numbers.iter().fold(first, |high, &number| if number > high { number } else { high });
    let limit = number(max).ok_or("max_diff must be a number")?;
    let whole = |number: f64| if number.is_nan() { "nan".into() } else { format!("{number:.0}") };
    let (lo, hi, d, m) = (whole(low), whole(high), whole(high - low), str(max));
    Ok(if high - low <= limit {
        (true, format!("Formality range {lo}-{hi} (diff={d}, max={m})"))
    } else {
        (false, format!("Formality range {lo}-{hi} (diff={d} exceeds max {m})"))
    })
}

/// The attribute that a config names; null is as good as absent.
fn attribute<'a>(attributes: &'a Attributes, field: &Value) -> Result<Option<&'a Value>, String> {
    match field {
        Value::String(name) => Ok(attributes.get(name).filter(|value| !value.is_null())),
        Value::Array(_) | Value::Object(_) => Err(format!("unhashable type: '{}'", kind(field))),
        _ => Ok(None),
    }
}

fn falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(string) => string.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(entries) => entries.is_empty(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// A number or a boolean, as one.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        other => other.as_f64(),
    }
}

/// What `float()` makes of it. The strings made up here have no underscores.
fn float(value: &Value) -> Option<f64> {
    match value {
        Value::String(string) => string.trim().parse().ok(),
        other => number(other),
    }
}

/// The numbers made up here are exact as floats.
fn compare(a: &Value, b: &Value) -> Ordering {
    a.as_f64().partial_cmp(&b.as_f64()).unwrap()
}

pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
    }
}

fn str(value: &Value) -> String {
    value.as_str().map_or_else(|| repr(value), ToOwned::to_owned)
}

fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(truth) => if *truth { "True" } else { "False" }.into(),
        Value::Number(number) if number.is_f64() => python_float(number.as_f64().unwrap()),
        Value::Number(number) => number.to_string(),
        Value::String(string) => quoted(string),
        Value::Array(values) => format!("[{}]", values.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), repr(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn python_float(number: f64) -> String {
    let text = format!("{number:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let exponent: i32 = exponent.parse().unwrap();
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
    }
}

fn quoted(string: &str) -> String {
    let quote = if string.contains('\'') && !string.contains('"') { '"' } else { '\'' };
    let inner = string.replace('\\', "\\\\").replace('\n', "\\n").replace(quote, &format!("\\{quote}"));
    format!("{quote}{inner}{quote}")
}

fn names(names: &[&str]) -> String {
    format!("[{}]", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}
