use std::time::Duration;

use mainstay_core::{Clock, Tasks};
use mainstay_servers::{TestDatabase, on_both_databases};
use rust_embed::RustEmbed;

use super::{
    CreateError, Direction, MigratedBy, MigrationError, MigrationState, Migrations, SourceProblem,
    create_migration,
};
use crate::{ByDialect, Database, DatabaseSettings, DatabaseUrl, DbErrorKind, Dialect, query};

#[derive(RustEmbed)]
#[folder = "tests/migrations"]
struct Files;

on_both_databases!(
    up_and_down_and_up_again,
    a_start_that_may_not_migrate_names_what_is_pending,
    a_newer_schema_and_a_changed_file_are_refused,
    a_failed_migration_leaves_nothing,
    a_way_back_may_be_missing,
    processes_that_start_at_once_migrate_once,
    a_step_outside_a_transaction_is_done_again_until_it_is_recorded,
    a_table_in_use_is_waited_for_in_short_tries,
);

type Text = &'static str;

/// The same files for both databases; only SQLite knows strict tables.
fn source(name: &str, files: &[(Text, Text)]) -> Migrations {
    let on = |dialect| {
        files.iter().map(move |(name, text)| {
            let text =
                if dialect == Dialect::Postgres { text.replace(" strict", "") } else { (*text).to_owned() };
            (dialect, (*name).to_owned(), text.into_bytes())
        })
    };
    Migrations::new().and_files(name, on(Dialect::Sqlite).chain(on(Dialect::Postgres)))
}

/// Files for one database only.
fn source_for(dialect: Dialect, name: &str, files: &[(Text, Text)]) -> Migrations {
    let files = files.iter().map(|(name, text)| (dialect, (*name).to_owned(), text.as_bytes().to_vec()));
    Migrations::new().and_files(name, files)
}

fn shop() -> Migrations {
    let log = source(
        "log",
        &[
            ("0001_start.up.sql", "create table log (id integer primary key) strict"),
            ("0001_start.down.sql", "drop table log"),
        ],
    );
    log.and_embedded::<Files>("shop")
}

fn operator() -> MigratedBy {
    MigratedBy { version: "1.2.3".into(), instance: "test-1".into() }
}

struct Setup {
    database: Database,
    clock: Clock,
}

impl Setup {
    async fn new(store: &TestDatabase) -> Self {
        Self::with(DatabaseSettings::new(DatabaseUrl::parse(store.url()).expect("a URL"))).await
    }

    async fn with(settings: DatabaseSettings) -> Self {
        let clock = Clock::system();
        let database = Database::open(&DatabaseSettings { pool_min_size: 1, ..settings }, &clock).await;
        Self { database: database.expect("the database opens"), clock }
    }

    async fn up(&self, migrations: &Migrations, to: Option<&str>) -> Result<Vec<String>, MigrationError> {
        let to = to.map(|to| to.parse().expect("a target"));
        let done = migrations.up(&self.database, &self.clock, to.as_ref(), &operator()).await?;
        Ok(done.iter().map(ToString::to_string).collect())
    }

    async fn down(&self, migrations: &Migrations, steps: u32) -> Result<Vec<String>, MigrationError> {
        let done = migrations.down(&self.database, &self.clock, steps, &operator()).await?;
        Ok(done.iter().map(ToString::to_string).collect())
    }

    async fn states(&self, migrations: &Migrations) -> Vec<Text> {
        let status = migrations.status(&self.database).await.expect("the status");
        status.iter().map(|one| one.state.as_str()).collect()
    }

    async fn has_table(&self, name: &str) -> bool {
        let mut read = self.database.read().await.expect("a reader");
        let found = query(ByDialect {
            sqlite: "select 1 from sqlite_schema where name = $1",
            postgres: "select 1 from pg_catalog.pg_class where relname = $1 and relkind in ('r', 'i')",
        })
        .bind(name);
        found.fetch_optional(&mut read).await.expect("the schema").is_some()
    }
}

async fn up_and_down_and_up_again(store: TestDatabase) {
    let setup = Setup::new(&store).await;
    let all = shop();
    assert_eq!(setup.states(&all).await, ["pending", "pending", "pending"], "and nothing was written");
    assert!(!setup.has_table("schema_migrations").await);

    let done = setup.up(&all, None).await.expect("up");
    assert_eq!(done, ["log/0001_start", "shop/0001_create_part", "shop/0002_add_price"]);
    assert_eq!(setup.states(&all).await, ["applied", "applied", "applied"]);
    all.require_current(&setup.database).await.expect("current");
    assert!(setup.up(&all, None).await.expect("nothing to do").is_empty());

    assert_eq!(setup.down(&all, 2).await.expect("down"), ["shop/0002_add_price", "shop/0001_create_part"]);
    assert!(!setup.has_table("part").await);
    assert!(setup.has_table("log").await);
    assert_eq!(setup.down(&all, 9).await.expect("down"), ["log/0001_start"], "stops at the bottom");

    assert_eq!(setup.up(&all, Some("1")).await.expect("up"), ["log/0001_start", "shop/0001_create_part"]);
    assert_eq!(setup.up(&all, Some("shop/0002")).await.expect("up"), ["shop/0002_add_price"]);
    let history = all.history(&setup.database, 100).await.expect("the history");
    assert_eq!(history.len(), 9);
    assert_eq!(history.iter().filter(|step| step.direction == Direction::Down).count(), 3);
    assert_eq!((history[0].version.as_str(), history[0].instance.as_str()), ("1.2.3", "test-1"));
}

async fn a_start_that_may_not_migrate_names_what_is_pending(store: TestDatabase) {
    let setup = Setup::new(&store).await;
    let all = shop();
    setup.up(&all, Some("1")).await.expect("up");
    let error = all.require_current(&setup.database).await.expect_err("one is pending");
    assert!(matches!(&error, MigrationError::Pending(ids) if ids.len() == 1), "{error:?}");
    assert!(error.to_string().contains("shop/0002_add_price"), "{error}");
    assert!(error.help().contains("migrate up"));
}

async fn a_newer_schema_and_a_changed_file_are_refused(store: TestDatabase) {
    let setup = Setup::new(&store).await;
    let newer = source("shop", &[("0001_a.up.sql", "select 1"), ("0002_b.up.sql", "select 2")]);
    let older = source("shop", &[("0001_a.up.sql", "select 1")]);
    let changed = source("shop", &[("0001_a.up.sql", "select 3"), ("0002_b.up.sql", "select 2")]);
    setup.up(&newer, None).await.expect("up");

    assert_eq!(setup.states(&older).await, ["applied", "unknown"]);
    for refused in [setup.up(&older, None).await, setup.down(&older, 1).await] {
        assert!(matches!(refused, Err(MigrationError::Newer(_))), "{refused:?}");
    }
    let refused = older.require_current(&setup.database).await;
    assert!(matches!(refused, Err(MigrationError::Newer(_))), "{refused:?}");

    assert_eq!(setup.states(&changed).await, ["changed", "applied"]);
    let refused = setup.up(&changed, None).await;
    assert!(matches!(refused, Err(MigrationError::Changed(_))), "{refused:?}");

    let windows = source("shop", &[("0001_a.up.sql", "select 1"), ("0002_b.up.sql", "select 2")]);
    assert_eq!(setup.states(&windows).await, ["applied", "applied"]);
}

async fn a_failed_migration_leaves_nothing(store: TestDatabase) {
    let setup = Setup::new(&store).await;
    let wrong = source(
        "shop",
        &[
            ("0001_fine.up.sql", "create table fine (id integer primary key) strict"),
            (
                "0002_wrong.up.sql",
                "create table half (id integer primary key) strict; insert into nowhere values (1);",
            ),
        ],
    );
    let error = setup.up(&wrong, None).await.expect_err("the second fails");
    assert!(
        matches!(&error, MigrationError::Failed { id, source } if id.number == 2 && source.kind() == DbErrorKind::Bug),
        "{error:?}"
    );
    assert!(setup.has_table("fine").await, "what came before stays");
    assert!(!setup.has_table("half").await);
    assert_eq!(setup.states(&wrong).await, ["applied", "pending"]);
}

#[tokio::test]
async fn broken_references_are_undone() {
    let setup = Setup::new(&TestDatabase::sqlite()).await;
    let orphaning = source_for(
        Dialect::Sqlite,
        "shop",
        &[
            (
                "0001_tables.up.sql",
                "create table parent (id integer primary key) strict;
                 create table child (parent integer references parent) strict;
                 insert into parent values (1); insert into child values (1);",
            ),
            ("0002_rebuild.up.sql", "pragma defer_foreign_keys = on; delete from parent;"),
        ],
    );
    let error = setup.up(&orphaning, None).await.expect_err("an orphan");
    assert!(matches!(&error, MigrationError::BrokenReference { table, .. } if table == "child"), "{error:?}");
}

async fn a_way_back_may_be_missing(store: TestDatabase) {
    let setup = Setup::new(&store).await;
    let one_way = source("shop", &[("0001_a.up.sql", "select 1")]);
    setup.up(&one_way, None).await.expect("up");
    let error = setup.down(&one_way, 1).await.expect_err("no way down");
    assert!(matches!(error, MigrationError::Irreversible(_)), "{error:?}");
    assert_eq!(setup.states(&one_way).await, ["applied"]);
    let error = setup.up(&one_way, Some("7")).await.expect_err("no such migration");
    assert!(matches!(error, MigrationError::NoSuchTarget(_)), "{error:?}");
}

async fn processes_that_start_at_once_migrate_once(store: TestDatabase) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = match store.on_server() {
        Some(_) => DatabaseUrl::parse(store.url()).expect("a URL"),
        // A private database has one handle; a file can have several.
        None => DatabaseUrl::file(folder.path().join("app.db")),
    };
    let settings = DatabaseSettings { pool_min_size: 1, ..DatabaseSettings::new(url) };
    let tasks = Tasks::new();
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let settings = settings.clone();
            // Each has a handle of its own, as each process has.
            tasks.spawn("start", async move {
                let clock = Clock::system();
                let database = Database::open(&settings, &clock).await.expect("the database opens");
                shop().up(&database, &clock, None, &operator()).await.expect("up").len()
            })
        })
        .collect();
    let mut applied = 0;
    for start in starts {
        applied += start.await.expect("no panic");
    }
    assert_eq!(applied, 3);
}

#[test]
fn problems_of_files_are_all_named() {
    let name = || "shop".to_owned();
    let wrong = source_for(
        Dialect::Sqlite,
        "shop",
        &[
            ("1_short.up.sql", ""),
            ("0001_Upper.up.sql", ""),
            ("0002_a.up.sql", "select 1"),
            ("0002_b.up.sql", "select 1"),
            ("0003_only_down.down.sql", ""),
            ("0004_own.up.sql", "select 1;\n  COMMIT;"),
            ("0006_two.up.sql", "-- outside a transaction\nselect 1; select 2;"),
            ("0005_trigger.up.sql", "create trigger t after insert on a\nbegin\n  select 1;\nend;"),
        ],
    );
    let expected = [
        SourceProblem::Name { source_name: name(), file: "1_short.up.sql".into() },
        SourceProblem::Name { source_name: name(), file: "0001_Upper.up.sql".into() },
        SourceProblem::TakenTwice { source_name: name(), number: 2 },
        SourceProblem::NoUp { source_name: name(), number: 3 },
        SourceProblem::OwnTransaction { source_name: name(), number: 4 },
        SourceProblem::NotAlone { source_name: name(), number: 6 },
    ];
    assert_eq!(wrong.problems(), expected);
    let twice = source("shop", &[("0001_a.up.sql", "")]).and(source("shop", &[("0001_a.up.sql", "")]));
    assert_eq!(twice.problems(), [SourceProblem::SourceTwice { source_name: name() }]);
}

#[test]
fn line_ends_of_a_checkout_do_not_count() {
    let unix = source("shop", &[("0001_a.up.sql", "select 1;\nselect 2;\n")]);
    let windows = source("shop", &[("0001_a.up.sql", "select 1;\r\nselect 2;\r\n")]);
    let checksum =
        |migrations: &Migrations| migrations.all[0].script(Dialect::Sqlite).expect("for SQLite").checksum;
    assert_eq!(checksum(&unix), checksum(&windows));
}

#[test]
fn new_files_take_the_next_number_of_all_databases() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = |folder: &std::path::Path, name| {
        let paths = create_migration(folder, name).expect("files");
        let relative =
            paths.iter().map(|path| path.strip_prefix(folder).expect("below it").display().to_string());
        relative.collect::<Vec<_>>()
    };
    let root = folder.path().join("migrations");
    let expected = [
        "sqlite/0001_add_prices.up.sql",
        "sqlite/0001_add_prices.down.sql",
        "postgres/0001_add_prices.up.sql",
        "postgres/0001_add_prices.down.sql",
    ];
    assert_eq!(new(&root, "Add prices!"), expected);
    std::fs::write(root.join("sqlite/0007_alone.up.sql"), "").expect("a file");
    assert_eq!(new(&root, "second")[2], "postgres/0008_second.up.sql");
    assert!(matches!(create_migration(&root, "?!"), Err(CreateError::Name(_))));

    let one_database = folder.path().join("other");
    std::fs::create_dir_all(one_database.join("sqlite")).expect("a folder");
    assert_eq!(new(&one_database, "a").len(), 2, "the other database is not served");
}

#[test]
fn both_databases_have_the_same_list() {
    let one = [("0001_a.up.sql", "select 1"), ("0002_b.up.sql", "select 2")];
    let other = [("0001_a.up.sql", "select 1"), ("0002_c.up.sql", "select 2")];
    let files = |dialect, files: &[(Text, Text)]| {
        let owned = files.iter().map(|(name, text)| (dialect, (*name).to_owned(), text.as_bytes().to_vec()));
        owned.collect::<Vec<_>>()
    };
    let joined = |sqlite: &[(Text, Text)], postgres: &[(Text, Text)]| {
        let all = files(Dialect::Sqlite, sqlite).into_iter().chain(files(Dialect::Postgres, postgres));
        Migrations::new().and_files("shop", all).problems().to_vec()
    };
    let missing = |dialect| SourceProblem::OneDatabase { source_name: "shop".into(), number: 2, dialect };
    assert_eq!(joined(&one, &one), []);
    assert_eq!(joined(&one, &one[..1]), [missing(Dialect::Postgres)]);
    assert_eq!(joined(&one[..1], &one), [missing(Dialect::Sqlite)]);
    assert_eq!(joined(&one, &other), [missing(Dialect::Postgres)], "another name");
    assert_eq!(joined(&one, &[]), [], "a service of one database");
    let only = source_for(Dialect::Sqlite, "shop", &one);
    let not_for = SourceProblem::NotFor { source_name: "shop".into(), dialect: Dialect::Postgres };
    assert_eq!(
        (only.problems_on(Dialect::Sqlite), only.problems_on(Dialect::Postgres)),
        (vec![], vec![not_for])
    );
}

async fn a_step_outside_a_transaction_is_done_again_until_it_is_recorded(store: TestDatabase) {
    if store.on_server().is_none() {
        return;
    }
    let setup = Setup::new(&store).await;
    let index = "-- outside a transaction\ncreate index concurrently if not exists part_name on part (name)";
    let all = source_for(
        Dialect::Postgres,
        "shop",
        &[("0001_part.up.sql", "create table part (name text)"), ("0002_index.up.sql", index)],
    );
    assert_eq!(setup.up(&all, None).await.expect("up").len(), 2);
    assert!(setup.has_table("part_name").await);
    let forget = "delete from schema_migrations where number = 2";
    store.on_server().expect("a server").sql(forget);
    assert_eq!(setup.up(&all, None).await.expect("up again"), ["shop/0002_index"]);
    let control = setup.database.pool(crate::Work::Control);
    assert_eq!(control.in_use, 0, "{control:?}");
}

async fn a_table_in_use_is_waited_for_in_short_tries(store: TestDatabase) {
    let setup = Setup::new(&store).await;
    if store.on_server().is_none() {
        return;
    }
    let all = shop();
    setup.up(&all, Some("1")).await.expect("up");
    let mut busy = setup.database.write().await.expect("a transaction");
    query("insert into part (name) values ('a')").execute(&mut busy).await.expect("a row");
    let waiting = setup.up(&all, None);
    let finish = async {
        // Until the migration waits for the lock of ours.
        let waits = "select count(*) from pg_locks where not granted";
        while store.on_server().expect("a server").sql(waits).trim() == "0" {
            tokio::task::yield_now().await;
        }
        busy.commit().await.expect("the commit");
    };
    let (applied, ()) = futures_util::join!(waiting, finish);
    assert_eq!(applied.expect("up"), ["shop/0002_add_price"]);
}

#[tokio::test]
async fn somebody_who_migrates_is_waited_for_and_the_lock_goes_with_the_session() {
    let store = TestDatabase::postgres();
    let (ours, theirs) = (Setup::new(&store).await, Setup::new(&store).await);
    let lock = super::lock::RunLock::wait(&theirs.database, &theirs.clock).await.expect("the lock");
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(300), ours.up(&shop(), None)).await;
    assert!(waiting.is_err(), "it waits");
    drop(lock);
    assert_eq!(ours.up(&shop(), None).await.expect("up").len(), 3);
    assert_eq!(ours.down(&shop(), 3).await.expect("down").len(), 3);
}

#[tokio::test]
async fn whoever_has_nothing_to_apply_waits_for_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = DatabaseSettings::file(folder.path().join("shared.db"));
    let (ours, theirs) = (Setup::with(settings.clone()).await, Setup::with(settings).await);
    let all = shop();
    assert_eq!(ours.up(&all, None).await.expect("up").len(), 3);
    let held = theirs.database.write().await.expect("their writer");
    assert_eq!(ours.up(&all, None).await.expect("nothing to do"), [""; 0]);
    drop(held);
    // Where tables were never made, nothing to apply still makes them.
    let bare = Setup::new(&TestDatabase::sqlite()).await;
    assert_eq!(bare.up(&Migrations::new(), None).await.expect("up"), [""; 0]);
    assert!(bare.has_table("schema_migrations").await);
}

#[tokio::test]
async fn a_process_that_writes_for_minutes_is_told_apart_from_one_that_is_about_to_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let (clock, hands) = Clock::manual();
    let settings = DatabaseSettings::file(folder.path().join("shared.db"));
    let theirs = Setup::with(settings.clone()).await;
    let impatient = DatabaseSettings { pool_timeout: Duration::from_millis(20), ..settings };
    let ours = Database::open(&impatient, &clock).await.expect("the database opens");
    let held = theirs.database.write().await.expect("their writer");
    let all = shop();
    let (waiting, by) = (Duration::from_millis(100), operator());
    {
        let mut up = std::pin::pin!(all.up(&ours, &clock, None, &by));
        // Told, but several limits of a request do not end it.
        tokio::select! {
            biased;
            ended = &mut up => panic!("it does not wait: {ended:?}"),
            limit = ours.held_up(waiting) => assert_eq!(limit, Duration::from_mins(2)),
        }
        hands.advance(Duration::from_mins(2));
        let ended = up.await.expect_err("nobody waits for ever");
        assert!(matches!(ended, MigrationError::Locked), "{ended:?}");
    }
    drop(held);
    assert_eq!(all.up(&ours, &clock, None, &by).await.expect("up").len(), 3);
}

#[test]
fn states_have_words() {
    assert_eq!(MigrationState::Pending.as_str(), "pending");
}
