//! The OpenAPI document of a table of routes.

use std::collections::BTreeMap;

use http::StatusCode;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{parameters, schema};
use crate::routes::{Auth, Operation, RouteTable, Row};
use crate::{Control, ErrorCode};

/// What the document says of the API as a whole.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The name.
    pub title: &'static str,
    /// The version.
    pub version: &'static str,
    /// One sentence.
    pub description: &'static str,
}

/// The OpenAPI 3.1 document of these routes.
pub fn document(table: &RouteTable, about: &About) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    let refusal = schemas.subschema_for::<schema::Refusal>();
    let problem = schemas.subschema_for::<schema::Problem>();
    let mut paths = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    for row in table.rows() {
        let Some(mut operation) = row.operation(&mut schemas) else { continue };
        if !row.tag.is_empty() && !tags.contains(&row.tag) {
            tags.push(row.tag);
        }
        let resource = paths.entry(row.path.clone()).or_insert_with(|| json!({}));
        resource[row.method.as_str().to_ascii_lowercase()] = one(row, &mut operation);
    }
    let security = json!({
        "session": {"type": "apiKey", "in": "cookie", "name": "session"},
        "token": {"type": "http", "scheme": "bearer"},
    });
    json!({
        "openapi": "3.1.0",
        "info": {"title": about.title, "version": about.version, "description": about.description},
        "tags": tags.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": definitions(&mut schemas),
            "securitySchemes": security,
            "responses": {"Refusal": {
                "description": "Refused. The code says why; the request id finds the log line.",
                "content": {
                    "application/json": {"schema": refusal},
                    "application/problem+json": {"schema": problem},
                    "text/html": {},
                },
            }},
        },
    })
}

fn definitions(schemas: &mut SchemaGenerator) -> Value {
    Value::Object(schemas.take_definitions(true))
}

fn one(row: &Row, operation: &mut Operation) -> Value {
    let mut described = json!({
        "operationId": operation_id(row),
        "summary": row.summary.map_or_else(|| humanised(row.name), str::to_owned),
        "parameters": parameters::of(&row.path, operation),
        "responses": responses(row, operation),
        "x-policy": policy(row),
    });
    if !row.tag.is_empty() {
        described["tags"] = json!([row.tag]);
    }
    if !operation.bodies.is_empty() {
        let contents = operation
            .bodies
            .iter()
            .map(|(content_type, schema)| ((*content_type).to_owned(), json!({"schema": schema})));
        described["requestBody"] = json!({"required": true, "content": contents.collect::<Map<_, _>>()});
    }
    if row.policy.auth != Auth::Public && !row.policy.waives(Control::Session) {
        described["security"] = json!([{"session": []}, {"token": []}]);
    }
    described
}

/// What the route's controls demand, for readers and for tests.
fn policy(row: &Row) -> Value {
    json!({
        "auth": row.policy.auth.as_str(),
        "limit": limit(row),
        "deadline_seconds": row.deadline.as_secs_f64(),
        "body_bytes": row.body.bytes,
        "priority": row.policy.priority,
        "degradation": row.policy.degradation.to_string(),
        "waivers": row.policy.waivers,
    })
}

/// How often who may call the route.
fn limit(row: &Row) -> Value {
    let limits = &row.limits;
    json!({
        "class": limits.class.name,
        "rate": limits.class.rate.to_string(),
        "address_rate": limits.address_rate(true).to_string(),
        "on_failure": limits.class.on_failure,
    })
}

fn responses(row: &Row, operation: &Operation) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        let contents = answer.content.iter().map(|(content_type, schema)| {
            let content = schema.as_ref().map_or_else(|| json!({}), |schema| json!({"schema": schema}));
            ((*content_type).to_owned(), content)
        });
        let reason = answer.status.canonical_reason().unwrap_or("Success");
        let mut described = json!({"description": reason});
        if !answer.content.is_empty() {
            described["content"] = Value::Object(contents.collect());
        }
        responses.insert(answer.status.as_str().to_owned(), described);
    }
    for (status, codes) in refusals(row, operation) {
        let names: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
        let meanings = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.message()));
        let described = json!({
            "$ref": "#/components/responses/Refusal",
            "description": meanings.collect::<Vec<_>>().join(" "),
            "x-codes": names,
        });
        responses.entry(status.as_str()).or_insert(described);
    }
    Value::Object(responses)
}

/// Every code that a route can refuse with: its controls', its extractors', its handler's own.
fn refusals(row: &Row, operation: &Operation) -> BTreeMap<StatusCode, Vec<ErrorCode>> {
    let of_controls = Control::ALL
        .iter()
        .filter(|control| !row.policy.waives(**control))
        .flat_map(|control| control.refuses_with().iter().copied());
    let of_the_process = [ErrorCode::InternalError, ErrorCode::Migrating, ErrorCode::BadRequest];
    let all = of_controls
        .chain(of_the_process)
        .chain(operation.errors.iter().copied())
        .chain(row.errors.iter().copied());
    let mut by_status: BTreeMap<StatusCode, Vec<ErrorCode>> = BTreeMap::new();
    for code in all {
        let codes = by_status.entry(code.status()).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    by_status
}

/// Unique, since method and path are: `get_api_v1_schemas_name`.
fn operation_id(row: &Row) -> String {
    let words = row.path.split(|character: char| !character.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    std::iter::once(row.method.as_str().to_ascii_lowercase())
        .chain(words.map(str::to_ascii_lowercase))
        .collect::<Vec<_>>()
        .join("_")
}

/// `create_item` becomes `Create item`.
fn humanised(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
