//! What the tests evaluate: a small wardrobe.

use concord::service::Concord;
use mainstay::Role;
use mainstay_testkit::{Answer, Client, TestService};
use serde_json::{Value, json};

/// A service with the wardrobe in it.
pub(crate) async fn wardrobe() -> TestService<Concord> {
    // What is taken on when the machine is busy with other tests is no question of these.
    let settings = [("DEMO_DATA", "no"), ("MAX_IMPORT_ITEMS", "10000"), ("ADMISSION_ENABLED", "no")];
    let service = TestService::start(Concord, &settings).await;
    import(&service, &document(&items())).await;
    service
}

/// A service with a catalogue `many` of so many items, and the rules of the wardrobe.
pub(crate) async fn many(count: usize) -> TestService<Concord> {
    let service = wardrobe().await;
    let items: Vec<Value> = (0..count)
        .map(|index| {
            let (zone, formality) = (["head", "chest", "feet"][index % 3], 1 + index * 7 % 5);
            item(&format!("item-{index:04}"), &json!({"zone": zone, "formality": formality}))
        })
        .collect();
    let catalog =
        json!({"name": "many", "description": null, "schema_ref": "wear", "metadata": {}, "items": items});
    import(&service, &json!({"catalogs": [catalog]})).await;
    service
}

/// A client that may change things.
pub(crate) async fn editor(service: &TestService<Concord>) -> Client {
    service.client_as(Role::Editor).await
}

pub(crate) async fn import(service: &TestService<Concord>, document: &Value) {
    let answer = editor(service).await.post("/api/v1/import/all?validate=lenient", document).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!answer.text().contains("Errors"), "{}", answer.text());
}

/// Asks a question, and expects an answer.
pub(crate) async fn ask(service: &TestService<Concord>, route: &str, question: &Value) -> Value {
    let answer = editor(service).await.post(&format!("/api/v1/evaluate/{route}"), question).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    answer.json()
}

/// Asks a question, and expects a refusal; returns its code and what it says.
pub(crate) async fn refused(
    service: &TestService<Concord>,
    route: &str,
    question: &Value,
) -> (u16, String, String) {
    told(&editor(service).await.post(&format!("/api/v1/evaluate/{route}"), question).await)
}

pub(crate) fn told(answer: &Answer) -> (u16, String, String) {
    let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), answer.code(), message)
}

/// What `refused` returns where something is not there.
pub(crate) fn not_found(message: &str) -> (u16, String, String) {
    (404, "not_found".to_owned(), message.to_owned())
}

/// A question with one of its fields changed.
pub(crate) fn with(question: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut changed = question.clone();
    changed[field] = value.into();
    changed
}

/// Takes the time out of an answer, which no test can know.
pub(crate) fn timeless(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "evaluated_at");
            fields.values_mut().for_each(|value| *value = timeless(value.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = timeless(value.take())),
        _ => {}
    }
    answer
}

pub(crate) fn item(id: &str, attributes: &Value) -> Value {
    json!({"id": id, "name": id, "attributes": attributes, "metadata": {}})
}

fn items() -> Vec<Value> {
    vec![
        item("hat", &json!({"zone": "head", "formality": 1})),
        item("coat", &json!({"zone": "chest", "formality": 2})),
        item("boots", &json!({"zone": "feet", "formality": 2})),
        item("gown", &json!({"zone": "chest", "formality": 5})),
    ]
}

pub(crate) fn document(items: &[Value]) -> Value {
    json!({
        "schemas": [{
            "name": "wear", "version": "1.0.0", "description": null,
            "dimensions": [
                {"name": "zone", "type": "enum", "required": true, "values": ["head", "chest", "feet"]},
                {"name": "formality", "type": "integer", "min": 1, "max": 5},
            ],
        }],
        "rulesets": [{
            "name": "rules", "version": "1.0.0", "description": null, "schema_ref": "wear",
            "rules": [
                {"name": "formality", "type": "requirement",
                 "condition": {"abs_diff": {"field": "formality", "max": 2}}},
                {"name": "zone", "type": "exclusion", "condition": {"equals": {"field": "zone"}}},
                {"name": "off", "type": "exclusion", "enabled": false,
                 "condition": {"any_missing": {"field": "zone"}}},
            ],
        }],
        "cluster_rulesets": [{
            "name": "outfit", "version": "1", "description": null, "schema_ref": "wear",
            "pairwise_ruleset_ref": "rules",
            "rules": [
                {"name": "zones", "type": "requirement",
                 "condition": {"count_by_field": {"field": "zone", "min": 2}}},
                {"name": "alike", "type": "requirement", "condition": {"formality_range": {"max_diff": 1}}},
            ],
        }],
        "catalogs": [
            {"name": "wardrobe", "description": null, "schema_ref": "wear", "metadata": {}, "items": items},
            {"name": "empty", "description": null, "schema_ref": "wear", "metadata": {}, "items": []},
        ],
    })
}
