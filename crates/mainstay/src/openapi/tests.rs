//! The reference of a small service.

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use mainstay_core::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{About, document, routes};
use crate::accept::Peer;
use crate::pipeline::Defences;
use crate::telemetry::metrics::Metrics;
use crate::{
    Class, Created, Edge, ErrorCode, Json, Path, Query, Rate, Refusal, RequestSettings, Role, Routes,
};

/// A thing for sale.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Thing {
    /// What it is called.
    name: String,
    price: Option<f64>,
}

#[derive(Deserialize, JsonSchema)]
struct Page {
    /// How many to leave out.
    skip: Option<u32>,
    limit: u32,
}

async fn list_things(Query(page): Query<Page>) -> Json<Vec<Thing>> {
    let _ = (page.skip, page.limit);
    Json(Vec::new())
}

async fn create(
    Path((shop, shelf)): Path<(String, u8)>,
    Json(thing): Json<Thing>,
) -> Result<Created<Thing>, Refusal> {
    let _ = (shop, shelf);
    Ok(Created(thing))
}

const ABOUT: About = About { title: "Shop", version: "1.2.3", description: "Sells <things>." };

fn edge() -> Edge {
    let shop = Routes::at("/shops/{shop}")
        .tag("Things")
        .get("/things", list_things)
        .role(Role::Viewer)
        .post("/shelves/{shelf}/things", create)
        .role(Role::Editor)
        .limit(Class::new("create", Rate::per_minute(5)))
        .summary("Put a thing on a shelf")
        .errors(&[ErrorCode::Conflict]);
    let edge = Edge::new(
        Defences::for_nobody(RequestSettings::default(), Clock::system()),
        Clock::system(),
        Metrics::new().http().clone(),
    );
    edge.install(shop.merge(routes(ABOUT)), ErrorCode::NotFound).unwrap();
    edge
}

async fn get(edge: &Edge, path: &str) -> (String, Vec<u8>) {
    let address = "127.0.0.1:1".parse().unwrap();
    let request = Request::builder().uri(path).header(header::HOST, "localhost").body(Body::empty()).unwrap();
    let (head, body) = edge.answer(request, Peer { address, local: address }).await.into_parts();
    assert_eq!(head.status, 200, "{path}");
    let content_type = head.headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    (content_type, body.collect().await.unwrap().to_bytes().to_vec())
}

#[test]
fn the_types_of_a_handler_describe_its_route() {
    let document = document(&edge().table(), &ABOUT);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "Shop");
    let list = &document["paths"]["/shops/{shop}/things"]["get"];
    assert_eq!(list["summary"], "List things");
    assert_eq!(list["operationId"], "get_shops_shop_things");
    let parameters: Vec<_> = list["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| {
            (
                parameter["name"].as_str().unwrap(),
                parameter["in"].as_str().unwrap(),
                parameter["required"] == true,
            )
        })
        .collect();
    assert_eq!(parameters, [("shop", "path", true), ("skip", "query", false), ("limit", "query", true)]);
    assert_eq!(list["parameters"][1]["description"], "How many to leave out.");
    assert_eq!(
        list["responses"]["200"]["content"]["application/json"]["schema"]["items"]["$ref"],
        "#/components/schemas/Thing"
    );

    let create = &document["paths"]["/shops/{shop}/shelves/{shelf}/things"]["post"];
    assert_eq!(create["summary"], "Put a thing on a shelf");
    assert_eq!(create["tags"], json!(["Things"]));
    assert_eq!(create["parameters"][1]["schema"]["type"], "integer");
    assert_eq!(
        create["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Thing"
    );
    assert_eq!(create["x-policy"]["limit"]["rate"], "5/m");
    assert_eq!(create["x-policy"]["auth"], "editor");
    assert_eq!(create["responses"]["409"]["x-codes"], json!(["conflict"]));
    assert_eq!(create["responses"]["422"]["x-codes"], json!(["malformed_body", "validation_failed"]));
    assert!(create["responses"]["201"].is_object());
    assert_eq!(document["components"]["schemas"]["Thing"]["description"], "A thing for sale.");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document(&edge().table(), &ABOUT);
    let mut pending = vec![&document];
    let mut found = 0;
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let target = document.pointer(reference.trim_start_matches('#'));
                    assert!(target.is_some(), "{reference}");
                    found += 1;
                }
                pending.extend(members.values());
            }
            Value::Array(elements) => pending.extend(elements),
            _ => {}
        }
    }
    assert!(found > 10);
}

#[tokio::test]
async fn the_reference_is_served_as_document_and_page() {
    let edge = edge();
    let (content_type, body) = get(&edge, "/openapi.json").await;
    assert_eq!(content_type, "application/json; charset=utf-8");
    let served: Value = serde_json::from_slice(&body).unwrap();
    assert!(served["paths"]["/docs"]["get"].is_object(), "the reference knows its own routes");

    let (content_type, body) = get(&edge, "/docs").await;
    assert_eq!(content_type, "text/html; charset=utf-8");
    let page = String::from_utf8(body).unwrap().replace("&#x2f;", "/");
    assert!(
        page.contains("Sells &lt;things&gt;.") && !page.contains("<script"),
        "escaped, and without scripts"
    );
    for expected in ["/shops/{shop}/things", "Put a thing on a shelf", "5/m (create)", "payload_too_large"] {
        assert!(page.contains(expected), "{expected}");
    }
}
