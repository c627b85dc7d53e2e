use std::fs;
use std::path::Path;

use clap::Command;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ABBREVIATIONS, commands, run};

/// The files of the tests: a schema, rules, cluster rules, a catalogue, and some that are not as they should be.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "schema.yaml",
        "name: clothes\nversion: 1.0.0\ndimensions:\n  - {name: zone, type: string, required: yes}\n  - {name: formality, type: integer}\n",
    );
    write(
        "rules.yaml",
        "name: outfit\nversion: 2.0.0\nschema_ref: clothes\nrules:\n  - {name: zones, type: exclusion, condition: {equals: {field: zone}}}\n  - {name: late, type: requirement, enabled: false, condition: {any_missing: {field: zone}}}\n",
    );
    write(
        "cluster.yml",
        "name: look\nversion: 1.0.0\nschema_ref: clothes\npairwise_ruleset_ref: outfit\nrules:\n  - {name: formality, type: requirement, condition: {formality_range: {max_diff: 1}}}\n",
    );
    let item =
        |id: &str, name: &str, attributes: Value| json!({"id": id, "name": name, "attributes": attributes});
    let items = [
        item("hat", "A hat", json!({"zone": "head", "formality": 1})),
        item("cap", "A cap", json!({"zone": "head", "formality": 2})),
        item("shoe", "A shoe", json!({"zone": "feet", "formality": 3})),
    ];
    let catalog = json!({"name": "wardrobe", "schema_ref": "clothes", "items": items});
    write("catalog.json", &catalog.to_string());
    write(
        "bad.json",
        &json!({"name": "bad", "schema_ref": "other", "items": [item("x", "X", json!({"colour": 1}))]})
            .to_string(),
    );
    write(
        "broken.yaml",
        "name: r\nversion: '1'\nschema_ref: s\nrules: [{name: a, type: exclusion, condition: {foo: {}}}]\n",
    );
    write("list.json", "[]");
    folder
}

/// Runs a command line; gives the code, what was printed, and what was said.
fn command(folder: &Path, line: &str) -> (u8, String, String) {
    let spelled_out = |word: &str| {
        let long = ABBREVIATIONS.iter().find(|(short, _)| *short == word);
        long.map_or(word, |(_, long)| long).to_owned()
    };
    let arguments = std::iter::once("concord".to_owned()).chain(line.split(' ').map(spelled_out));
    let tree = Command::new("concord").subcommands(commands());
    let matches = match tree.try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return (2, String::new(), error.to_string()),
    };
    let (name, matches) = matches.subcommand().unwrap();
    let mut data = Vec::new();
    let ending = run(name, matches, folder, Timestamp::UNIX_EPOCH, &mut data).unwrap();
    (ending.code, String::from_utf8(data).unwrap(), ending.talk.join("\n"))
}

const SOURCES: &str = "-c catalog.json -r rules.yaml";

#[test]
fn validate_tells_what_is_in_a_good_file() {
    let folder = folder();
    let run = |line| command(folder.path(), line);
    let schema = "✓ Schema valid: clothes v1.0.0\n  Dimensions: 2\n    - zone: string (required)\n    - formality: integer\n";
    assert_eq!(run("validate schema schema.yaml"), (0, schema.into(), String::new()));
    let rules = "✓ RuleSet valid: outfit v2.0.0\n  Schema: clothes\n  Rules: 2\n    - zones (exclusion, enabled)\n    - late (requirement, disabled)\n";
    assert_eq!(run("validate rules rules.yaml --schema schema.yaml"), (0, rules.into(), String::new()));
    assert_eq!(run("validate rules cluster.yml").0, 0);
    let catalog = "✓ Catalog valid: wardrobe\n  Items: 3\n";
    assert_eq!(run("validate catalog catalog.json --schema schema.yaml"), (0, catalog.into(), String::new()));
}

#[test]
fn validate_tells_what_is_wrong() {
    let folder = folder();
    let run = |line| command(folder.path(), line);
    let (code, data, talk) = run("validate rules broken.yaml");
    assert_eq!((code, data.as_str()), (1, ""));
    assert!(talk.starts_with("✗ RuleSet validation failed:\n  version: "), "{talk}");
    assert!(talk.contains("  rules[0].condition: Unknown operator 'foo'"), "{talk}");
    let (code, _, talk) = run("validate catalog bad.json --schema schema.yaml");
    assert_eq!(code, 1);
    assert_eq!(
        talk,
        "⚠ the file names schema 'other', the schema given is 'clothes'\n✗ Catalog validation failed:\n  item 'x': \
         Required dimension 'zone' is missing; Attribute 'colour' is not defined in schema 'clothes'"
    );
    assert_eq!(run("validate catalog bad.json").0, 0);
    let (code, _, talk) = run("validate schema list.json");
    assert!(code == 1 && talk.ends_with("list.json: must hold one object"), "{talk}");
    let (code, _, talk) = run("validate schema nothing.yaml");
    assert!(code == 2 && talk.contains("file not found"), "{talk}");
    assert_eq!(run("validate schema").0, 2);
    assert_eq!(run("validate").0, 2);
}

#[test]
fn a_pair_is_good_or_not() {
    let folder = folder();
    let run = |line: &str| command(folder.path(), &format!("evaluate pair {line} {SOURCES}"));
    let good = "✓ A hat + A shoe\n\nCompatible: True\n\nRules evaluated:\n  ✓ zones\n     Different zone values: 'head' vs 'feet'\n";
    assert_eq!(run("hat shoe -s schema.yaml"), (0, good.into(), String::new()));
    let (code, data, _) = run("hat cap");
    assert!(code == 1 && data.starts_with("✗ A hat + A cap\n\nCompatible: False\n"), "{data}");
    let (code, data, _) = run("hat cap --format json");
    let result: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(
        (code, &result["metadata"]),
        (1, &json!({"ruleset_name": "outfit", "schema_name": "clothes"}))
    );
    let (_, data, _) = run("hat cap --format yaml");
    assert!(data.starts_with("item1_id: hat\nitem2_id: cap\ncompatible: false\n"), "{data}");
    assert_eq!(run("hat tie"), (1, String::new(), "✗ Item 'tie' not found in catalog".into()));
    assert_eq!(run("hat cap --format csv").0, 2);
    let bad = command(folder.path(), "evaluate pair x x -c bad.json -r rules.yaml -s schema.yaml");
    assert!(
        bad.0 == 1 && bad.2.starts_with("✗ Evaluation failed:\n  Schema validation failed: item 'x': "),
        "{}",
        bad.2
    );
}

#[test]
fn a_matrix_has_many_forms() {
    let folder = folder();
    let run = |line: &str| command(folder.path(), &format!("evaluate matrix {SOURCES}{line}"));
    let summary = "Compatibility Matrix: wardrobe\n\nTotal comparisons: 3\nCompatible pairs: 2\nIncompatible pairs: 1\nCompatibility rate: 66.7%\n\nSample pairs:\n  ✗ A hat + A cap\n  ✓ A hat + A shoe\n  ✓ A cap + A shoe\n";
    assert_eq!(run(""), (0, summary.into(), String::new()));
    assert_eq!(run(" --format csv").1, ",hat,cap,shoe\nhat,1,0,1\ncap,0,1,1\nshoe,1,1,1\n");
    let value: Value = serde_json::from_str(&run(" --format json").1).unwrap();
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["catalog_name", "ruleset_name", "schema_name", "results", "evaluated_at"]);
    assert!(run(" --format yaml").1.starts_with("catalog_name: wardrobe\n"));
    let (code, data, _) = run(" --format csv -o out.csv");
    assert!(code == 0 && data.starts_with("✓ Matrix written to "), "{data}");
    assert!(fs::read_to_string(folder.path().join("out.csv")).unwrap().starts_with(",hat,cap"));
    let (code, _, talk) = run(" -o no/such/folder.csv");
    assert!(code == 1 && talk.starts_with("✗ Matrix evaluation failed:\n"), "{talk}");
}

#[test]
fn an_item_meets_all_others() {
    let folder = folder();
    let (code, data, _) = command(folder.path(), &format!("evaluate item hat {SOURCES}"));
    assert_eq!(code, 0);
    assert_eq!(
        data,
        "A hat\n\nCompatible: 1 of 2\n\n  ✗ A cap\n     zones: Both items have zone='head'\n  ✓ A shoe\n"
    );
    let (_, data, _) = command(folder.path(), &format!("evaluate item hat {SOURCES} --format json"));
    assert_eq!(serde_json::from_str::<Value>(&data).unwrap().as_array().unwrap().len(), 2);
}

#[test]
fn a_cluster_reports_its_rules_even_where_pairs_clash() {
    let folder = folder();
    let run =
        |line: &str| command(folder.path(), &format!("evaluate cluster {line} {SOURCES} -cr cluster.yml"));
    assert_eq!(run("cap shoe").0, 0);
    let (code, data, _) = run("hat cap shoe --format json");
    let report: Value = serde_json::from_str(&data).unwrap();
    let expected = json!({
        "item_ids": ["hat", "cap", "shoe"],
        "is_valid": false,
        "pairwise_compatible": false,
        "cluster_rules_valid": false,
        "incompatible_pairs": [["hat", "cap"]],
        "rule_evaluations": [
            {"rule_name": "formality", "passed": false, "reason": "Formality range 1-3 (diff=2 exceeds max 1)"},
        ],
    });
    assert_eq!((code, report), (1, expected));
    let (_, data, _) = run("hat cap");
    assert!(
        data.contains("Pairwise compatible: False\n  ✗ A hat + A cap\nCluster rules valid: True\n"),
        "{data}"
    );
    assert!(command(folder.path(), &format!("evaluate cluster hat {SOURCES}")).2.contains("--cluster-rules"));
}

#[test]
fn show_prints_a_file() {
    let folder = folder();
    let run = |line| command(folder.path(), line);
    assert!(run("show schema schema.yaml").1.starts_with("Schema: clothes v1.0.0\n  Dimensions: 2\n"));
    assert!(run("show schema schema.yaml --format json").1.contains("\"required\": true"));
    assert!(
        run("show catalog catalog.json")
            .1
            .ends_with("  Items: 3\n    - hat: A hat\n    - cap: A cap\n    - shoe: A shoe\n")
    );
    assert_eq!(
        run("show catalog catalog.json --format table").1,
        "id    name    zone  formality\nhat   A hat   head  1\ncap   A cap   head  2\nshoe  A shoe  feet  3\n"
    );
    let (code, _, talk) = run("show schema rules.yaml");
    assert!(code == 1 && talk.starts_with("✗ Failed to load schema:\n  'dimensions' is missing"), "{talk}");
}
