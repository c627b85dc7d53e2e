//! A catalogue of any size, the same on every run.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::service::Service;

/// The name of the catalogue.
pub(crate) const CATALOGUE: &str = "bench";
/// The name of the ruleset, of four rules.
pub(crate) const RULESET: &str = "bench-rules";
/// The name of a ruleset of as many rules as are asked for.
pub(crate) const LONG_RULESET: &str = "bench-many-rules";

const KINDS: [&str; 8] = ["board", "processor", "memory", "graphics", "storage", "power", "case", "cooler"];
const SOCKETS: [&str; 5] = ["am4", "am5", "lga1200", "lga1700", "lga1851"];
const MEMORY: [&str; 2] = ["ddr4", "ddr5"];

/// Most items in one import: the schema, the rules and the catalogue count against `MAX_IMPORT_ITEMS` too.
const IN_ONE_IMPORT: usize = 9_990;

/// Imports schema, rules and a catalogue of `items`; what one import does not take is created one by one.
///
/// # Errors
///
/// When the service refuses any of it.
pub(crate) fn import(service: &Service, items: usize) -> Result<()> {
    let imported = items.min(IN_ONE_IMPORT);
    let document = json!({
        "schemas": [schema()],
        "rulesets": [ruleset()],
        "catalogs": [{
            "name": CATALOGUE,
            "description": null,
            "schema_ref": "bench-parts",
            "metadata": {},
            "items": (0..imported).map(|index| item("id", index)).collect::<Vec<_>>(),
        }],
    });
    let mut connection = service.connect()?;
    let answer = connection.exchange(&Request::post("/api/v1/import/all", &document.to_string()))?;
    // An import answers 200 also when it refuses rows, and says so in its message.
    let message = String::from_utf8_lossy(&answer);
    ensure!(message.contains(&format!("1 catalog(s) with {imported} item(s)")), "{message}");
    ensure!(!message.contains("Errors"), "{message}");

    let path = format!("/api/v1/catalogs/{CATALOGUE}/items");
    for index in imported..items {
        connection.exchange(&Request::post(&path, &item("item_id", index).to_string()))?;
    }
    Ok(())
}

/// Imports a ruleset of so many rules, none of which decides anything, so that all of them are looked at for each pair.
///
/// # Errors
///
/// When the service refuses it.
pub(crate) fn import_long_ruleset(service: &Service, rules: usize) -> Result<()> {
    let rule = |number: usize| {
        json!({
            "name": format!("power_{number}"),
            "type": "requirement",
            "condition": unless_missing("watts", &json!({ "abs_diff": { "field": "watts", "max": 1_000 + number } })),
        })
    };
    let rules: Vec<_> = (0..rules).map(rule).collect();
    let ruleset = json!({
        "name": LONG_RULESET,
        "version": "1.0.0",
        "description": null,
        "schema_ref": "bench-parts",
        "rules": rules,
    });
    let document = json!({ "rulesets": [ruleset] }).to_string();
    let answer = service.connect()?.exchange(&Request::post("/api/v1/import/all", &document))?;
    let message = String::from_utf8_lossy(&answer);
    ensure!(message.contains("1 ruleset(s)") && !message.contains("Errors"), "{message}");
    Ok(())
}

/// A condition that holds where an attribute is missing, too.
fn unless_missing(field: &str, condition: &Value) -> Value {
    json!({ "any": [{ "any_missing": { "field": field } }, condition] })
}

fn schema() -> Value {
    json!({
        "name": "bench-parts",
        "version": "1.0.0",
        "description": null,
        "dimensions": [
            { "name": "kind", "type": "enum", "required": true, "values": KINDS },
            { "name": "socket", "type": "enum", "values": SOCKETS },
            { "name": "memory", "type": "enum", "values": MEMORY },
            { "name": "watts", "type": "integer", "min": 0, "max": 2_000 },
        ],
    })
}

fn ruleset() -> Value {
    json!({
        "name": RULESET,
        "version": "1.0.0",
        "description": null,
        "schema_ref": "bench-parts",
        "rules": [
            { "name": "one_of_each_kind", "type": "exclusion", "condition": { "equals": { "field": "kind" } } },
            {
                "name": "same_socket",
                "type": "requirement",
                "condition": unless_missing("socket", &json!({ "equals": { "field": "socket" } })),
            },
            {
                "name": "same_memory",
                "type": "requirement",
                "condition": unless_missing("memory", &json!({ "equals": { "field": "memory" } })),
            },
            {
                "name": "similar_power",
                "type": "requirement",
                "condition": unless_missing("watts", &json!({ "abs_diff": { "field": "watts", "max": 300 } })),
            },
        ],
    })
}

/// An item, whose id is called `id` in imports and `item_id` elsewhere: every kind in turn; a third of the optional attributes is missing.
fn item(id: &str, index: usize) -> Value {
    let mut attributes = serde_json::Map::new();
    attributes.insert("kind".to_owned(), json!(KINDS[index % KINDS.len()]));
    if !index.is_multiple_of(3) {
        attributes.insert("socket".to_owned(), json!(SOCKETS[index / 3 % SOCKETS.len()]));
    }
    if index % 3 != 1 {
        attributes.insert("memory".to_owned(), json!(MEMORY[index / 7 % MEMORY.len()]));
    }
    if index % 3 != 2 {
        // A step that shares no factor with the range visits all of it.
        attributes.insert("watts".to_owned(), json!(index * 37 % 1_000));
    }
    json!({ id: item_id(index), "name": format!("Part {index}"), "attributes": attributes, "metadata": {} })
}

/// The id of an item.
pub(crate) fn item_id(index: usize) -> String {
    format!("part-{index:05}")
}
