//! The program, and whatever process it hands over to.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use mainstay::health::probe;
use mainstay::life::control::{Reply, Request, ask};
use mainstay_core::Clock;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Longer than anything takes on the slowest machine; reached only when a test fails.
pub(crate) const FOREVER: Duration = Duration::from_mins(2);

/// From one look to the next, while a state is waited for.
const LOOK: Duration = Duration::from_millis(5);

/// A running program. Everything that runs in its folder is killed when this is dropped.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
    child: Child,
    log: Log,
}

/// What all processes of a program have said: they share the pipe, so it ends with the last of them.
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) data: String,
    pub(crate) talk: String,
}

impl Program {
    /// Starts the program with these settings, in a folder of its own, and waits until it is ready.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        command.arg("serve").stdin(Stdio::null());
        Self::launch(command, address, Arc::new(tempfile::tempdir().unwrap()), settings)
    }

    /// Starts the program by this command.
    pub(crate) fn launch(
        mut command: Command,
        address: SocketAddr,
        folder: Arc<TempDir>,
        settings: &[(&str, &str)],
    ) -> Self {
        let usual =
            [("PORT", address.port().to_string()), ("DEMO_DATA", "no".into()), ("LOG_FORMAT", "json".into())];
        let given = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let settings: Vec<_> =
            usual.into_iter().chain(given).map(|(name, value)| (name.to_owned(), value)).collect();
        let mut child = command
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(settings.iter().cloned())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Log::read(BufReader::new(child.stderr.take().unwrap()));
        let program = Self { address, folder, settings, child, log };
        program.wait_for("it to be ready", |program| program.log.contains("\"message\":\"ready\""));
        program
    }

    /// Runs a command of the program where the program runs.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let ran = Command::new(env!("CARGO_BIN_EXE_concord"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: ran.status.code(), data: text(ran.stdout), talk: text(ran.stderr) }
    }

    /// Writes `.env`, which the next process reads.
    pub(crate) fn write_env(&self, text: &str) {
        std::fs::write(self.folder.path().join(".env"), text).unwrap();
    }

    /// Asks `path` by HTTP.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let (status, body) = probe(self.address, path, FOREVER, &Clock::system()).unwrap();
        (status.as_u16(), body)
    }

    /// The process that serves.
    pub(crate) fn process(&self) -> i32 {
        self.find_process().expect("the program answers")
    }

    fn find_process(&self) -> Option<i32> {
        let path = self.socket();
        let Ok(Reply::Done(done)) = ask(&path, &Request::Who {}, FOREVER) else { return None };
        done["process"].as_i64().and_then(|process| i32::try_from(process).ok())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("data/concord.sock")
    }

    /// The process that was started first.
    pub(crate) fn first(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Waits for the end of the process that was started first.
    pub(crate) fn first_ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.signal_to(self.process(), signal);
    }

    pub(crate) fn signal_to(&self, process: i32, signal: Signal) {
        kill_process(Pid::from_raw(process).unwrap(), signal)
            .unwrap_or_else(|error| panic!("{error}: {}", self.log()));
    }

    /// Waits until a state is reached.
    pub(crate) fn wait_for(&self, what: &str, reached: impl Fn(&Self) -> bool) {
        let clock = Clock::system();
        let begun = clock.now();
        while !reached(self) {
            assert!(clock.now() - begun < FOREVER, "waited in vain for {what}:\n{}", self.log());
            std::thread::park_timeout(LOOK);
        }
    }

    /// Everything that was said until now.
    pub(crate) fn log(&self) -> String {
        self.log.lines.lock().unwrap().join("\n")
    }

    /// Stops whichever process serves, waits until none is left, and gives all that was said.
    pub(crate) fn stop(mut self) -> String {
        self.signal(Signal::TERM);
        self.log.reader.take().unwrap().join().unwrap();
        self.child.wait().unwrap();
        self.log()
    }
}

impl Log {
    fn read(pipe: impl BufRead + Send + 'static) -> Self {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&lines);
        let read = move || {
            for line in pipe.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        };
        Self { lines, reader: Some(std::thread::Builder::new().spawn(read).unwrap()) }
    }

    fn contains(&self, text: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|line| line.contains(text))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // All fail only where the process has ended.
        if Path::exists(&self.socket())
            && let Some(process) = self.find_process().and_then(Pid::from_raw)
        {
            let _ = kill_process(process, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
