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

/// A service with a second migration that hurts the release before it.
struct Careless;

#[derive(RustEmbed)]
#[folder = "tests/cli/careless"]
struct CarelessFiles;

impl Service for Careless {
    const NAME: &'static str = "sample";
    const VERSION: &'static str = "1.2.4";
    const ABOUT: &'static str = "Drops what others read.";
    type Settings = SampleSettings;
    type State = ();

    fn routes(&self) -> Routes<()> {
        Routes::at("/api/v1")
    }

    fn migrations(&self) -> Migrations {
        Migrations::new().and_embedded::<CarelessFiles>("sample")
    }

    async fn build(&self, _: &mut App<SampleSettings>) -> Result<(), BuildError> {
        Ok(())
    }
}

#[test]
fn a_dangerous_step_is_found_for_each_database_until_it_was_made() {
    let shell = Shell::new();
    assert_eq!(shell.run_of(Careless, &["migrate", "up", "--to", "1"]).code, 0);
    let lint = ["migrate", "status", "--lint"];
    let ran = shell.run_of(Careless, &lint);
    assert_eq!((ran.code, ran.talk.as_str()), (1, ""));
    let found: Vec<_> = ran.data.lines().collect();
    let expected = [
        ("sample/0002_tidy (sqlite), line 3: ", "[previous-release-needs-it]"),
        ("sample/0002_tidy (postgres), line 1: ", "[index-locks-writes]"),
        ("sample/0002_tidy (postgres), line 2: ", "[previous-release-needs-it]"),
    ];
    assert_eq!(found.len(), 2 * expected.len(), "{}", ran.data);
    for (lines, (start, end)) in found.chunks(2).zip(expected) {
        assert!(lines[0].starts_with(start) && lines[0].ends_with(end), "{}", lines[0]);
        assert!(lines[1].starts_with("    help: "), "{}", lines[1]);
    }
    let ran = shell.run_of(Careless, &[&lint[..], &["--format", "json"]].concat());
    let found: serde_json::Value = serde_json::from_str(&ran.data).unwrap();
    assert_eq!((ran.code, found.as_array().unwrap().len()), (1, 3), "{}", ran.data);
    assert_eq!(
        (&found[1]["database"], &found[1]["line"], &found[1]["rule"]),
        (&"postgres".into(), &1.into(), &"index-locks-writes".into())
    );
    // What was done is done.
    assert_eq!(shell.run_of(Careless, &["migrate", "up"]).code, 0);
    assert_eq!(shell.run_of(Careless, &lint).code, 0);
}

#[test]
fn a_copy_that_cannot_be_is_refused_before_anything_is_opened() {
    let shell = Shell::new().file("old.db", "");
    for (from, said) in [
        ("nowhere.db", "there is no file nowhere.db"),
        ("sqlite://nowhere.db", "there is no file sqlite://nowhere.db"),
        ("sqlite::memory:", "there is no file"),
        ("postgresql://me:s3cret@localhost/app", "not from PostgreSQL to PostgreSQL"),
        ("postgresql://me:s3cret@local host:x/app", "there is no file postgresql://me:***@"),
        ("old.db", "not from SQLite to SQLite"),
    ] {
        let ran = shell.run(&["migrate", "copy", "--from", from]);
        assert_eq!((ran.code, ran.data.as_str()), (2, ""), "{from}");
        assert!(ran.talk.contains("error[MS0014]") && ran.talk.contains("help:"), "{from}: {}", ran.talk);
        assert!(ran.talk.contains(said) && !ran.talk.contains("s3cret"), "{from}: {}", ran.talk);
    }
    assert!(
        !shell.directory.path().join("data").exists() && !shell.directory.path().join("nowhere.db").exists()
    );
    assert_eq!(shell.run(&["check", "--explain", "MS0014"]).code, 0);
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
