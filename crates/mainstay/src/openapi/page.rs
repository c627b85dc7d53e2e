//! The reference as a page.

use minijinja::Environment;
use serde_json::{Value, json};

/// The page could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("the reference could not be rendered as a page")]
pub(super) struct PageError(#[source] minijinja::Error);

/// Renders a document as a page without scripts.
///
/// # Errors
///
/// When the template does not fit the document.
pub(super) fn render(document: &Value) -> Result<String, PageError> {
    let context = json!({
        "info": document["info"],
        "groups": groups(document),
        "schemas": schemas(document),
    });
    // Rendered once in the life of a process, so the template is not kept.
    let page = include_str!("docs.html");
    Environment::new()
        .render_named_str("docs.html", page, minijinja::value::Serde(context))
        .map_err(PageError)
}

/// The operations by their tag, in the order of the document.
fn groups(document: &Value) -> Vec<Value> {
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    for (path, resource) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in resource.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("Other");
            let operation = json!({
                "method": method.to_ascii_uppercase(),
                "path": path,
                "id": operation["operationId"],
                "summary": operation["summary"],
                "policy": operation["x-policy"],
                "body": size(operation["x-policy"]["body_bytes"].as_u64().unwrap_or(0)),
                "parameters": operation["parameters"],
                "bodies": contents(&operation["requestBody"]["content"]),
                "responses": responses(&operation["responses"]),
            });
            match groups.iter_mut().find(|(name, _)| name == tag) {
                Some((_, operations)) => operations.push(operation),
                None => groups.push((tag.to_owned(), vec![operation])),
            }
        }
    }
    let described = |(name, operations): (String, _)| json!({"name": name, "slug": slug(&name), "operations": operations});
    groups.into_iter().map(described).collect()
}

/// A name as the target of a link.
fn slug(name: &str) -> String {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    name.chars().map(letter).collect()
}

/// Bytes, in the unit that needs no fraction.
fn size(bytes: u64) -> String {
    [(1 << 20, "MiB"), (1 << 10, "KiB")]
        .into_iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(|| format!("{bytes} bytes"), |(unit, name)| format!("{} {name}", bytes / unit))
}

fn responses(responses: &Value) -> Vec<Value> {
    let responses = responses.as_object().into_iter().flatten();
    responses
        .map(|(status, response)| {
            json!({
                "status": status,
                "codes": response["x-codes"],
                "description": response["description"],
                "contents": contents(&response["content"]),
            })
        })
        .collect()
}

/// Each content type with the name of its schema, where it has one.
fn contents(content: &Value) -> Vec<Value> {
    let contents = content.as_object().into_iter().flatten();
    contents
        .map(|(content_type, content)| json!({"type": content_type, "schema": written(&content["schema"])}))
        .collect()
}

fn schemas(document: &Value) -> Vec<Value> {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    schemas
        .map(|(name, schema)| {
            let text = serde_json::to_string_pretty(schema).unwrap_or_default();
            json!({"name": name, "description": schema["description"], "text": text})
        })
        .collect()
}

/// A schema in one line: its name, `list of` its elements, or its type.
fn written(schema: &Value) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().map(str::to_owned);
    }
    match schema["type"].as_str() {
        Some("array") => Some(format!("list of {}", written(&schema["items"])?)),
        Some(name) => Some(name.to_owned()),
        None => None,
    }
}
