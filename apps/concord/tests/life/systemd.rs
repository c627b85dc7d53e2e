//! A test that plays systemd: it holds the port, listens to what it is told, and expects signs of life.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Arc;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::program::{FOREVER, Program};

/// Hands descriptor 3 over as systemd does. The shell is there for its own number, which stays that of the program.
const ACTIVATE: &str =
    r#"export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http; exec "$0" serve 3<&0 </dev/null"#;

struct Systemd {
    port: TcpListener,
    notify: UnixDatagram,
    folder: Arc<TempDir>,
}

impl Systemd {
    fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let notify = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        notify.set_read_timeout(Some(FOREVER)).unwrap();
        Self { port: TcpListener::bind("127.0.0.1:0").unwrap(), notify, folder }
    }

    fn address(&self) -> SocketAddr {
        self.port.local_addr().unwrap()
    }

    fn start(&self) -> Program {
        let mut command = Command::new("sh");
        command.args(["-c", ACTIVATE, env!("CARGO_BIN_EXE_concord")]);
        command.stdin(OwnedFd::from(self.port.try_clone().unwrap()));
        let notify = self.folder.path().join("notify");
        let settings = [("NOTIFY_SOCKET", notify.to_str().unwrap()), ("WATCHDOG_USEC", "900000")];
        Program::launch(command, self.address(), Arc::clone(&self.folder), &settings)
    }

    /// The next message that is no sign of life.
    fn hears(&self) -> String {
        loop {
            let message = self.next();
            if message != "WATCHDOG=1\n" {
                return message;
            }
        }
    }

    fn next(&self) -> String {
        let mut space = [0; 1024];
        let length = self.notify.recv(&mut space).unwrap();
        String::from_utf8(space[..length].to_vec()).unwrap()
    }
}

#[test]
fn systemd_holds_the_port_and_hears_of_every_step() {
    let systemd = Systemd::new();
    let mut program = systemd.start();
    assert_eq!(systemd.hears(), format!("READY=1\nSTATUS=serving at {}\n", systemd.address()));
    assert_eq!(program.get("/health/live").0, 200);
    // Alive, for as long as it is: more than once.
    while systemd.next() != "WATCHDOG=1\n" {}
    while systemd.next() != "WATCHDOG=1\n" {}

    let ran = program.run(&["reload"]);
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.talk, program.log());
    assert!(systemd.hears().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    let second = program.process();
    let mut rest = [systemd.hears(), systemd.hears()];
    rest.sort();
    // From the old process: only it is listened to until then. And from the new one.
    assert_eq!(rest[0], format!("MAINPID={second}\nREADY=1\n"));
    assert_eq!(rest[1], format!("READY=1\nSTATUS=serving at {}\n", systemd.address()));
    assert_eq!(program.first_ended().code(), Some(0));
    while systemd.next() != "WATCHDOG=1\n" {}

    program.signal(Signal::TERM);
    // The old one said nothing of stopping: it was the service no more.
    assert_eq!(systemd.hears(), "STOPPING=1\nSTATUS=stopping\n");
    program.wait_for("its end", |program| program.log().matches("\"message\":\"stopped\"").count() == 2);

    // Who comes now waits in the queue, and is served by the next start.
    let mut early = TcpStream::connect(systemd.address()).unwrap();
    early.set_read_timeout(Some(FOREVER)).unwrap();
    early.write_all(b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let program = systemd.start();
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(r#"{"status":"ready"}"#), "{answer}");
    program.stop();
}
