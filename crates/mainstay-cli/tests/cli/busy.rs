//! Commands that meet another process at its work.

use std::thread;

use mainstay_cli::block_on;
use mainstay_core::Clock;
use mainstay_db::{Database, DatabaseSettings};

use super::*;

const WAITS: &str = "waiting for the database: another process is writing to it; this gives up after";

impl Shell {
    /// Holds the write lock of the database, as another process would, while `meanwhile` does something and says when
    /// to let go of it.
    fn locked<T>(&self, meanwhile: impl FnOnce(Box<dyn FnOnce() + '_>) -> T) -> T {
        let settings = DatabaseSettings::file(self.directory.path().join("data/sample.db"));
        let held = block_on(async {
            let database = Database::open(&settings, &Clock::system()).await.unwrap();
            database.write().await.unwrap()
        });
        let held = held.unwrap();
        meanwhile(Box::new(move || drop(held)))
    }
}

#[test]
fn whoever_has_to_wait_is_told_and_goes_on_when_the_lock_is_free() {
    // Once to change an account, once to make the schema before.
    for migrated in [true, false] {
        let shell = Shell::new().variable("DB_POOL_TIMEOUT", "1m");
        if migrated {
            assert_eq!(shell.run(&["migrate", "up"]).code, 0);
        }
        let (data, talk) = (Buffer::default(), Buffer::default());
        let code = shell.locked(|let_go| {
            thread::scope(|scope| {
                let create = ["user", "create", "alice", "--role", "viewer"];
                let (shell, data, said) = (&shell, data.clone(), talk.clone());
                let running = scope.spawn(move || shell.run_with(&create, data, said));
                talk.wait_for(WAITS);
                assert!(!running.is_finished());
                let_go();
                running.join().unwrap()
            })
        });
        assert_eq!(code, 0, "{}", talk.text());
        assert_eq!(
            (data.text().lines().count(), talk.text().matches(WAITS).count()),
            (1, 1),
            "{}",
            talk.text()
        );
        assert!(talk.text().contains(if migrated { "after 1m" } else { "after 2m" }), "{}", talk.text());
        assert_eq!(shell.run(&["user", "list"]).data.lines().count(), 1);
    }
}

#[test]
fn whoever_waits_in_vain_is_told_what_to_do_and_has_changed_nothing() {
    let shell = Shell::new().variable("DB_POOL_TIMEOUT", "1500ms");
    assert_eq!(shell.run(&["user", "create", "alice", "--role", "viewer"]).code, 0);
    let before = [shell.run(&["user", "list"]).data, shell.run(&["token", "list"]).data];
    shell.locked(|let_go| {
        thread::scope(|scope| {
            let commands = [
                &["user", "create", "bob", "--role", "viewer"][..],
                &["user", "passwd", "alice"],
                &["user", "disable", "alice"],
                &["user", "role", "alice", "--role", "operator"],
                &["token", "create", "--role", "viewer", "--name", "x"],
                &["session", "revoke", "--all", "--yes"],
            ];
            let running = commands.map(|command| (command, scope.spawn(|| shell.run(command))));
            for (command, running) in running {
                let ran = running.join().unwrap();
                assert_eq!((ran.code, ran.data.as_str()), (2, ""), "{command:?}: {}", ran.talk);
                for said in [
                    WAITS,
                    "after 1500ms",
                    "error[MS0015]: another process holds the lock of the database",
                    "DATABASE_URL",
                    "fuser -v ",
                    "data/sample.db",
                    "--set DB_POOL_TIMEOUT=1m",
                ] {
                    assert!(ran.talk.contains(said), "{command:?} does not say {said}: {}", ran.talk);
                }
            }
        });
        // Whoever only reads waits for nobody.
        let reads = [shell.run(&["user", "list"]), shell.run(&["token", "list"])];
        assert!(reads.iter().all(|ran| !ran.talk.contains("waiting")), "{reads:?}");
        assert_eq!(reads.map(|ran| ran.data), before);
        let_go();
    });
    assert_eq!(shell.run(&["check", "--explain", "MS0015"]).code, 0);
}

#[test]
fn a_lock_that_is_soon_free_is_no_word_worth() {
    let shell = Shell::new();
    assert_eq!(shell.run(&["migrate", "up"]).code, 0);
    shell.locked(|let_go| let_go());
    let ran = shell.run(&["user", "create", "alice", "--role", "viewer"]);
    assert!(ran.code == 0 && !ran.talk.contains("waiting"), "{}", ran.talk);
}
