//! What only PostgreSQL has: a server that can be elsewhere, gone, silent or of the wrong sort.

use std::time::Duration;

use mainstay_core::Clock;
use mainstay_servers::{ChaosProxy, Direction, Postgres, TestDatabase};

use super::{count, endless, insert, kind, until, with_table};
use crate::{
    Database, DatabaseSettings, DatabaseUrl, DbError, DbErrorKind, List, OpenError, ServerProblem, Value,
    Work, query,
};

fn at(url: &str) -> DatabaseSettings {
    let url = DatabaseUrl::parse(url).expect("a URL");
    let waits = Duration::from_secs(2);
    DatabaseSettings { pool_min_size: 1, pool_max_size: 4, pool_timeout: waits, ..DatabaseSettings::new(url) }
}

/// Why a server was refused, and that nothing of the URL's password is told.
async fn refused(url: &str) -> ServerProblem {
    let error = Database::open(&at(url), &Clock::system()).await.expect_err("not opened");
    let told = format!("{} {error:?}", mainstay_core::Chain(&error));
    assert!(!told.contains("s3cret"), "{told}");
    match error {
        OpenError::Server { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_mistake_of_an_address_is_told_apart() {
    let store = TestDatabase::postgres();
    let url = store.url();
    let (head, rest) = url.split_once("://").expect("a URL");
    let (credentials, place) = rest.split_once('@').expect("credentials");
    let (host, database) = place.split_once('/').expect("a database");
    let user = credentials.split(':').next().expect("a user");
    let port = mainstay_servers::Port::reserve().number();
    assert_eq!(
        refused(&format!("{head}://{user}:s3cret@127.0.0.1:{port}/x")).await,
        ServerProblem::Unreachable
    );
    let missing = format!("{head}://{credentials}@{host}/nobody_made_it");
    assert_eq!(refused(&missing).await, ServerProblem::NoDatabase);
    let missing_file =
        format!("{head}://{credentials}@{host}/{database}?sslmode=verify-full&sslrootcert=/no/such.pem");
    assert_eq!(refused(&missing_file).await, ServerProblem::RootCertificate);
}

#[tokio::test]
async fn encryption_means_what_it_says() {
    let postgres = Postgres::options().tls_only().start();
    let authority = postgres.authority().expect("with TLS");
    let url = postgres.url("postgres");
    let by_name = url.replace("127.0.0.1", "localhost");
    let opens = async |url: String| {
        let opened = Database::open(&at(&url), &Clock::system()).await;
        match opened {
            Ok(database) => {
                database.close().await.expect("closed");
                None
            }
            Err(OpenError::Server { reason, .. }) => Some(reason),
            Err(other) => panic!("{other:?}"),
        }
    };
    let authority = authority.display();
    assert_eq!(opens(format!("{url}?sslmode=require")).await, None, "with anybody");
    assert_eq!(opens(url.clone()).await, None, "preferred");
    assert_eq!(opens(format!("{url}?sslmode=disable")).await, Some(ServerProblem::Tls));
    assert_eq!(opens(format!("{by_name}?sslmode=verify-full&sslrootcert={authority}")).await, None);
    assert_eq!(
        opens(format!("{url}?sslmode=verify-full&sslrootcert={authority}")).await,
        Some(ServerProblem::Tls),
        "made out to a name, not to a number"
    );
    assert_eq!(opens(format!("{url}?sslmode=verify-ca&sslrootcert={authority}")).await, None);
    assert_eq!(
        opens(format!("{by_name}?sslmode=verify-full")).await,
        Some(ServerProblem::Tls),
        "not trusted"
    );
    let wrong = url.replacen(':', "\u{0}", 1).replacen(':', ":wrong", 1).replace('\u{0}', ":");
    assert_eq!(opens(format!("{wrong}?sslmode=require")).await, Some(ServerProblem::Credentials));
}

#[tokio::test]
async fn a_server_that_goes_silent_strands_nobody() {
    let store = TestDatabase::postgres();
    let server = store.on_server().expect("a server");
    let proxy = ChaosProxy::start(address_of(store.url()));
    let settings = DatabaseSettings {
        statement_timeout: Duration::from_millis(300),
        pool_timeout: Duration::from_millis(500),
        ..at(&server.url_by(proxy.address()))
    };
    let database = with_table(&settings).await;
    for round in 0..3 {
        let held: Vec<_> =
            futures_util::future::join_all((0..4).map(|_| database.read())).await.into_iter().collect();
        let mut held: Vec<_> = held.into_iter().map(|lease| lease.expect("a connection")).collect();
        proxy.silence();
        let asked = held.iter_mut().map(|read| query("select 1").fetch_one(read));
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(kind(answer), DbErrorKind::TimedOut, "round {round}");
        }
        drop(held);
        proxy.pass();
        // None of them is lent again, and all permits come back.
        until(&database, |database| database.pool(Work::Web).in_use == 0).await;
        assert_eq!(count(&database).await, 0, "round {round}");
    }
    assert_eq!(database.pool(Work::Web).in_use, 0);
}

#[tokio::test]
async fn a_line_that_breaks_is_told_and_replaced() {
    let store = TestDatabase::postgres();
    let server = store.on_server().expect("a server");
    let proxy = ChaosProxy::start(address_of(store.url()));
    let database = with_table(&at(&server.url_by(proxy.address()))).await;
    let mut read = database.read().await.expect("a connection");
    proxy.cut_once();
    assert_eq!(kind(query("select 1").fetch_one(&mut read).await), DbErrorKind::Unreachable);
    drop(read);
    insert(&database, "a").await.expect("another connection");

    // The answer to a commit is lost: it may have been made, and here it was.
    let mut write = database.write().await.expect("a transaction");
    query("insert into part (name) values ('b')").execute(&mut write).await.expect("a row");
    proxy.mute(Direction::Replies);
    let committed = tokio::time::timeout(Duration::from_millis(200), write.commit()).await;
    assert!(committed.is_err(), "no answer");
    proxy.cut_once();
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn a_server_that_is_killed_loses_nothing_and_is_found_again() {
    let postgres = Postgres::options().durable().start();
    let database = with_table(&at(&postgres.url("postgres"))).await;
    insert(&database, "kept").await.expect("an insert");
    let mut open = database.write().await.expect("a transaction");
    query("insert into part (name) values ('lost')").execute(&mut open).await.expect("a row");
    postgres.kill();
    assert!(matches!(kind(open.commit().await), DbErrorKind::Unreachable));
    assert!(database.probe().await.is_err());
    assert_eq!(kind(database.read().await), DbErrorKind::Unreachable);
    postgres.start_again();
    insert(&database, "after").await.expect("the next caller finds it");
    assert_eq!(count(&database).await, 2);
    database.probe().await.expect("it answers");
    assert_eq!(database.pool(Work::Web).in_use, 0);
}

#[tokio::test]
async fn a_server_that_stands_still_is_left_in_time() {
    let postgres = Postgres::start();
    let settings = DatabaseSettings {
        statement_timeout: Duration::from_millis(300),
        pool_timeout: Duration::from_millis(500),
        ..at(&postgres.url("postgres"))
    };
    let database = with_table(&settings).await;
    let (clock, mut read) = (Clock::system(), database.read().await.expect("a connection"));
    postgres.pause();
    let began = clock.now();
    assert_eq!(kind(query("select 1").fetch_one(&mut read).await), DbErrorKind::TimedOut);
    assert!(database.probe().await.is_err());
    assert!(clock.now() - began < Duration::from_secs(10));
    drop(read);
    postgres.resume();
    until(&database, |database| database.pool(Work::Web).in_use == 0).await;
    assert_eq!(count(&database).await, 0);
}

#[tokio::test]
async fn two_who_wait_for_each_other_are_told_apart() {
    let store = TestDatabase::postgres();
    let database = with_table(&at(store.url())).await;
    insert(&database, "a").await.expect("a row");
    insert(&database, "b").await.expect("a row");
    let rename = async |first: &'static str,
                        second: &'static str,
                        ready: &tokio::sync::Barrier|
           -> Result<(), DbError> {
        let mut write = database.write().await?;
        let touch = || query("update part set name = name || '' where name = $1");
        touch().bind(first).execute(&mut write).await?;
        ready.wait().await;
        touch().bind(second).execute(&mut write).await?;
        write.commit().await
    };
    let ready = tokio::sync::Barrier::new(2);
    let (one, other) = futures_util::join!(rename("a", "b", &ready), rename("b", "a", &ready));
    let failed = one.err().or(other.err()).expect("one gives way");
    assert!(matches!(failed.kind(), DbErrorKind::Serialization | DbErrorKind::Busy), "{failed:?}");
    assert!(failed.is_transient());
}

#[tokio::test]
async fn lists_go_out_and_come_back() {
    let store = TestDatabase::postgres();
    let database = with_table(&at(store.url())).await;
    let mut write = database.write().await.expect("a transaction");
    let inserted = query("insert into part (id, name) select * from unnest($1::bigint[], $2::text[])")
        .bind(Value::list([7_i64, 8]))
        .bind(Value::list(["seven", "eight"]))
        .execute(&mut write)
        .await;
    assert_eq!(inserted.expect("rows"), 2);
    let row = query("select array_agg(id order by id), array_agg(name order by id) from part");
    let row = row.fetch_one(&mut write).await.expect("a row");
    assert_eq!(row.get::<List<i64>>(0).expect("numbers").0, [7, 8]);
    assert_eq!(row.get::<List<String>>(1).expect("names").0, ["seven", "eight"]);
}

#[tokio::test]
async fn a_table_that_changes_under_a_prepared_statement_does_no_harm() {
    let store = TestDatabase::postgres();
    let database = with_table(&at(store.url())).await;
    insert(&database, "a").await.expect("an insert");
    let all = || query("select * from part");
    let mut read = database.read().await.expect("a reader");
    assert_eq!(all().fetch_one(&mut read).await.expect("a row").width(), 2);
    let mut write = database.write().await.expect("the writer");
    query("alter table part add column note text").execute(&mut write).await.expect("a column");
    write.commit().await.expect("the commit");
    assert_eq!(all().fetch_one(&mut read).await.expect("a row").width(), 3);
}

#[tokio::test]
async fn what_the_documentation_promises_is_in_force() {
    let store = TestDatabase::postgres();
    let settings = DatabaseSettings { application_name: "shop/one".into(), ..at(store.url()) };
    let database = with_table(&settings).await;
    let mut read = database.read().await.expect("a reader");
    for (name, expected) in [
        ("application_name", "shop/one"),
        ("default_transaction_read_only", "on"),
        ("default_transaction_isolation", "read committed"),
        ("statement_timeout", "32s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("client_connection_check_interval", "5s"),
    ] {
        let row = query("select current_setting($1)").bind(name).fetch_one(&mut read).await.expect(name);
        assert_eq!(row.get::<&str>(0).expect(name), expected, "{name}");
    }
    let endless = tokio::time::timeout(Duration::from_millis(50), endless().fetch_one(&mut read)).await;
    assert!(endless.is_err());
}

fn address_of(url: &str) -> std::net::SocketAddr {
    let (_, rest) = url.rsplit_once('@').expect("credentials");
    rest.split('/').next().expect("a host").parse().expect("an address")
}
