//! `concord import FILE` and `concord export FILE`, as programs see them.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use concord::program::program;
use mainstay_cli::{Console, Surroundings};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a command wrote.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A folder with a store of its own.
struct Desk {
    folder: TempDir,
    settings: Vec<(&'static str, &'static str)>,
}

impl Desk {
    fn new() -> Self {
        let desk = Self::bare();
        assert_eq!(desk.run(&["migrate", "up"]).0, 0);
        desk
    }

    fn bare() -> Self {
        Self { folder: TempDir::new().unwrap(), settings: vec![("ENVIRONMENT", "test")] }
    }

    /// Runs a command; the code, the data, the talk.
    fn run(&self, arguments: &[&str]) -> (u8, String, String) {
        let variables: BTreeMap<_, _> =
            self.settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let surroundings = Surroundings { variables, directory: self.folder.path().to_owned() };
        let (data, talk) = (Paper::default(), Paper::default());
        let url = format!("DATABASE_URL=sqlite://{}", self.folder.path().join("store.db").display());
        let arguments = ["concord", "--set", &url].into_iter().chain(arguments.iter().copied());
        let code = program().run_with(arguments, &surroundings, Console::plain(data.clone(), talk.clone()));
        let text = |paper: &Paper| String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        (code, text(&data), text(&talk))
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.folder.path().join(name)).unwrap()).unwrap()
    }
}

/// A document with so many items.
fn document(items: usize) -> Value {
    let items: Vec<_> = (0..items)
        .map(|id| json!({"id": format!("i{id}"), "name": "x", "attributes": {}, "metadata": {}}))
        .collect();
    json!({
        "schemas": [{"name": "cars", "version": "1.0.0", "description": null, "dimensions": []}],
        "rulesets": [],
        "cluster_rulesets": [],
        "catalogs": [
            {"name": "empty", "description": null, "schema_ref": "cars", "metadata": {}, "items": []},
            {"name": "full", "description": null, "schema_ref": "cars", "metadata": {}, "items": items},
        ],
    })
}

#[test]
fn what_was_imported_is_exported_again() {
    let mut desk = Desk::new();
    // Small pages: the catalogue does not fit one.
    desk.settings.push(("MAX_EXPORT_ITEMS", "7"));
    let document = document(25);
    desk.write("in.json", &document.to_string());
    let (code, data, talk) = desk.run(&["import", "in.json"]);
    assert_eq!((code, talk.as_str()), (0, ""));
    assert_eq!(data, "Schemas: Imported 1 schema(s)\nCatalogs: Imported 2 catalog(s) with 25 item(s)\n");
    let (code, _, talk) = desk.run(&["export", "out.json"]);
    assert_eq!(code, 0);
    assert!(talk.starts_with("exported 28 things to "), "{talk}");
    assert_eq!(desk.read("out.json").to_string(), document.to_string());
    assert_eq!(
        fs::read_dir(desk.folder.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().ends_with(".part"))
            .count(),
        0
    );
    let (code, data, _) = desk.run(&["export", "-"]);
    assert_eq!((code, serde_json::from_str::<Value>(&data).unwrap()), (0, document));
}

#[test]
fn a_document_larger_than_a_request_is_imported_in_pieces() {
    let mut desk = Desk::new();
    desk.settings.push(("MAX_IMPORT_ITEMS", "3"));
    let schemas: Vec<_> = (0..8)
        .map(|index| json!({"name": format!("s{index}"), "version": "1.0.0", "dimensions": []}))
        .collect();
    desk.write("in.json", &json!({"schemas": schemas}).to_string());
    let (code, data, _) = desk.run(&["import", "in.json"]);
    assert_eq!((code, data.lines().count()), (0, 3), "{data}");
    assert_eq!(desk.run(&["import", "in.json", "--skip-existing"]).0, 0);
}

#[test]
fn refused_rows_are_told_and_make_the_code_1() {
    let desk = Desk::new();
    desk.write("in.yaml", "schemas:\n  - {name: cars, version: 1.0.0, dimensions: []}\n  - {name: bad}\n");
    let (code, data, _) = desk.run(&["import", "in.yaml", "--dry-run"]);
    let expected = "Schemas: Imported 1 schema(s). Errors: Error importing schema 'bad': 'version'\n";
    assert_eq!((code, data.as_str()), (1, expected));
    assert_eq!(desk.run(&["import", "in.yaml"]).1, expected);
    let (code, data, _) = desk.run(&["import", "in.yaml"]);
    assert_eq!(code, 1);
    assert!(data.contains("Schema 'cars' already exists"), "{data}");
}

#[test]
fn what_cannot_be_done_is_said_with_a_cure() {
    let desk = Desk::new();
    desk.write("list.json", "[]");
    desk.write("shape.json", r#"{"schemas": {}}"#);
    desk.write("text.txt", "");
    for (arguments, code) in [
        (["import", "missing.json"], "CC0101"),
        (["import", "list.json"], "CC0101"),
        (["import", "shape.json"], "CC0101"),
        (["import", "text.txt"], "CC0101"),
        (["export", "nowhere/out.json"], "CC0102"),
    ] {
        let (exit, data, talk) = desk.run(&arguments);
        assert_eq!((exit, data.as_str()), (2, ""), "{arguments:?}");
        assert!(talk.contains(code) && talk.contains("help:"), "{arguments:?}: {talk}");
        assert_eq!(desk.run(&["check", "--explain", code]).0, 0);
    }
    let bare = Desk::bare();
    bare.write("in.json", "{}");
    let (exit, _, talk) = bare.run(&["import", "in.json"]);
    assert_eq!(exit, 2);
    assert!(talk.contains("MS0503") && talk.contains("migrate up"), "{talk}");
}
