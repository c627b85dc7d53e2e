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
    assert_eq!(problems(Development, &postgresql), [("MS0303", Error)]);
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
fn a_password_reaches_no_report() {
    let pairs = [("DATABASE_URL", "postgresql://app:s3cret@db/app")];
    let report = read_pairs::<DatabaseSettings>(Environment::Production, &pairs).report;
    assert!(!format!("{report:?}").contains("s3cret"), "{report:?}");
}

#[test]
fn each_code_is_explained_once() {
    let codes: Vec<_> = EXPLANATIONS.iter().map(|Explanation { code, .. }| *code).collect();
    assert_eq!(codes, ["MS0301", "MS0302", "MS0303", "MS0304"]);
}
