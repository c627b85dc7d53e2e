//! PostgreSQL.

use std::thread;

use mainstay_servers::{Postgres, PostgresDatabase};

#[test]
fn two_at_once_know_nothing_of_each_other() {
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(Postgres::start);
        let other = scope.spawn(Postgres::start);
        (one.join().unwrap(), other.join().unwrap())
    });
    one.sql("create table t (a int)");
    assert_eq!(other.sql("select to_regclass('t') is null"), "t");
    assert_ne!(one.address(), other.address());
    let folder = one.folder().to_owned();
    drop(one);
    assert!(!folder.exists());
    assert_eq!(other.sql("select 1"), "1");
}

#[test]
fn what_was_committed_survives_a_kill_and_a_restart() {
    let postgres = Postgres::options().durable().setting("max_connections", "17").start();
    assert_eq!(postgres.sql("show fsync"), "on");
    assert_eq!(postgres.sql("show max_connections"), "17");
    let database = postgres.create_database();
    database.sql("create table t as select generate_series(1, 1000) as a");
    let address = postgres.address();
    postgres.kill();
    postgres.start_again();
    assert_eq!(database.sql("select count(*) from t"), "1000");
    assert!(postgres.process().output().contains("not properly shut down"), "it recovered");
    postgres.restart();
    assert_eq!(database.sql("select count(*) from t"), "1000");
    assert_eq!(postgres.address(), address);
}

#[test]
fn while_it_is_paused_nobody_answers() {
    let postgres = Postgres::start();
    postgres.pause();
    let answered = thread::scope(|scope| {
        let asking = scope.spawn(|| postgres.sql("select 'late'"));
        // It cannot have answered: all its processes stand. That it waits is seen by its answer after the pause.
        assert!(!asking.is_finished());
        postgres.resume();
        asking.join().unwrap()
    });
    assert_eq!(answered, "late");
}

#[test]
fn each_test_has_a_database_of_its_own_on_the_shared_server() {
    let [one, other] = [Postgres::shared(), Postgres::shared()];
    assert_ne!(one.name(), other.name());
    let port = |database: &PostgresDatabase| database.sql("select inet_server_port()");
    assert_eq!(port(&one), port(&other));
    let name = one.name().to_owned();
    drop(one);
    let left = format!("select count(*) from pg_database where datname = '{name}'");
    assert_eq!(other.sql(&left), "0");
}

#[test]
fn a_database_is_dropped_under_a_client_that_stays() {
    let postgres = Postgres::start();
    let database = postgres.create_database();
    let sleeping =
        "select count(*) from pg_stat_activity where query like '%pg_sleep(%' and pid <> pg_backend_pid()";
    thread::scope(|scope| {
        let admin = &postgres;
        let url = database.url();
        let client = scope.spawn(move || psql(&url, "select pg_sleep(300)"));
        crate::wait_for("the client sleeps", || admin.sql(sleeping) == "1");
        drop(database);
        let error = client.join().unwrap().unwrap_err();
        assert!(error.contains("terminating connection"), "{error}");
    });
}

#[test]
fn tls_is_offered_or_demanded_and_its_authority_is_known() {
    let offered = Postgres::options().tls().start();
    let authority = offered.authority().unwrap();
    let verified = format!("?sslmode=verify-full&sslrootcert={}", authority.display());
    let by_name = offered.url("postgres").replace("127.0.0.1", "localhost");
    let encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    assert_eq!(psql(&format!("{by_name}{verified}"), encrypted).unwrap(), "t");
    assert_eq!(psql(&format!("{by_name}?sslmode=disable"), encrypted).unwrap(), "f");
    let by_number = psql(&format!("{}{verified}", offered.url("postgres")), encrypted).unwrap_err();
    assert!(by_number.contains("does not match host name"), "{by_number}");

    let demanded = Postgres::options().tls_only().start();
    let refused = psql(&format!("{}?sslmode=disable", demanded.url("postgres")), encrypted).unwrap_err();
    assert!(refused.contains("no encryption"), "{refused}");
}

#[test]
fn a_wrong_password_is_refused() {
    let postgres = Postgres::start();
    let url = postgres.url("postgres");
    let (before, after) = url.split_once('@').unwrap();
    let error = psql(&format!("{before}x@{after}"), "select 1").unwrap_err();
    assert!(error.contains("password authentication failed"), "{error}");
}

/// A client as users have it.
fn psql(url: &str, sql: &str) -> Result<String, String> {
    let output = std::process::Command::new("psql")
        .args(["--no-psqlrc", "-Atq", "-d", url, "-c", sql])
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}
