//! Parameters, taken apart from the schemas of the types that take them.

use schemars::Schema;
use serde_json::{Value, json};

use crate::routes::Operation;

/// The parameters of an operation: those of its path in their order, then those of its query string.
pub(super) fn of(path: &str, operation: &Operation) -> Vec<Value> {
    let in_path = names(path).enumerate().map(|(position, name)| {
        let schema = operation
            .path
            .as_ref()
            .map_or_else(|| json!({"type": "string"}), |schema| at(schema, position, name));
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    });
    let in_query = operation.query.iter().flat_map(members).map(|(name, schema, required)| {
        let mut parameter = json!({"name": name, "in": "query", "required": required, "schema": schema});
        if let Some(text) = schema.get("description") {
            parameter["description"] = text.clone();
        }
        parameter
    });
    let in_head = operation.headers.iter().map(|(name, text)| {
        json!({"name": name, "in": "header", "required": false, "description": text, "schema": {"type": "string"}})
    });
    in_path.chain(in_query).chain(in_head).collect()
}

/// The names in braces of a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).map(|name| name.trim_start_matches('*'))
}

/// The schema of one parameter of a path: a member of a struct, an element of a tuple, or the whole.
fn at(schema: &Schema, position: usize, name: &str) -> Value {
    let value = schema.as_value();
    let found = value
        .pointer(&format!("/properties/{name}"))
        .or_else(|| value.pointer(&format!("/prefixItems/{position}")));
    found.unwrap_or(value).clone()
}

/// The members of a struct's schema: name, schema, whether it must be there.
fn members(schema: &Schema) -> Vec<(String, Value, bool)> {
    let value = schema.as_value();
    let required: Vec<_> =
        value["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let members = value["properties"].as_object().into_iter().flatten();
    members.map(|(name, schema)| (name.clone(), schema.clone(), required.contains(&name.as_str()))).collect()
}
