//! `migrate`.

use super::*;

#[test]
fn a_schema_goes_up_and_down() {
    let shell = Shell::new();
    let ran = shell.run(&["migrate", "status"]);
    assert_eq!(ran.code, 1, "{}", ran.talk);
    // The runtime's own tables come first.
    assert!(ran.data.starts_with("pending   mainstay/0001_"), "{}", ran.data);
    assert!(ran.data.ends_with("pending   sample/0001_things\n"), "{}", ran.data);
    let all = ran.data.lines().count();
    let ran = shell.run(&["migrate", "up"]);
    assert_eq!((ran.code, ran.data.lines().count()), (0, all), "{}", ran.talk);
    assert!(ran.data.ends_with("applied sample/0001_things\n"), "{}", ran.data);
    let ran = shell.run(&["migrate", "up"]);
    assert_eq!((ran.code, ran.data.as_str()), (0, ""));
    assert!(ran.talk.contains("the schema is current"));
    let ran = shell.run(&["migrate", "status", "--format", "json"]);
    assert_eq!(ran.code, 0);
    assert!(ran.data.contains("\"state\": \"applied\""), "{}", ran.data);
    let ran = shell.run(&["migrate", "down"]);
    assert_eq!((ran.code, ran.data.as_str()), (0, "undone sample/0001_things\n"));
    let ran = shell.run(&["migrate", "history"]);
    assert_eq!(ran.data.lines().count(), all + 1, "{}", ran.data);
    assert!(ran.data.lines().next().unwrap().contains("down"), "{}", ran.data);
}

#[test]
fn undoing_in_production_needs_a_yes() {
    let shell = Shell::new();
    assert_eq!(shell.run(&["migrate", "up"]).code, 0);
    let production =
        ["ENVIRONMENT=staging", "ALLOWED_HOSTS=sample.example.org", "PUBLIC_URL=https://sample.example.org"];
    let production: Vec<_> = production.iter().flat_map(|pair| ["--set", pair]).collect();
    let shell = shell.variable("SECRET_KEY", "5f0ac1d97be24836a1c07d52e9f48b63");
    let ran = shell.run(&[&["migrate", "down"][..], &production].concat());
    assert_eq!((ran.code, ran.data.as_str()), (2, ""));
    assert!(ran.talk.contains("error[MS0005]: this is staging"), "{}", ran.talk);
    let ran = shell.run(&[&["migrate", "down", "--yes"][..], &production].concat());
    assert_eq!((ran.code, ran.data.as_str()), (0, "undone sample/0001_things\n"), "{}", ran.talk);
}

#[test]
fn what_is_pending_is_looked_at_for_dangerous_steps() {
    let shell = Shell::new();
    let ran = shell.run(&["migrate", "status", "--lint"]);
    assert_eq!((ran.code, ran.data.as_str()), (0, ""), "{}", ran.talk);
    assert!(ran.talk.contains("nothing dangerous is pending"), "{}", ran.talk);
    let ran = shell.run(&["migrate", "status", "--lint", "--format", "json"]);
    assert_eq!((ran.code, ran.data.trim()), (0, "[]"), "{}", ran.talk);
}

#[test]
fn targets_that_are_none_are_refused_before_anything_is_opened() {
    let shell = Shell::new();
    let ran = shell.run(&["migrate", "up", "--to", "third"]);
    assert_eq!(ran.code, 2);
    assert!(ran.talk.contains("error[MS0004]"), "{}", ran.talk);
    assert!(!shell.directory.path().join("data").exists());
    let ran = shell.run(&["migrate", "up", "--to", "7"]);
    assert_eq!(ran.code, 2);
    assert!(ran.talk.contains("error[MS0503]"), "{}", ran.talk);
}

#[test]
fn a_database_that_cannot_be_opened_is_told_with_a_cure() {
    let shell = Shell::new().file("plain", "").variable("DATABASE_URL", "sqlite:///dev/null/sample.db");
    let ran = shell.run(&["migrate", "status"]);
    assert_eq!(ran.code, 2);
    assert!(ran.talk.contains("error[MS0501]") && ran.talk.contains("help:"), "{}", ran.talk);
}

#[test]
fn new_migrations_are_written_where_they_belong() {
    let shell = Shell::new();
    let ran = shell.run(&["migrate", "new", "add prices"]);
    let expected = ["sqlite", "postgres"].map(|folder| {
        format!("migrations/{folder}/0001_add_prices.up.sql\nmigrations/{folder}/0001_add_prices.down.sql\n")
    });
    assert_eq!((ran.code, ran.data), (0, expected.concat()), "{}", ran.talk);
    assert!(shell.directory.path().join("migrations/sqlite/0001_add_prices.up.sql").exists());
    let ran = shell.run(&["migrate", "new", "…"]);
    assert_eq!(ran.code, 2);
    assert!(ran.talk.contains("error[MS0006]: `…` is no name for a migration"), "{}", ran.talk);
}
