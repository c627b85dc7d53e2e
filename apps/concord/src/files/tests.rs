use std::fmt::Write as _;
use std::fs;

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
