use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_core::settings::{Environment, Setting, read_pairs};
use mainstay_core::{Clock, Tasks};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{
    ControlAddress, ControlError, ControlSettings, ControlSocket, ReloadWish, Reply, Request, ask, serve,
};
use crate::life::{Conductor, Plan, Restart, Workers};

const PATIENCE: Duration = Duration::from_secs(30);

/// A control socket with a worker behind it.
struct Desk {
    _folder: TempDir,
    path: PathBuf,
    tasks: Tasks,
    reloads: mpsc::Receiver<ReloadWish>,
    _socket: ControlSocket,
}

impl Desk {
    fn open() -> Self {
        let (clock, tasks) = (Clock::system(), Tasks::new());
        let conductor = Conductor::new(Plan::new(PATIENCE, Duration::ZERO), &clock);
        let workers = Workers::new(&clock, &tasks, &conductor);
        workers.start("columns", Restart::budgeted(), |_| std::future::pending()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/app.sock");
        let socket = ControlSocket::open(&path, 1, false).unwrap();
        let (wishes, reloads) = mpsc::channel(1);
        tasks.spawn("desk", serve(&socket, workers, wishes, &tasks).unwrap());
        Self { _folder: folder, path, tasks, reloads, _socket: socket }
    }

    /// Asks as a command does, on a thread of its own.
    async fn ask(&self, request: Request) -> Reply {
        self.talk(move |path| ask(path, &request, PATIENCE).unwrap()).await
    }

    async fn talk<T: Send + 'static>(&self, talk: impl FnOnce(&Path) -> T + Send + 'static) -> T {
        let path = self.path.clone();
        self.tasks.spawn_blocking("command", move || talk(&path)).await.unwrap()
    }
}

fn restart(worker: &str) -> Request {
    Request::Restart { worker: worker.to_owned(), acknowledge: false, reason: String::new() }
}

#[tokio::test]
async fn workers_are_listed_and_restarted() {
    let desk = Desk::open();
    let Reply::Done(list) = desk.ask(Request::Workers {}).await else { panic!("refused") };
    let worker = &list["workers"][0];
    assert_eq!(
        (&worker["name"], &worker["state"], &worker["restarts"]),
        (&json!("columns"), &json!("running"), &json!(0))
    );
    let Reply::Done(worker) = desk.ask(restart("columns")).await else { panic!("refused") };
    assert_eq!((&worker["restarts"], &worker["churn"]), (&json!(1), &json!(1)));
    let refused = desk.ask(restart("rows")).await;
    assert_eq!(refused, Reply::Refused(r#"there is no worker "rows"; there are: columns"#.to_owned()));
    let who = desk.ask(Request::Who {}).await;
    assert_eq!(who, Reply::Done(json!({ "process": std::process::id() })));
}

#[tokio::test]
async fn a_reload_is_answered_when_it_is_over_and_one_at_a_time() {
    let mut desk = Desk::open();
    let path = desk.path.clone();
    let first =
        desk.tasks.spawn_blocking("command", move || ask(&path, &Request::Reload {}, PATIENCE).unwrap());
    let wish = desk.reloads.recv().await.unwrap();
    wish.send(Ok(4711)).unwrap();
    assert_eq!(first.await.unwrap(), Reply::Done(json!({ "process": 4711 })));

    // Nobody takes this one up before the next comes.
    let path = desk.path.clone();
    let waiting = desk.tasks.spawn_blocking("command", move || ask(&path, &Request::Reload {}, PATIENCE));
    while desk.reloads.is_empty() {
        tokio::task::yield_now().await;
    }
    let Reply::Refused(reason) = desk.ask(Request::Reload {}).await else { panic!("not refused") };
    assert!(reason.contains("under way"), "{reason}");
    desk.reloads.recv().await.unwrap().send(Err("no such file".to_owned())).unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), Reply::Refused("no such file".to_owned()));
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_words() {
    let desk = Desk::open();
    for nonsense in
        ["", "\n", "GET / HTTP/1.1\r\n", "{}\n", "{\"reload\":{},\"x\":1}\n", "{\"restart\":{}}\n", "null\n"]
    {
        let reply = desk.talk(move |path| {
            let mut stream = UnixStream::connect(path).unwrap();
            stream.write_all(nonsense.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).unwrap();
            serde_json::from_str::<Reply>(&line).unwrap()
        });
        assert!(matches!(reply.await, Reply::Refused(_)), "{nonsense:?}");
    }
    // Who says nothing keeps nobody else from being heard.
    let silent: Vec<_> = (0..4).map(|_| UnixStream::connect(&desk.path).unwrap()).collect();
    assert!(matches!(desk.ask(Request::Workers {}).await, Reply::Done(_)));
    drop(silent);
}

#[test]
fn nobody_there_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let error = ask(&path, &Request::Who {}, PATIENCE).unwrap_err();
    assert!(matches!(error, ControlError::Connect { .. }), "{error}");
    // What a killed process leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let error = ask(&path, &Request::Who {}, PATIENCE).unwrap_err();
    assert!(matches!(error, ControlError::Connect { .. }), "{error}");
    assert!(ControlSocket::open(&path, 1, false).is_ok());
}

#[test]
fn the_file_is_its_owners_alone_and_changes_hands_in_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/app.sock");
    let old = ControlSocket::open(&path, 1, false).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let taken = ControlSocket::open(&path, 2, false).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    let new = ControlSocket::open(&path, 2, true).unwrap();
    // The old one leaves what is not its own.
    drop(old);
    assert!(UnixStream::connect(&path).is_ok());
    drop(new);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn a_path_is_one_or_none() {
    let settings = |pairs: &[(&str, &str)]| read_pairs::<ControlSettings>(Environment::Test, pairs).settings;
    assert_eq!(settings(&[]).unwrap().address.path(), Some(Path::new("data/app.sock")));
    assert_eq!(settings(&[("CONTROL_SOCKET", "off")]).unwrap().address.path(), None);
    assert!(settings(&[("CONTROL_SOCKET", &"x".repeat(101))]).is_none());
    assert_eq!(ControlAddress::at("a/b").show(), "a/b");
}
