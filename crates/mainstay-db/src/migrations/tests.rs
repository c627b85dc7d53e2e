use mainstay_core::{Clock, Tasks};
use rust_embed::RustEmbed;

use super::{
    CreateError, Direction, MigratedBy, MigrationError, MigrationState, Migrations, SourceProblem,
    create_migration,
};
use crate::{Database, DatabaseSettings, DbErrorKind, query};

#[derive(RustEmbed)]
#[folder = "tests/migrations"]
struct Files;

type Text = &'static str;

fn source(name: &str, files: &[(Text, Text)]) -> Migrations {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
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
    async fn new() -> Self {
        let clock = Clock::system();
        let database =
            Database::open(&DatabaseSettings::in_memory(), &clock).await.expect("the database opens");
        Self { database, clock }
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
        let found = query("select 1 from sqlite_schema where name = $1").bind(name);
        found.fetch_optional(&mut read).await.expect("the schema").is_some()
    }
}

#[tokio::test]
async fn up_and_down_and_up_again() {
    let setup = Setup::new().await;
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

#[tokio::test]
async fn a_start_that_may_not_migrate_names_what_is_pending() {
    let setup = Setup::new().await;
    let all = shop();
    setup.up(&all, Some("1")).await.expect("up");
    let error = all.require_current(&setup.database).await.expect_err("one is pending");
    assert!(matches!(&error, MigrationError::Pending(ids) if ids.len() == 1), "{error:?}");
    assert!(error.to_string().contains("shop/0002_add_price"), "{error}");
    assert!(error.help().contains("migrate up"));
}

#[tokio::test]
async fn a_newer_schema_and_a_changed_file_are_refused() {
    let setup = Setup::new().await;
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

#[tokio::test]
async fn a_failed_migration_leaves_nothing() {
    let setup = Setup::new().await;
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
    let setup = Setup::new().await;
    let orphaning = source(
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

#[tokio::test]
async fn a_way_back_may_be_missing() {
    let setup = Setup::new().await;
    let one_way = source("shop", &[("0001_a.up.sql", "select 1")]);
    setup.up(&one_way, None).await.expect("up");
    let error = setup.down(&one_way, 1).await.expect_err("no way down");
    assert!(matches!(error, MigrationError::Irreversible(_)), "{error:?}");
    assert_eq!(setup.states(&one_way).await, ["applied"]);
    let error = setup.up(&one_way, Some("7")).await.expect_err("no such migration");
    assert!(matches!(error, MigrationError::NoSuchTarget(_)), "{error:?}");
}

#[tokio::test]
async fn processes_that_start_at_once_migrate_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = DatabaseSettings::file(folder.path().join("app.db"));
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
    let wrong = source(
        "shop",
        &[
            ("1_short.up.sql", ""),
            ("0001_Upper.up.sql", ""),
            ("0002_a.up.sql", "select 1"),
            ("0002_b.up.sql", "select 1"),
            ("0003_only_down.down.sql", ""),
            ("0004_own.up.sql", "select 1;\n  COMMIT;"),
            ("0005_trigger.up.sql", "create trigger t after insert on a\nbegin\n  select 1;\nend;"),
        ],
    );
    let expected = [
        SourceProblem::Name { source_name: name(), file: "1_short.up.sql".into() },
        SourceProblem::Name { source_name: name(), file: "0001_Upper.up.sql".into() },
        SourceProblem::TakenTwice { source_name: name(), number: 2 },
        SourceProblem::NoUp { source_name: name(), number: 3 },
        SourceProblem::OwnTransaction { source_name: name(), number: 4 },
    ];
    assert_eq!(wrong.problems(), expected);
    let twice = source("shop", &[("0001_a.up.sql", "")]).and(source("shop", &[("0001_a.up.sql", "")]));
    assert_eq!(twice.problems(), [SourceProblem::SourceTwice { source_name: name() }]);
}

#[test]
fn line_ends_of_a_checkout_do_not_count() {
    let unix = source("shop", &[("0001_a.up.sql", "select 1;\nselect 2;\n")]);
    let windows = source("shop", &[("0001_a.up.sql", "select 1;\r\nselect 2;\r\n")]);
    assert_eq!(unix.all[0].checksum, windows.all[0].checksum);
}

#[test]
fn new_files_take_the_next_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("migrations/sqlite");
    let [up, down] = create_migration(&folder, "Add prices!").expect("two files");
    assert!(up.ends_with("0001_add_prices.up.sql") && down.ends_with("0001_add_prices.down.sql"));
    let [up, _] = create_migration(&folder, "second").expect("two files");
    assert!(up.ends_with("0002_second.up.sql"));
    assert!(matches!(create_migration(&folder, "?!"), Err(CreateError::Name(_))));
}

#[test]
fn states_have_words() {
    assert_eq!(MigrationState::Pending.as_str(), "pending");
}
