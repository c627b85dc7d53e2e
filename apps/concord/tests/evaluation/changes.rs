//! Whatever changes, the next evaluation knows it.

use concord::service::Concord;
use futures_util::future::join_all;
use http::Method;
use mainstay_testkit::TestService;
use serde_json::{Value, json};

use crate::world::{ask, editor, item, many, not_found, refused, timeless, wardrobe, with};

fn pair() -> Value {
    json!({"item1_id": "hat", "item2_id": "coat", "catalog_name": "wardrobe", "ruleset_name": "rules"})
}

async fn write(service: &TestService<Concord>, method: Method, path: &str, body: &Value) {
    let answer = editor(service).await.json(method, &format!("/api/v1{path}"), body).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

async fn compatible(service: &TestService<Concord>) -> Value {
    ask(service, "pair", &pair()).await["compatible"].clone()
}

#[tokio::test]
async fn items_rules_and_schemas_are_read_again_when_they_change() {
    let service = wardrobe().await;
    assert_eq!(compatible(&service).await, true);
    let hat = "/catalogs/wardrobe/items/hat";

    write(&service, Method::PUT, hat, &json!({"attributes": {"zone": "chest", "formality": 1}})).await;
    assert_eq!(compatible(&service).await, false, "an item changed");
    assert_eq!(compatible(&service).await, false);
    write(&service, Method::PUT, hat, &json!({"attributes": {"zone": "head", "formality": 5}})).await;
    assert_eq!(compatible(&service).await, false, "an item changed again");
    write(&service, Method::PUT, "/rulesets/rules", &json!({"rules": []})).await;
    assert_eq!(compatible(&service).await, true, "rules changed");

    let dimensions = json!([{"name": "zone", "type": "enum", "required": true, "values": ["chest", "feet"]}]);
    write(&service, Method::PUT, "/schemas/wear", &json!({"dimensions": dimensions})).await;
    assert_eq!(
        refused(&service, "pair", &pair()).await.0,
        422,
        "the schema changed: the hat does not fit it"
    );

    write(&service, Method::DELETE, hat, &json!({})).await;
    assert_eq!(refused(&service, "pair", &pair()).await, not_found("Item 'hat' not found"));
    let attributes = json!({"zone": "feet"});
    let again = json!({"item_id": "hat", "name": "Another hat", "attributes": attributes});
    write(&service, Method::POST, "/catalogs/wardrobe/items", &again).await;
    assert_eq!(compatible(&service).await, true);
    service.stop().await;
}

#[tokio::test]
async fn cluster_rules_are_read_again_when_they_change() {
    let service = wardrobe().await;
    let question = json!({
        "catalog_name": "wardrobe", "pairwise_ruleset_name": "rules", "cluster_ruleset_name": "outfit",
        "item_ids": ["hat", "coat"],
    });
    assert_eq!(ask(&service, "cluster/validate", &question).await["is_valid"], true);
    let rule = json!({"name": "boots", "type": "requirement", "condition": {"has_item_with": {"field": "zone", "value": "feet"}}});
    write(&service, Method::PUT, "/cluster-rulesets/outfit", &json!({"rules": [rule]})).await;
    assert_eq!(ask(&service, "cluster/validate", &question).await["is_valid"], false);
    write(&service, Method::DELETE, "/cluster-rulesets/outfit", &json!({})).await;
    let gone = refused(&service, "cluster/validate", &question).await;
    assert_eq!(gone, not_found("ClusterRuleSet 'outfit' not found"));
    service.stop().await;
}

#[tokio::test]
async fn a_name_that_is_used_again_is_not_taken_for_what_had_it() {
    let service = wardrobe().await;
    assert_eq!(compatible(&service).await, true);
    write(&service, Method::DELETE, "/catalogs/wardrobe", &json!({})).await;
    assert_eq!(refused(&service, "pair", &pair()).await, not_found("Catalog 'wardrobe' not found"));
    let catalog = json!({
        "name": "wardrobe", "schema_ref": "wear", "metadata": {},
        "items": [item("hat", &json!({"zone": "feet"})), item("coat", &json!({"zone": "feet"}))],
    });
    write(&service, Method::POST, "/import/catalogs", &json!([catalog])).await;
    assert_eq!(compatible(&service).await, false);

    let answer = ask(&service, "pair", &pair()).await;
    write(&service, Method::DELETE, "/rulesets/rules", &json!({})).await;
    assert_eq!(refused(&service, "pair", &pair()).await, not_found("RuleSet 'rules' not found"));
    let rules = json!({"name": "rules", "version": "1.0.0", "schema_name": "wear", "rules": []});
    write(&service, Method::POST, "/rulesets", &rules).await;
    assert_ne!(timeless(ask(&service, "pair", &pair()).await), timeless(answer));
    service.stop().await;
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_answer() {
    let service = many(800).await;
    let question = with(&pair(), "catalog_name", "many");
    let question = with(&with(&question, "item1_id", "item-0001"), "item2_id", "item-0799");
    let answers = join_all((0..40).map(|_| ask(&service, "pair", &question))).await;
    let first = timeless(answers[0].clone());
    assert!(answers.into_iter().all(|answer| timeless(answer) == first));
    service.stop().await;
}

#[tokio::test]
async fn who_writes_reads_what_was_written_while_others_ask() {
    let service = wardrobe().await;
    let asking = async {
        for _ in 0..60 {
            ask(&service, "matrix", &pair()).await;
        }
    };
    let writing = async {
        for turn in 0..30 {
            let formality = 1 + turn % 5;
            let attributes = json!({"attributes": {"zone": "head", "formality": formality}});
            write(&service, Method::PUT, "/catalogs/wardrobe/items/hat", &attributes).await;
            let expected = (formality - 2_i32).abs() <= 2;
            assert_eq!(compatible(&service).await, expected, "formality {formality}");
        }
    };
    futures_util::future::join(asking, writing).await;
    service.stop().await;
}
