//! Matrices and rows: the bytes that are streamed, against pairs compared one by one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use concord::engine::{
    Chunks, ComparisonResult, EvaluationError, MatrixCount, MatrixOptions, Page, Pairwise, Workers,
};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Attributes, cases, generate, ids, pairwise};

const AT: Timestamp = Timestamp::constant(1_790_000_000, 123_456_000);

fn read(chunks: Result<Chunks, EvaluationError>) -> String {
    String::from_utf8(chunks.unwrap().flatten().collect()).unwrap()
}

fn compare(pairwise: &Pairwise, pair: (usize, usize)) -> ComparisonResult {
    let rows: Vec<_> = pairwise.catalogue().rows().collect();
    pairwise.compare(rows[pair.0], rows[pair.1], AT).unwrap()
}

fn all_pairs(items: usize, include_self: bool) -> Vec<(usize, usize)> {
    let first = usize::from(!include_self);
    (0..items).flat_map(|a| (a + first..items).map(move |b| (a, b))).collect()
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn streams_say_what_pairs_say(
        few in vec(generate::attributes(), 1..4),
        copies in 1_usize..28,
        rules in generate::rules(generate::pairwise_condition()),
        include_self: bool,
        first in 0_usize..200,
        limit in 0_usize..200,
    ) {
        // Repeated, so that rows are longer than a word of bits.
        let items: Vec<Attributes> = few.iter().cycle().take(few.len() * copies).cloned().collect();
        let pairwise = pairwise(&items, &rules);
        let pairs = all_pairs(items.len(), include_self);
        let results: Vec<_> = pairs.iter().map(|pair| compare(&pairwise, *pair)).collect();

        let options = MatrixOptions { include_self, ..MatrixOptions::default() };
        prop_assert_eq!(read(pairwise.matrix(options, AT, &Workers::none())), matrix(&results, None));
        check_compact(&pairwise, options, &pairs, &results);
        if !include_self {
            let compatible = results.iter().filter(|result| result.compatible).count();
            let count = MatrixCount { pairs: pairs.len(), compatible };
            prop_assert_eq!(pairwise.count(&Workers::none()).unwrap(), count);
        }
        prop_assert_eq!(read(pairwise.table(None, &Workers::none())), table(&pairwise, items.len()));

        let range = first.min(pairs.len())..(first + limit).min(pairs.len()).max(first.min(pairs.len()));
        let options = MatrixOptions { page: Some(Page { first, limit }), ..options };
        let next = (range.end < pairs.len()).then_some(range.end);
        prop_assert_eq!(pairwise.matrix_size(options), (pairs.len(), next));
        let page = &results[range.clone()];
        prop_assert_eq!(read(pairwise.matrix(options, AT, &Workers::none())), matrix(page, Some(json!(next))));
        check_compact(&pairwise, options, &pairs[range], page);
    }
}

/// What serde makes of the results.
fn matrix(results: &[ComparisonResult], next: Option<Value>) -> String {
    let compatible = results.iter().filter(|result| result.compatible).count();
    let rate = if results.is_empty() { 0.0 } else { compatible as f64 / results.len() as f64 };
    let mut whole = json!({
        "catalog_name": "c\"1",
        "ruleset_name": "r\\1",
        "schema_name": "schéma",
        "results": results,
        "evaluated_at": "2026-09-21T14:13:20.123456+00:00",
        "total_comparisons": results.len(),
        "compatible_count": compatible,
        "compatibility_rate": rate,
    });
    if let Some(next) = next {
        whole["next_cursor"] = next;
    }
    whole.to_string()
}

fn check_compact(
    pairwise: &Pairwise,
    options: MatrixOptions,
    pairs: &[(usize, usize)],
    results: &[ComparisonResult],
) {
    let compact: Value =
        serde_json::from_str(&read(pairwise.compact_matrix(options, AT, &Workers::none()))).unwrap();
    assert_eq!(compact["item_ids"], json!(ids(pairwise.catalogue().len())));
    assert_eq!(compact["total_comparisons"], json!(results.len()));
    let mut unseen = pairs.iter().zip(results);
    for row in compact["rows"].as_array().unwrap() {
        let number = |key: &str| usize::try_from(row[key].as_u64().unwrap()).unwrap();
        let bits = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let bit = |bytes: &[u8], index: usize| bytes[index / 8] >> (index % 8) & 1 == 1;
        let compatible = bits(&row["compatible"]);
        assert_eq!(compatible.len(), number("pairs").div_ceil(8));
        for index in 0..number("pairs") {
            let (pair, result) = unseen.next().unwrap();
            assert_eq!(*pair, (number("item"), number("first") + index));
            assert_eq!(bit(&compatible, index), result.compatible);
            for (rule, evaluation) in result.rules_evaluated.iter().enumerate() {
                assert_eq!(compact["rule_names"][rule], evaluation.rule_name);
                let failed =
                    row["failed"].get(rule.to_string()).is_some_and(|failed| bit(&bits(failed), index));
                assert_eq!(failed, !evaluation.passed);
            }
        }
    }
    assert!(unseen.next().is_none());
}

fn table(pairwise: &Pairwise, items: usize) -> String {
    let ids = ids(items);
    let mut lines = vec![format!(",{}", ids.join(","))];
    for (a, id) in ids.iter().enumerate() {
        let cell = |b| if a == b || compare(pairwise, (a, b)).compatible { ",1" } else { ",0" };
        lines.push(format!("{id}{}", (0..items).map(cell).collect::<String>()));
    }
    lines.join("\n") + "\n"
}

/// Enough items for several waves of pieces.
fn many() -> Pairwise {
    let items: Vec<Attributes> = (0..300)
        .map(|index| {
            json!({"colour": index % 7, "size": format!("\"{}", index % 5)}).as_object().unwrap().clone()
        })
        .collect();
    let rules = [
        json!({"name": "colour", "type": "exclusion", "condition": {"equals": {"field": "colour"}}}),
        json!({"name": "size", "type": "requirement", "condition": {"has_different": {"field": "size"}}}),
    ];
    pairwise(&items, &rules)
}

#[test]
fn threads_and_pages_do_not_change_a_byte() {
    let pairwise = many();
    let options = MatrixOptions::default();
    let alone = read(pairwise.matrix(options, AT, &Workers::none()));
    let results: Vec<_> = all_pairs(300, false).into_iter().map(|pair| compare(&pairwise, pair)).collect();
    assert_eq!(alone, matrix(&results, None));
    let workers = Workers::start(4).unwrap();
    assert_eq!(alone, read(pairwise.matrix(options, AT, &workers)));
    let short = read(pairwise.matrix(MatrixOptions { without_totals: true, ..options }, AT, &workers));
    assert!(
        short.ends_with(r#""evaluated_at":"2026-09-21T14:13:20.123456+00:00"}"#)
            && alone.starts_with(short.trim_end_matches('}'))
    );
    let longest = pairwise.matrix(options, AT, &workers).unwrap().map(|chunk| chunk.len()).max();
    assert!(longest.unwrap() < 300_000);
    assert_eq!(
        read(pairwise.compact_matrix(options, AT, &workers)),
        read(pairwise.compact_matrix(options, AT, &Workers::none())),
    );
    assert_eq!(read(pairwise.table(None, &workers)), table(&pairwise, 300));
    let head = format!("{}\n", table(&pairwise, 300).lines().next().unwrap());
    let rows = read(pairwise.table(Some(Page { first: 299, limit: 9 }), &workers));
    assert_eq!(rows.lines().count(), 2);
    assert!(rows.starts_with(&head) && rows.contains("\nitem-299,"));
}

#[test]
fn an_item_is_compared_with_all_others() {
    let pairwise = many();
    let item = pairwise.catalogue().row("item-150").unwrap();
    let got = read(pairwise.item(item, AT, &Workers::start(2).unwrap()));
    let others = (0..300).filter(|other| *other != 150);
    let expected: Vec<_> = others.map(|other| compare(&pairwise, (150, other))).collect();
    assert_eq!(got, serde_json::to_string(&expected).unwrap());

    let single = crate::pairwise(&[Attributes::new()], &[]);
    let only = single.catalogue().row("item-0").unwrap();
    assert_eq!(read(single.item(only, AT, &Workers::none())), "[]");
}

#[test]
fn a_matrix_of_one_item_has_no_pairs_and_one_of_nothing_is_an_error() {
    let single = pairwise(&[Attributes::new()], &[]);
    let whole = read(single.matrix(MatrixOptions::default(), AT, &Workers::none()));
    assert!(whole.contains(r#""results":[],"#));
    assert!(
        whole.ends_with(r#""total_comparisons":0,"compatible_count":0,"compatibility_rate":0.0}"#),
        "{whole}"
    );
    let empty = pairwise(&[], &[]);
    let error = empty.matrix(MatrixOptions::default(), AT, &Workers::none()).unwrap_err();
    assert_eq!(error.to_string(), "Cannot evaluate empty catalog");
}
