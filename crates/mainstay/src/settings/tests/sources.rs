//! Which source wins, and what sources may not do.

use super::*;

#[test]
fn the_strongest_source_wins() {
    let ground = Ground::new().file("config/development.env", "PORT=1\n");
    assert_eq!(ground.sample().port, 1);
    let ground = ground.file(".env", "PORT=2\n");
    assert_eq!(ground.sample().port, 2);
    let ground = ground.file("other.env", "PORT=3\n").variable("ENV_FILE", "other.env");
    assert_eq!(ground.sample().port, 3);
    let ground = ground.file("port", "4\n").variable("PORT_FILE", "port");
    assert_eq!(ground.sample().port, 4);
    let ground = ground.set("PORT=5");
    assert_eq!(ground.sample().port, 5);
}

#[test]
fn the_process_environment_wins_over_files() {
    let ground = Ground::new().file(".env", "PORT=2\n").variable("PORT", "6");
    assert_eq!(ground.sample().port, 6);
    let field = ground.load().report.fields.into_iter().find(|field| field.name == "PORT").unwrap();
    assert_eq!((field.value.as_deref(), field.source), (Some("6"), Source::Process));
}

#[test]
fn defaults_are_known_as_such() {
    let report = Ground::new().load().report;
    assert_eq!(report.environment, Environment::Development);
    assert!(report.fields.iter().all(|field| field.source == Source::Default));
    assert_eq!(report.fields[0].name, "ENVIRONMENT");
}

#[test]
fn a_setting_and_its_file_in_one_source_are_an_error() {
    let ground = Ground::new().file("port", "4").variable("PORT_FILE", "port").variable("PORT", "5");
    assert_eq!(ground.problems(), ["MS0105 process environment: PORT and PORT_FILE are both given"]);
    let ground = Ground::new().file("port", "4").file(".env", "PORT_FILE=port\n").variable("PORT", "5");
    assert_eq!(ground.sample().port, 5);
}

#[test]
fn one_line_break_at_the_end_of_a_value_file_is_cut() {
    let password = |content: &str| {
        let ground = Ground::new().file("password", content).variable("PASSWORD_FILE", "password");
        ground.load().settings.and_then(|sample| sample.password).map(|secret| secret.expose().to_owned())
    };
    assert_eq!(password("hunter2\n").as_deref(), Some("hunter2"));
    assert_eq!(password("hunter2\r\n").as_deref(), Some("hunter2"));
    assert_eq!(password("hunter2").as_deref(), Some("hunter2"));
    assert_eq!(password("hunter2\n\n"), None);
}

#[test]
fn dot_env_is_for_development_only() {
    let ground = Ground::new().file(".env", "PORT=2\n").variable("ENVIRONMENT", "test");
    assert_eq!(ground.sample().port, 8080);
    let ground = Ground::new().file(".env", "PORT=2\n").variable("ENVIRONMENT", "staging").set("PASSWORD=x");
    let problems = ground.problems();
    assert_eq!(problems[0], "MS0110: .env is there but not read in staging");
}

#[test]
fn files_read_because_of_the_environment_cannot_change_it() {
    let ground = Ground::new().file(".env", "ENVIRONMENT=production\nENV_FILE=other.env\n");
    assert_eq!(
        ground.problems(),
        [
            "MS0110 .env:1:13: ENVIRONMENT cannot be set in .env",
            "MS0110 .env:2:10: ENV_FILE cannot be set in .env"
        ]
    );
    Ground::new().file(".env", "ENVIRONMENT=development\n").sample();
}

#[test]
fn a_file_that_is_named_may_set_the_environment() {
    let ground = Ground::new()
        .file("prod.env", "ENVIRONMENT=production\nPASSWORD='hunter 2'\n")
        .file("config/production.env", "POOL=7\n")
        .set("ENV_FILE=prod.env");
    let sample = ground.sample();
    assert_eq!((sample.port, sample.pool), (80, 7));
}

#[test]
fn an_environment_that_is_none_is_judged_as_production() {
    let ground = Ground::new().variable("ENVIRONMENT", "prod").file(".env", "PORT=2\n");
    let problems = ground.problems();
    assert_eq!(
        problems[1..],
        [
            "MS0101 process environment: ENVIRONMENT is not one of the known values",
            "MS0109 default: PASSWORD is not set, or empty"
        ]
    );
}

#[test]
fn unknown_names_are_errors_where_they_are_meant_for_us() {
    let ground = Ground::new()
        .variable("PATH", "/bin")
        .variable("PROT", "1")
        .variable("CONCORD_PORT", "1")
        .file(".env", "A=1\nPOLO=3\n")
        .set("TIMEOUTS=5s");
    assert_eq!(
        ground.problems(),
        [
            "MS0103 --set: TIMEOUTS is not a setting",
            "MS0103 process environment: CONCORD_PORT is not a setting",
            "MS0103 .env:1:3: A is not a setting",
            "MS0103 .env:2:6: POLO is not a setting"
        ]
    );
    let helps: Vec<_> = ground.load().report.problems.iter().map(|problem| problem.help[0].clone()).collect();
    assert_eq!(helps[..2], ["did you mean TIMEOUT?", "did you mean PORT?"]);
    assert_eq!(helps[3], "did you mean POOL?");
}

#[test]
fn aliases_work_and_are_reported() {
    let ground = Ground::new().variable("DB_POOL", "7");
    let loaded = ground.load();
    assert_eq!(loaded.settings.unwrap().pool, 7);
    assert_eq!(ground.problems(), ["MS0111 process environment: DB_POOL is another name for POOL"]);
    let ground = ground.variable("POOL", "8");
    assert_eq!(ground.problems(), ["MS0105 process environment: POOL and DB_POOL are both given"]);
}

#[test]
fn a_name_twice_in_a_file_names_both_places() {
    let ground = Ground::new().file(".env", "PORT=1\nPORT=1\n");
    assert_eq!(ground.problems(), ["MS0108 .env:2:6: PORT is given twice"]);
    let problem = ground.load().report.problems.remove(0);
    assert_eq!(problem.because.as_deref(), Some("it was given before, at .env:1:6"));
}

#[test]
fn arguments_of_set_are_pairs() {
    let ground = Ground::new().set("PORT").set("=1").set("POOL=1").set("POOL=2");
    assert_eq!(
        ground.problems(),
        [
            "MS0113: --set number 1 is not of the form NAME=value",
            "MS0113: --set number 2 is not of the form NAME=value",
            "MS0108 --set: POOL is given twice"
        ]
    );
}

#[test]
fn secrets_do_not_belong_on_the_command_line() {
    let ground = Ground::new().set("PASSWORD=hunter2");
    let loaded = ground.load();
    assert!(loaded.settings.is_some());
    let message = "MS0114 --set: PASSWORD is a secret, and stands on the command line";
    assert_eq!(ground.problems(), [message]);
    assert!(ground.variable("ENVIRONMENT", "production").load().settings.is_none());
}
