//! `settings`.

use serde_json::Value;

use super::*;

#[test]
fn every_effective_value_is_shown_with_its_source() {
    let shell = Shell::new().file(".env", "SAMPLE_LIMIT=4\nSAMPLE_TOKEN=s3same\n");
    let ran = shell.run(&["settings", "show", "--set", "PORT=9000"]);
    assert_eq!((ran.code, ran.talk.as_str()), (0, ""));
    let line = |name: &str| {
        let line = ran.data.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("SAMPLE_LIMIT"), ["SAMPLE_LIMIT", "4", ".env:1"]);
    assert_eq!(line("SAMPLE_TOKEN"), ["SAMPLE_TOKEN", "(redacted)", ".env:2"]);
    assert_eq!(line("PORT"), ["PORT", "9000", "--set"]);
    assert_eq!(line("LOG_FORMAT"), ["LOG_FORMAT", "text", "default"]);
    assert!(!ran.data.contains("s3same"));
}

#[test]
fn programs_get_the_same_as_json() {
    let shell = Shell::new().file(".env", "SAMPLE_TOKEN=s3same\n");
    let ran = shell.run(&["settings", "show", "--format", "json"]);
    let shown: Value = serde_json::from_str(&ran.data).unwrap();
    let token =
        shown["settings"].as_array().unwrap().iter().find(|row| row["name"] == "SAMPLE_TOKEN").unwrap();
    assert_eq!(token["value"], "(redacted)");
    assert_eq!(token["source"]["kind"], "env_file");
    assert!(!ran.data.contains("s3same"));
}

#[test]
fn wrong_settings_are_shown_and_reported() {
    let ran = Shell::new().variable("SAMPLE_LIMIT", "10").run(&["settings", "show"]);
    assert_eq!(ran.code, 2);
    assert!(ran.data.contains("SAMPLE_TOKEN"));
    assert!(ran.talk.contains("error[MS0102]"));
}

#[test]
fn the_example_is_an_env_file_that_changes_nothing() {
    let example = Shell::new().run(&["settings", "example"]).data;
    assert!(example.lines().all(|line| line.is_empty() || line.starts_with('#')), "{example}");
    assert!(
        example.contains(
            "\n# How much.\n# Takes a whole number in plain digits (pieces). Default: 3. From 1 to 9."
        ),
        "{example}"
    );
    assert!(example.contains("\n# SAMPLE_LIMIT=3\n"), "{example}");
    assert!(example.contains("\n# SAMPLE_TOKEN=\n"), "{example}");
    let ran = Shell::new().file(".env", &example).run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.data);
}

#[test]
fn every_line_of_the_example_can_be_used() {
    let example = Shell::new().run(&["settings", "example"]).data;
    let is_setting = |line: &&str| {
        let name = line.split('=').next().unwrap_or_default();
        line.contains('=')
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    let lines: Vec<_> =
        example.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
    let fields: Value = serde_json::from_str(&Shell::new().run(&["settings", "schema"]).data).unwrap();
    assert_eq!(lines.len(), fields.as_array().unwrap().len());
    let mut shell = Shell::new().file(".env", &lines.join("\n"));
    shell.surroundings.variables.clear();
    let ran = shell.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.data);
}

#[test]
fn the_example_for_production_does_not_start_before_it_is_filled_in() {
    let example = Shell::new().run(&["settings", "example", "--production"]).data;
    assert!(example.contains("\nENVIRONMENT=production\n"), "{example}");
    assert!(example.contains("\n# LOG_FORMAT=json\n"), "{example}");
}

#[test]
fn the_schema_knows_what_the_reader_knows() {
    let ran = Shell::new().run(&["settings", "schema"]);
    let fields: Value = serde_json::from_str(&ran.data).unwrap();
    let limit = fields.as_array().unwrap().iter().find(|field| field["name"] == "SAMPLE_LIMIT").unwrap();
    let expected = serde_json::json!({
        "name": "SAMPLE_LIMIT",
        "group": "Sample",
        "doc": "How much.",
        "type": "integer",
        "expected": "a whole number in plain digits",
        "unit": "pieces",
        "default": "3",
        "minimum": "1",
        "maximum": "9",
        "too_high": "there are not so many",
    });
    assert_eq!(*limit, expected);
}

#[test]
fn the_file_of_an_environment_says_what_is_other_there_and_changes_nothing() {
    for environment in ["development", "staging", "production"] {
        let text = Shell::new().run(&["settings", "example", "--config", environment]).data;
        assert!(text.contains("\nLOG_FORMAT="), "{text}");
        assert!(!text.contains("\nSECRET_KEY="), "a secret does not belong there: {text}");

        let shell = || {
            Shell::new()
                .variable("ENVIRONMENT", environment)
                .variable("SECRET_KEY", "d1a9f04c7be25386a1f7c09d4e8b2a65")
                .variable("ALLOWED_HOSTS", "app.example.org")
        };
        let show = ["settings", "show", "--format", "json"];
        let with = shell().file(&format!("config/{environment}.env"), &text).run(&show);
        let without = shell().run(&show);
        assert_eq!(with.code, 0, "{}", with.talk);
        assert_eq!(values(&with.data), values(&without.data));
    }
}

/// The effective values, without where they come from and without what differs from start to start.
fn values(shown: &str) -> Vec<(String, String)> {
    let shown: serde_json::Value = serde_json::from_str(shown).unwrap();
    let settings = shown["settings"].as_array().unwrap().iter();
    let pair = |one: &serde_json::Value| (one["name"].to_string(), one["value"].to_string());
    settings
        .map(pair)
        .filter(|(name, _)| !name.contains("INSTANCE_NAME") && !name.contains("DATABASE_URL"))
        .collect()
}
