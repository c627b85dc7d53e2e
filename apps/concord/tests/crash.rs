//! A process that is killed in the middle of its work.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use mainstay::Role;
use mainstay::identity::{ApiTokens, NewApiToken};
use mainstay_core::Clock;
use mainstay_db::{Database, DatabaseSettings};
use mainstay_testkit::Client;
use serde_json::{Value, json};

const ITEMS: usize = 40;
const CALLERS: usize = 12;
const STORE: &str = "store.db";

/// A running program.
struct Program {
    child: Child,
    client: Client,
}

/// Makes an API token in the database of a program, beside it.
async fn token(folder: &Path) -> String {
    let clock = Clock::system();
    let database = Database::open(&DatabaseSettings::file(folder.join(STORE)), &clock).await.unwrap();
    let new = NewApiToken { name: "crash", role: Role::Editor, owner: None, expires_at: None };
    let (_, text) = ApiTokens::new(&database, &clock).create(new).await.unwrap();
    database.close().await.unwrap();
    text.expose().to_owned()
}

impl Program {
    /// Starts the program on the data of a folder, and waits until it says that it is ready.
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_concord"))
            .args([
                "--set",
                &format!("PORT={port}"),
                "--set",
                "DEMO_DATA=no",
                "--set",
                "LOG_FORMAT=text",
                "--set",
                "RATE_LIMIT_DEFAULT=100000/s",
                "--set",
                &format!("DATABASE_URL=sqlite://{}", folder.join(STORE).display()),
                "serve",
            ])
            .current_dir(folder)
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(": ready service=concord") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the program ended before it was ready");
        }
        // Somebody has to read the rest, or the program would wait for room in the pipe.
        let reader = std::thread::Builder::new().spawn(move || log.read_to_end(&mut Vec::new()));
        drop(reader.unwrap());
        Self { child, client: Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port))) }
    }

    /// Kills the program, without a word before.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn catalog(number: usize) -> Value {
    let items: Vec<_> =
        (0..ITEMS).map(|id| json!({"id": id.to_string(), "name": "x", "attributes": {}})).collect();
    json!([{"name": format!("c{number}"), "schema_ref": "cars", "items": items}])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_answered_is_lost_and_nothing_is_half_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path());
    let token = token(folder.path()).await;
    program.client = program.client.with_token(&token);
    let schema = json!({"name": "cars", "version": "1.0.0", "dimensions": []});
    assert_eq!(program.client.post("/api/v1/schemas", &schema).await.status, 201);

    // Some were answered, some are being worked on, some wait: then the process is gone.
    let answered: Vec<_> = (0..CALLERS * 20).map(|_| AtomicUsize::new(0)).collect();
    let count = AtomicUsize::new(0);
    let enough = tokio::sync::Notify::new();
    let client = program.client.clone();
    let import = async |number: usize| {
        let answer = client.post("/api/v1/import/catalogs", &catalog(number)).await;
        answered[number].store(answer.status.as_u16().into(), Ordering::Relaxed);
        if count.fetch_add(1, Ordering::Relaxed) == 3 * CALLERS {
            enough.notify_one();
        }
    };
    // One after the other, so that some are always on their way: many that wait are recorded at once.
    let caller = async |number: usize| {
        for number in (number..answered.len()).step_by(CALLERS) {
            import(number).await;
        }
    };
    // In this branch, while the others still stand: they must not end in good order before.
    let kill = async {
        enough.notified().await;
        program.kill();
    };
    tokio::select! {
        biased;
        () = kill => {}
        _ = join_all((0..CALLERS).map(caller)) => panic!("all were answered before the end"),
    }

    let mut program = Program::start(folder.path());
    program.client = program.client.with_token(&token);
    let catalogs = program.client.get("/api/v1/catalogs?limit=1000").await.json();
    let there = |number: usize| {
        let name = json!(format!("c{number}"));
        catalogs.as_array().unwrap().iter().find(|catalog| catalog["name"] == name)
    };
    for (number, status) in answered.iter().enumerate() {
        match (status.load(Ordering::Relaxed), there(number)) {
            (200, None) => panic!("c{number} was answered and is lost"),
            (_, Some(catalog)) => {
                assert_eq!(catalog["item_count"], ITEMS);
                let items = program.client.get(&format!("/api/v1/catalogs/c{number}/items?limit=1000")).await;
                assert_eq!(items.json().as_array().unwrap().len(), ITEMS, "c{number}");
            }
            (_, None) => {}
        }
    }
    program.kill();
}
