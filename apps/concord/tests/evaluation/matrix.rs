//! `/evaluate/matrix`

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use concord::service::Concord;
use http::Method;
use mainstay_testkit::{Answer, TestService};
use serde_json::{Value, json};

use crate::world::{ask, editor, import, item, many, not_found, refused, timeless, told, wardrobe, with};

const COMPACT: &str = "application/vnd.concord.matrix+json";

fn question() -> Value {
    json!({"catalog_name": "wardrobe", "ruleset_name": "rules"})
}

async fn accepting(service: &TestService<Concord>, query: &str, accept: &str, question: &Value) -> Answer {
    let client = editor(service).await;
    let request = client
        .request(Method::POST, &format!("/api/v1/evaluate/matrix{query}"))
        .header("content-type", "application/json")
        .header("accept", accept);
    client.send(request.body(Bytes::from(question.to_string())).unwrap()).await
}

/// The verdicts of a compact matrix, pair by pair: whether the items are compatible.
fn verdicts(compact: &Value) -> Vec<(String, String, bool)> {
    let id = |index: u64| compact["item_ids"][usize::try_from(index).unwrap()].as_str().unwrap().to_owned();
    let mut verdicts = Vec::new();
    for row in compact["rows"].as_array().unwrap() {
        let bits = STANDARD.decode(row["compatible"].as_str().unwrap()).unwrap();
        let first = row["first"].as_u64().unwrap();
        for pair in 0..row["pairs"].as_u64().unwrap() {
            let bit = bits[usize::try_from(pair / 8).unwrap()] >> (pair % 8) & 1 == 1;
            verdicts.push((id(row["item"].as_u64().unwrap()), id(first + pair), bit));
        }
    }
    verdicts
}

/// The same of a matrix in full.
fn verdicts_in_full(matrix: &Value) -> Vec<(String, String, bool)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let results = matrix["results"].as_array().unwrap().iter();
    results
        .map(|result| {
            (text(&result["item1_id"]), text(&result["item2_id"]), result["compatible"].as_bool().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn the_matrix_holds_every_pair_once() {
    let service = wardrobe().await;
    let matrix = ask(&service, "matrix", &question()).await;
    let names: Vec<&String> = matrix.as_object().unwrap().keys().collect();
    let expected = [
        "catalog_name",
        "ruleset_name",
        "schema_name",
        "results",
        "evaluated_at",
        "total_comparisons",
        "compatible_count",
        "compatibility_rate",
    ];
    assert_eq!(names, expected);
    assert_eq!(matrix["total_comparisons"], 6);
    assert_eq!(matrix["compatible_count"], 3);
    assert_eq!(matrix["compatibility_rate"], 0.5);
    for result in matrix["results"].as_array().unwrap() {
        let mut pair = question();
        pair["item1_id"] = result["item1_id"].clone();
        pair["item2_id"] = result["item2_id"].clone();
        assert_eq!(timeless(ask(&service, "pair", &pair).await), timeless(result.clone()));
    }
    for included in [json!(true), json!("yes"), json!(1)] {
        let matrix = ask(&service, "matrix", &with(&question(), "include_self", included)).await;
        assert_eq!(matrix["total_comparisons"], 10);
        assert_eq!(matrix["results"][0]["item2_id"], "hat");
    }
    let not_included = ask(&service, "matrix", &with(&question(), "include_self", Value::Null)).await;
    assert_eq!(timeless(not_included), timeless(matrix));
    let (status, code, _) = refused(&service, "matrix", &with(&question(), "include_self", "perhaps")).await;
    assert_eq!((status, code.as_str()), (422, "validation_failed"));
    service.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_named_in_order_and_nothing_is_no_matrix() {
    let service = wardrobe().await;
    let nothing = json!({"catalog_name": "C", "ruleset_name": "R"});
    assert_eq!(refused(&service, "matrix", &nothing).await, not_found("Catalog 'C' not found"));
    let question = with(&nothing, "catalog_name", "empty");
    assert_eq!(refused(&service, "matrix", &question).await, not_found("RuleSet 'R' not found"));
    let question = with(&question, "ruleset_name", "rules");
    let (status, code, message) = refused(&service, "matrix", &question).await;
    assert_eq!(
        (status, code.as_str(), message.as_str()),
        (422, "validation_failed", "Cannot evaluate empty catalog")
    );

    let alone = json!({"catalogs": [{"name": "one", "schema_ref": "wear", "items": [item("a", &json!({"zone": "feet"}))]}]});
    import(&service, &alone).await;
    let one = ask(&service, "matrix", &json!({"catalog_name": "one", "ruleset_name": "rules"})).await;
    assert_eq!((&one["total_comparisons"], &one["compatibility_rate"]), (&json!(0), &json!(0.0)));
    service.stop().await;
}

#[tokio::test]
async fn all_forms_say_the_same() {
    let service = many(150).await;
    let question = json!({"catalog_name": "many", "ruleset_name": "rules"});
    let full = accepting(&service, "", "application/json", &question).await;
    assert_eq!(full.header("vary"), "accept, Origin");
    let full = full.json();
    let compact = accepting(&service, "", COMPACT, &question).await;
    assert_eq!(compact.header("content-type"), COMPACT);
    let compact = compact.json();
    assert_eq!(verdicts(&compact), verdicts_in_full(&full));
    for total in ["total_comparisons", "compatible_count", "compatibility_rate"] {
        assert_eq!(compact[total], full[total]);
    }

    let table = accepting(&service, "", "text/csv", &question).await;
    assert_eq!(table.header("content-type"), "text/csv; header=present; charset=utf-8");
    let rows: Vec<Vec<String>> =
        table.text().lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    assert_eq!(rows.len(), 151);
    for (item1, item2, compatible) in verdicts_in_full(&full) {
        let place = |id: &str| rows[0].iter().position(|column| column == id).unwrap();
        let (row, column) = (place(&item1), place(&item2));
        let expected = if compatible { "1" } else { "0" };
        assert_eq!((&*rows[row][column], &*rows[column][row]), (expected, expected));
        assert_eq!(rows[row][row], "1");
    }
    service.stop().await;
}

#[tokio::test]
async fn pages_join_to_the_whole() {
    let service = many(40).await;
    let question = json!({"catalog_name": "many", "ruleset_name": "rules"});
    let whole = accepting(&service, "", "application/json", &question).await;
    assert_eq!((whole.header("link"), whole.header("x-total-count")), ("", ""));
    let whole = whole.json();
    assert!(whole.get("next_cursor").is_none());
    for (accept, read) in [
        ("application/json", verdicts_in_full as fn(&Value) -> Vec<_>),
        (COMPACT, verdicts as fn(&Value) -> Vec<_>),
    ] {
        let (mut joined, mut query) = (Vec::new(), "?limit=333".to_owned());
        loop {
            let page = accepting(&service, &query, accept, &question).await;
            assert_eq!(page.header("x-total-count"), "780");
            let body = page.json();
            joined.extend(read(&body));
            if body["next_cursor"].is_null() {
                assert_eq!(page.header("link"), "");
                break;
            }
            query = format!("?limit=333&cursor={}", body["next_cursor"]);
            assert_eq!(page.header("link"), format!("<{query}>; rel=\"next\""));
        }
        assert_eq!(joined, verdicts_in_full(&whole), "{accept}");
    }

    let table = accepting(&service, "", "text/csv", &question).await.text();
    let (head, rows) = table.split_once('\n').unwrap();
    let first = accepting(&service, "?limit=25", "text/csv", &question).await;
    assert_eq!(first.header("link"), "<?limit=25&cursor=25>; rel=\"next\"");
    assert_eq!(first.header("x-total-count"), "40");
    let rest = accepting(&service, "?cursor=25", "text/csv", &question).await;
    assert_eq!(rest.header("link"), "");
    let (first, rest) = (first.text(), rest.text());
    let pages = [first.split_once('\n').unwrap(), rest.split_once('\n').unwrap()];
    assert_eq!([pages[0].0, pages[1].0], [head, head]);
    assert_eq!(format!("{}{}", pages[0].1, pages[1].1), rows);
    service.stop().await;
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused_or_empty() {
    let service = wardrobe().await;
    for query in ["?limit=0", "?limit=-1", "?limit=x", "?cursor=-1", "?limit=1&limit=2", "?limit=5000000000"]
    {
        let answer = accepting(&service, query, "*/*", &question()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "validation_failed"), "{query}");
    }
    let beyond = accepting(&service, "?limit=5&cursor=18446744073709551615", "*/*", &question()).await.json();
    assert_eq!(beyond["results"], json!([]));
    assert_eq!(beyond["next_cursor"], Value::Null);
    assert_eq!(beyond["compatibility_rate"], 0.0);
    service.stop().await;
}

#[tokio::test]
async fn a_form_that_is_not_there_is_not_acceptable() {
    let service = wardrobe().await;
    // Before anything is looked up.
    let nothing = json!({"catalog_name": "C", "ruleset_name": "R"});
    let (status, code, message) = told(&accepting(&service, "", "image/png", &nothing).await);
    assert_eq!((status, code.as_str()), (406, "not_acceptable"));
    assert!(message.contains(COMPACT), "{message}");
    assert_eq!(accepting(&service, "", "image/png, text/*;q=0.1", &question()).await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn a_spreadsheet_runs_no_item_id() {
    let service = wardrobe().await;
    let ids = ["=1+1", "+1", "-1", "@sum", "a,\"b\"", "=a,b", "a=1"];
    let items: Vec<Value> = ids.iter().map(|id| item(id, &json!({"zone": "feet"}))).collect();
    import(&service, &json!({"catalogs": [{"name": "sums", "schema_ref": "wear", "items": items}]})).await;
    let question = json!({"catalog_name": "sums", "ruleset_name": "rules"});
    let table = accepting(&service, "", "text/csv", &question).await.text();
    assert_eq!(table.lines().next().unwrap(), r#",'=1+1,'+1,'-1,'@sum,"a,""b""","'=a,b",a=1"#);
    service.stop().await;
}

#[tokio::test]
async fn the_reference_describes_all_forms() {
    let service = wardrobe().await;
    let reference = service.client().get("/openapi.json").await.json();
    let operation = &reference["paths"]["/api/v1/evaluate/matrix"]["post"];
    let forms: Vec<&String> = operation["responses"]["200"]["content"].as_object().unwrap().keys().collect();
    assert_eq!(forms, ["application/json", COMPACT, "text/csv"]);
    for status in ["400", "404", "406", "422", "503", "504"] {
        assert!(operation["responses"][status].is_object(), "{status}");
    }
    let parameters = operation["parameters"].as_array().unwrap().iter();
    let names: Vec<_> = parameters.map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert!(["limit", "cursor", "Accept"].iter().all(|name| names.contains(name)), "{names:?}");
    service.stop().await;
}
