//! Commands of the program while another process holds the database.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use mainstay_cli::block_on;
use mainstay_core::Clock;
use mainstay_db::{Database, DatabaseSettings, WriteTransaction};
use tempfile::TempDir;

/// A command that runs.
struct Running(Child);

/// How it ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    data: String,
    talk: String,
}

impl Running {
    fn start(folder: &TempDir, settings: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        let command = command.args(arguments).current_dir(folder.path()).env_clear();
        let command = command.envs(settings.iter().copied());
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Waits until it says so, calls `then`, and waits for its end.
    fn told(mut self, what: &str, then: impl FnOnce()) -> Ended {
        let mut lines = BufReader::new(self.0.stderr.take().unwrap());
        let mut talk = String::new();
        while !talk.contains(what) {
            assert!(lines.read_line(&mut talk).unwrap() > 0, "it did not say {what}: {talk}");
        }
        then();
        lines.read_to_string(&mut talk).unwrap();
        let mut data = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut data).unwrap();
        Ended { code: self.0.wait().unwrap().code(), data, talk }
    }

    /// Waits for its end.
    fn end(self) -> Ended {
        self.told("", || {})
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, unless the test fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Takes the write lock of the program's database, as another process.
fn lock(folder: &TempDir) -> WriteTransaction {
    let settings = DatabaseSettings::file(folder.path().join("data/concord.db"));
    let held = block_on(async {
        let database = Database::open(&settings, &Clock::system()).await.unwrap();
        database.write().await.unwrap()
    });
    held.unwrap()
}

fn run(folder: &TempDir, settings: &[(&str, &str)], arguments: &[&str]) -> Ended {
    Running::start(folder, settings, arguments).end()
}

#[test]
fn a_command_says_what_it_waits_for_and_does_its_work_when_it_can() {
    let folder = TempDir::new().unwrap();
    let settings = [("DB_POOL_TIMEOUT", "2m")];
    assert_eq!(run(&folder, &[], &["migrate", "up"]).code, Some(0));
    let held = lock(&folder);
    let create = ["user", "create", "alice", "--role", "viewer"];
    let ended = Running::start(&folder, &settings, &create)
        .told("another process is writing to it; this gives up after 2m", || drop(held));
    assert_eq!((ended.code, ended.data.lines().count()), (Some(0), 1), "{ended:?}");
    assert!(run(&folder, &[], &["user", "list"]).data.starts_with("alice "));
}

#[test]
fn a_command_that_waits_in_vain_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    assert_eq!(run(&folder, &[], &["migrate", "up"]).code, Some(0));
    fs::write(
        folder.path().join("in.json"),
        r#"{"schemas": [{"name": "cars", "version": "1.0.0", "dimensions": []}]}"#,
    )
    .unwrap();
    let settings = [("DB_POOL_TIMEOUT", "2s")];
    let held = lock(&folder);
    for command in [&["import", "in.json"][..], &["user", "create", "alice", "--role", "viewer"]] {
        let ended =
            Running::start(&folder, &settings, command).told("another process is writing to it", || {});
        assert_eq!((ended.code, ended.data.as_str()), (Some(2), ""), "{command:?}: {ended:?}");
        assert!(
            ended.talk.contains("error[MS0015]") && ended.talk.contains("fuser"),
            "{command:?}: {ended:?}"
        );
    }
    drop(held);
    assert!(!run(&folder, &[], &["export", "-"]).data.contains("cars"));
    assert_eq!(run(&folder, &[], &["user", "list"]).data, "");
}

#[test]
fn a_database_that_does_not_answer_is_told_before_it_is_given_up() {
    let folder = TempDir::new().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgresql://me:unusual@{}/app?sslmode=disable", silent.local_addr().unwrap());
    let ended = Running::start(&folder, &[("DATABASE_URL", &url)], &["migrate", "status"])
        .told("waiting for the database: it is not open yet", || {});
    assert_eq!((ended.code, ended.data.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.talk.contains("error[MS0310]"), "{ended:?}");
}
