use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Exact, Key, Text, at_most, list, text, to_float};

#[test]
fn values_are_written_like_python() {
    let rows = [
        (json!("x"), "x"),
        (json!(null), "None"),
        (json!(true), "True"),
        (json!(false), "False"),
        (json!(2), "2"),
        (json!(-3), "-3"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(2.0), "2.0"),
        (json!(0.5), "0.5"),
        (json!(-0.0), "-0.0"),
        (json!(1e15), "1000000000000000.0"),
        (json!(1e16), "1e+16"),
        (json!(1.5e300), "1.5e+300"),
        (json!(0.0001), "0.0001"),
        (json!(0.00001), "1e-05"),
        (json!(123_456_789.125), "123456789.125"),
        (json!(["x", "y"]), "['x', 'y']"),
        (json!([]), "[]"),
        (json!({}), "{}"),
        (json!({"parts": ["x"], "layer": 2.0}), "{'parts': ['x'], 'layer': 2.0}"),
        (json!(["it's"]), "[\"it's\"]"),
        (json!(["it's \"so\""]), "['it\\'s \"so\"']"),
        (json!(["a\\b\n\r\t"]), "['a\\\\b\\n\\r\\t']"),
        (
            json!(["\u{1}\u{7f}\u{a0}\u{2028}\u{e000}\u{f0000}"]),
            "['\\x01\\x7f\\xa0\\u2028\\ue000\\U000f0000']",
        ),
        (json!(["\u{301}é😀"]), "['\u{301}é😀']"),
        (json!([null, true, [1, {"a": 1.0}]]), "[None, True, [1, {'a': 1.0}]]"),
    ];
    for (value, expected) in rows {
        assert_eq!(text(&value), expected, "{value}");
    }
    assert_eq!(list(["a", "b"]), "['a', 'b']");
}

#[test]
fn equality_crosses_kinds_of_numbers_and_order_of_keys() {
    let equal = [
        (json!(1), json!(1.0)),
        (json!(1), json!(true)),
        (json!(0), json!(false)),
        (json!(0), json!(-0.0)),
        (json!([1, 2]), json!([1.0, 2])),
        (json!({"a": 1, "b": 2}), json!({"b": 2, "a": true})),
    ];
    for (a, b) in equal {
        assert_eq!(Key::of(&a), Key::of(&b), "{a} {b}");
    }
    let different = [
        (json!(1), json!("1")),
        (json!([1, 2]), json!([2, 1])),
        (json!({"a": 1}), json!({"a": 1, "b": null})),
        (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0)),
        (json!(u64::MAX), json!(18_446_744_073_709_551_616.0)),
        (json!(0.1), json!(0.2)),
        (json!(null), json!(0)),
        (json!([]), json!({})),
    ];
    for (a, b) in different {
        assert_ne!(Key::of(&a), Key::of(&b), "{a} {b}");
    }
}

#[test]
fn numbers_compare_exactly() {
    let exact = |value: &Value| match value {
        Value::Number(number) => Exact::of(number),
        _ => Exact::Integer(0),
    };
    let ascending = [
        json!(-1e300),
        json!(-1.5),
        json!(-1),
        json!(0),
        json!(0.5),
        json!(1),
        json!(9_007_199_254_740_992.0),
        json!(9_007_199_254_740_993_i64),
        json!(u64::MAX),
        json!(1e300),
    ];
    for (i, a) in ascending.iter().enumerate() {
        for (j, b) in ascending.iter().enumerate() {
            assert_eq!(exact(a).compare(exact(b)), i.cmp(&j), "{a} {b}");
        }
    }
    assert_eq!(exact(&json!(2)).compare(exact(&json!(2.0))), Ordering::Equal);
}

#[test]
fn floats_come_from_numbers_booleans_and_numeric_strings() {
    let rows = [
        (json!("1.5"), Some(1.5)),
        (json!(" 2 "), Some(2.0)),
        (json!("1_000"), Some(1000.0)),
        (json!("_1"), None),
        (json!("1__0"), None),
        (json!("1_"), None),
        (json!("INF"), Some(f64::INFINITY)),
        (json!("-infinity"), Some(f64::NEG_INFINITY)),
        (json!("1e3"), Some(1000.0)),
        (json!("+.5"), Some(0.5)),
        (json!("5."), Some(5.0)),
        (json!(""), None),
        (json!("."), None),
        (json!("0x10"), None),
        (json!(true), Some(1.0)),
        (json!(7), Some(7.0)),
        (json!([1]), None),
        (json!({}), None),
        (json!(null), None),
    ];
    for (value, expected) in rows {
        assert_eq!(to_float(&value), expected, "{value}");
    }
    assert!(to_float(&json!("nan")).is_some_and(f64::is_nan));
}

#[test]
fn a_limit_without_a_float_is_not_rounded_up() {
    assert_eq!(at_most(&json!(2)), Some(2.0));
    assert_eq!(at_most(&json!(true)), Some(1.0));
    assert_eq!(at_most(&json!("2")), None);
    assert_eq!(at_most(&json!(9_007_199_254_740_995_i64)), Some(9_007_199_254_740_994.0));
}

#[test]
fn text_is_escaped_only_where_it_must_be() {
    for plain in ["plain", "é😀", "a\"b", "back\\slash", "line\nfeed\u{1}", "\u{7f}"] {
        let text = Text::new(plain);
        assert_eq!(format!("\"{}\"", text.json()), Value::from(plain).to_string());
        assert_eq!(text.plain(), plain);
    }
}
