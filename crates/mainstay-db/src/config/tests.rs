use std::time::Duration;

use mainstay_core::settings::{Environment, Explanation, Severity, read_pairs};

use super::{DatabaseSettings, EXPLANATIONS};

fn problems(environment: Environment, pairs: &[(&str, &str)]) -> Vec<(&'static str, Severity)> {
    let report = read_pairs::<DatabaseSettings>(environment, pairs).report;
    report.problems.iter().map(|problem| (problem.code, problem.severity)).collect()
}

#[test]
fn the_defaults_are_those_that_are_written_down() {
    for environment in [Environment::Development, Environment::Production] {
        let loaded = read_pairs::<DatabaseSettings>(environment, &[]);
        assert!(loaded.report.problems.is_empty(), "{:?}", loaded.report.problems);
        let settings = loaded.settings.expect("settings");
        assert_eq!(settings.url.to_string(), "sqlite://data/app.db");
        assert_eq!((settings.pool_min_size, settings.pool_max_size), (5, 20));
        assert_eq!(settings.pool_timeout, Duration::from_secs(5));
        assert_eq!(settings.statement_timeout, Duration::from_secs(30));
        assert_eq!(settings.migrate_on_start, environment == Environment::Development);
    }
}

#[test]
fn each_rule_has_its_code() {
    use Environment::{Development, Production};
    use Severity::{Error, Warning};

    let postgresql = [("DATABASE_URL", "postgresql://app:pw@db/app")];
    // Whatever else it serves, the build for tests serves PostgreSQL.
    assert_eq!(problems(Development, &postgresql), [("MS0306", Warning)]);
    let memory = [("DATABASE_URL", "sqlite::memory:")];
    assert_eq!(problems(Development, &memory), []);
    assert_eq!(problems(Production, &memory), [("MS0304", Error)]);
    let crossed = [("DB_POOL_MIN_SIZE", "9"), ("DB_POOL_MAX_SIZE", "8")];
    assert_eq!(problems(Development, &crossed), [("MS0301", Error)]);
    let small = [("DB_POOL_MAX_SIZE", "2")];
    assert_eq!(problems(Development, &small), []);
    assert_eq!(problems(Production, &small), [("MS0302", Warning)]);
    assert_eq!(problems(Development, &[("DATABASE_URL", "app.db")]), [("MS0101", Error)]);
    assert_eq!(problems(Development, &[("POOL_TIMEOUT", "2s")]), [("MS0111", Warning)]);
}

#[test]
fn a_server_is_judged_by_its_url() {
    use Environment::{Development, Production};
    use Severity::{Error, Warning};

    let judged = |environment, url| problems(environment, &[("DATABASE_URL", url)]);
    assert_eq!(judged(Production, "postgresql://app:s8Kq2-Zr@db/app?sslmode=require"), []);
    assert_eq!(judged(Production, "postgresql://app:s8Kq2-Zr@db/app?sslmode=verify-full"), []);
    assert_eq!(judged(Production, "postgresql://app:s8Kq2-Zr@db/app"), [("MS0306", Warning)]);
    assert_eq!(judged(Production, "postgresql://app:s8Kq2-Zr@db/app?sslmode=disable"), [("MS0306", Warning)]);
    assert_eq!(judged(Production, "postgresql://app:s8Kq2-Zr@127.0.0.1/app"), []);
    assert_eq!(judged(Production, "postgresql://app:s8Kq2-Zr@%2Frun%2Fpostgresql/app"), []);
    assert_eq!(judged(Production, "postgresql://app:changeme@localhost/app"), [("MS0305", Error)]);
    assert_eq!(judged(Development, "postgresql://postgres:postgres@localhost/app"), [("MS0305", Warning)]);
    for wrong in ["postgresql://db/app", "postgresql://app:a@b@db/app", "postgresql://app@db/app?pool=3"] {
        assert_eq!(judged(Development, wrong), [("MS0101", Error)], "{wrong}");
    }
}

#[test]
fn other_names_of_the_pool_are_understood_and_reported() {
    use Severity::{Error, Warning};

    let read = |pairs: &[(&str, &str)]| {
        let loaded = read_pairs::<DatabaseSettings>(Environment::Development, pairs);
        let problems: Vec<_> = loaded.report.problems.iter().map(|p| (p.code, p.severity)).collect();
        (loaded.settings.map(|settings| settings.pool_max_size), problems)
    };
    let sum = [("POOL_SIZE", "7"), ("MAX_OVERFLOW", "4")];
    assert_eq!(read(&sum), (Some(11), vec![("MS0111", Warning)]));
    assert_eq!(read(&[("POOL_SIZE", "7")]), (Some(7), vec![("MS0111", Warning)]));
    assert_eq!(read(&[("MAX_OVERFLOW", "7")]), (Some(20), vec![("MS0111", Warning)]));
    let both = [("POOL_SIZE", "7"), ("DB_POOL_MAX_SIZE", "9")];
    assert_eq!(read(&both).1, [("MS0105", Error)]);
    assert_eq!(read(&[("POOL_RECYCLE", "2h")]).1, [("MS0111", Warning)]);
}

#[test]
fn a_password_reaches_no_report() {
    let pairs = [("DATABASE_URL", "postgresql://app:s3cret@db/app")];
    let report = read_pairs::<DatabaseSettings>(Environment::Production, &pairs).report;
    assert!(!format!("{report:?}").contains("s3cret"), "{report:?}");
}

#[test]
fn each_code_is_explained_once() {
    let codes: Vec<_> = EXPLANATIONS.iter().map(|Explanation { code, .. }| *code).collect();
    let expected = [301, 302, 303, 304, 305, 306, 310, 311, 312, 313, 314, 315, 316, 317];
    assert_eq!(codes, expected.map(|number| format!("MS0{number}")));
}
