use std::fmt::Write as _;
use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CatalogFile, Format, Limits, LoadError, RulesFile, SchemaFile, load, parse};

fn yaml(text: &str) -> Result<Value, LoadError> {
    parse(text.as_bytes(), Format::Yaml, Limits::default())
}

#[test]
fn yaml_keeps_order_and_types() {
    let value =
        yaml("name: a\nversion: 1.0.0\nmin: 2\nmax: 2.0\non: yes\nnone: ~\nlist: [b, {c: '1'}]\n").unwrap();
    let expected =
        r#"{"name":"a","version":"1.0.0","min":2,"max":2.0,"on":true,"none":null,"list":["b",{"c":"1"}]}"#;
    assert_eq!(value.to_string(), expected);
}

#[test]
fn malformed_text_is_refused() {
    for text in ["a: [", "a: 1\na: 2\n", "a: .nan", "--- 1\n--- 2\n", "a: *nobody"] {
        assert!(matches!(yaml(text), Err(LoadError::Malformed { format: "YAML", .. })), "{text}");
    }
    let json = parse(b"{\"a\":", Format::Json, Limits::default());
    assert!(matches!(json, Err(LoadError::Malformed { format: "JSON", .. })));
}

#[test]
fn nesting_is_bounded_in_both_formats() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for format in [Format::Yaml, Format::Json] {
        let read = |depth| parse(nested(depth).as_bytes(), format, Limits::default());
        assert!(read(20).is_ok());
        assert!(matches!(read(21), Err(LoadError::TooDeep { limit: 20 })), "{format:?} {:?}", read(21));
        assert!(matches!(read(100_000), Err(LoadError::Malformed { .. })));
    }
}

#[test]
fn aliases_are_bounded() {
    let aliases = |count: usize| format!("a: &a 1\nb: [{}]\n", vec!["*a"; count].join(", "));
    assert!(yaml(&aliases(99)).is_ok());
    assert!(yaml(&aliases(101)).is_err());
    let mut bomb = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let below = vec![format!("*l{}", level - 1); 9].join(", ");
        let _ = writeln!(bomb, "l{level}: &l{level} [{below}]");
    }
    assert!(yaml(&bomb).is_err());
}

/// How many values a value is made of.
fn values(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(elements) => elements.iter().map(values).sum(),
        Value::Object(entries) => entries.values().map(|entry| 1 + values(entry)).sum(),
        _ => 0,
    };
    1 + inner
}

#[test]
fn values_are_counted_aliases_resolved() {
    let counted = |text: &str, values: usize| {
        parse(text.as_bytes(), Format::Yaml, Limits { values, aliases: 100, ..Limits::default() })
    };
    // A key is a value to the parser, too.
    let rows = ["1", "[]", "[1, [2]]", "{a: 1, b: {c: [~]}}", "- &a [1, 2, 3]\n- *a\n- *a\n"];
    for text in rows {
        let needed = values(&yaml(text).unwrap());
        assert!(counted(text, needed).is_ok(), "{text}: {:?}", counted(text, needed));
        assert!(counted(text, needed - 1).is_err(), "{text}");
    }
}

#[test]
fn bombs_are_defused() {
    // Each list holds the one before it nine times.
    let lists = |levels: usize, separator: &str| {
        let mut bomb = format!("l0: &l0 [{}]\n", ["x"; 9].join(separator));
        for level in 1..levels {
            let below = vec![format!("*l{}", level - 1); 9].join(separator);
            let _ = writeln!(bomb, "l{level}: &l{level} [{below}]");
        }
        bomb
    };
    let most = 20_000 + 1_000;
    for levels in 1..12 {
        match yaml(&lists(levels, ", ")) {
            Ok(value) => assert!(values(&value) < most, "{levels} levels: {} values", values(&value)),
            Err(error) => assert!(matches!(error, LoadError::Malformed { .. })),
        }
    }
    assert!(yaml(&lists(11, ", ")).is_err());

    // One long text, repeated: few values, many bytes.
    let long = "x".repeat(1 << 20);
    let texts = |count: usize| format!("a: &a {long}\nb: [{}]\n", vec!["*a"; count].join(", "));
    assert!(yaml(&texts(1)).is_ok());
    assert!(yaml(&texts(2)).is_err(), "three megabytes of one");

    // Merge keys copy as well.
    let mut merges = String::from("m0: &m0 {a: 1, b: 2, c: 3, d: 4}\n");
    for level in 1..15 {
        let keys = [0, 1, 2, 3].map(|key| format!("k{key}: {{<<: *m{}}}", level - 1)).join(", ");
        let _ = writeln!(merges, "m{level}: &m{level} {{{keys}}}");
    }
    match yaml(&merges) {
        Ok(value) => assert!(values(&value) < most),
        Err(error) => assert!(matches!(error, LoadError::Malformed { .. } | LoadError::TooDeep { .. })),
    }
}

#[test]
fn messages_are_short_whatever_is_repeated() {
    for text in [
        format!("[{}]", "1".repeat(1 << 20)),
        format!("a: *{}", "b".repeat(1 << 16)),
        "\u{1f4a3}".repeat(99) + ": : :",
    ] {
        let message = yaml(&text).unwrap_err().to_string();
        assert!(message.len() < 400, "{} bytes", message.len());
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_grow(text in "[ab\\n \\-:,&*!?|>'\"\\[\\]{}#%<~0-9\\\\]{0,80}") {
        if let Ok(value) = yaml(&text) {
            // No value is there without a byte of the text, but for what aliases repeat.
            prop_assert!(text.contains('*') || values(&value) <= 2 * text.len() + 1);
        }
    }
}

#[test]
fn files_are_checked_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let limits = Limits { bytes: 10, ..Limits::default() };
    assert_eq!(load(&write("a.json", "{\"a\": 1}"), limits).unwrap(), json!({"a": 1}));
    assert_eq!(load(&write("a.YML", "a: 1"), limits).unwrap(), json!({"a": 1}));
    assert!(matches!(
        load(&write("b.json", "{\"a\": 1234}"), limits),
        Err(LoadError::TooLarge { limit: 10 })
    ));
    assert!(matches!(load(&write("c.json", "[1]"), limits), Err(LoadError::NotAnObject)));
    assert!(
        matches!(load(&write("c.txt", "{}"), limits), Err(LoadError::UnknownType(kind)) if kind == "txt")
    );
    assert!(matches!(load(&folder.path().join("none.json"), limits), Err(LoadError::NotFound(_))));
}

#[test]
fn documents_name_what_they_miss() {
    assert!(SchemaFile::read(&json!({"name": "s", "version": "1.0.0", "dimensions": []})).is_ok());
    assert_eq!(
        SchemaFile::read(&json!({"name": 1})).unwrap_err(),
        ["'name' must be a string", "'version' is missing", "'dimensions' is missing",]
    );
    let rules = json!({"name": "r", "version": "1.0.0", "schema_ref": "", "schema_name": "s", "rules": []});
    assert_eq!(RulesFile::read(&rules).unwrap().schema_ref, "s");
    let catalog = json!({"name": "c", "schema_ref": "s", "items": [{"id": "a", "name": "A", "attributes": {}}, {"id": "b"}]});
    assert_eq!(
        CatalogFile::read(&catalog).unwrap_err(),
        ["'items[1].name' is missing", "'items[1].attributes' is missing"]
    );
    assert!(CatalogFile::read(&json!({"name": "c", "schema_ref": "s"})).unwrap().items.is_empty());
}
