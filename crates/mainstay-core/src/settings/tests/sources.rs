//! Layers of sources, and values that stand in files.

use std::ffi::OsString;
use std::path::Path;

use super::*;

fn layer(pairs: &[(&str, &str)]) -> Layer {
    let mut layer = Layer::default();
    for (name, text) in pairs {
        layer.insert(*name, Given { text: OsString::from(text), source: Source::Process });
    }
    layer
}

fn read(directory: &Path, layers: impl IntoIterator<Item = Layer>) -> Loaded<Sample> {
    let mut sources = Sources::new(directory);
    layers.into_iter().for_each(|layer| sources.push(layer));
    let environment = sources.environment();
    sources.read(environment)
}

#[test]
fn the_first_layer_wins() {
    let layers = [layer(&[("PORT", "1")]), layer(&[("PORT", "2"), ("POOL", "2")])];
    let sample = read(Path::new(""), layers).settings.unwrap();
    assert_eq!((sample.port, sample.pool), (1, 2));
}

#[test]
fn a_file_holds_the_value_and_one_line_break() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("password"), "hunter2\n").unwrap();
    let loaded = read(directory.path(), [layer(&[("PASSWORD_FILE", "password")])]);
    let field = loaded.report.fields.iter().find(|field| field.name == "PASSWORD").unwrap();
    assert_eq!(field.value.as_deref(), Some(REDACTED));
    assert_eq!(field.source.to_string(), "password (from PASSWORD_FILE)");
    assert_eq!(loaded.settings.unwrap().password.unwrap().expose(), "hunter2");
}

#[test]
fn the_environment_is_known_before_the_rest() {
    let mut sources = Sources::new("");
    assert_eq!(sources.environment(), Environment::Development);
    sources.push(layer(&[("ENVIRONMENT", "test")]));
    assert_eq!(sources.environment(), Environment::Test);
    let mut wrong = Sources::new("");
    wrong.push(layer(&[("ENVIRONMENT", "prod")]));
    assert_eq!(wrong.environment(), Environment::Production);
}

#[test]
fn shared_layers_hold_names_of_others() {
    let mut shared = Layer::shared("CONCORD_");
    for name in ["PATH", "CONCORD_PROT"] {
        shared.insert(name, Given { text: OsString::from("x"), source: Source::Process });
    }
    let problems = read(Path::new(""), [shared]).report.problems;
    assert_eq!(
        problems.iter().map(summary).collect::<Vec<_>>(),
        ["MS0103 process environment: CONCORD_PROT is not a setting"]
    );
    assert_eq!(problems[0].help, ["did you mean PORT?"]);
}

#[test]
fn pieces_of_keys_are_not_taken_for_names() {
    use suggest::looks_like_name;
    assert!(looks_like_name("DB_POOL_MAX_SIZE"));
    assert!(looks_like_name("port"));
    assert!(!looks_like_name("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"));
    assert!(!looks_like_name("kq3Vw0n5mXfY2rT8uJc7"));
    assert!(!looks_like_name("9f86d081884c7d659a2feaa0c55ad015"));
    assert!(!looks_like_name(""));
}
