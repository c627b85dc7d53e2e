//! A Redis of one's own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::{Launch, Port, Process, folder, password, program};

/// Ports are tried until nobody was quicker.
const ATTEMPTS: u32 = 10;

/// Debian's Redis on a port of the loopback and on a socket, with a password, and nothing kept on disk: what it held is
/// lost when it ends.
#[derive(Debug)]
pub struct Redis {
    // Before the folder: it must have ended when that is removed.
    process: Process,
    port: Port,
    password: String,
    folder: TempDir,
}

impl Redis {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    ///
    /// When Redis is not installed or does not start.
    pub fn start() -> Self {
        let program = program::find("redis-server", "redis-server");
        let folder = folder::temporary("redis", None);
        let password = password::random();
        for _ in 1..ATTEMPTS {
            let port = Port::reserve();
            let path = folder.path().display();
            let number = port.number();
            let configuration = format!(
                "bind 127.0.0.1\nport {number}\nunixsocket {path}/redis.sock\nunixsocketperm 700\ndir {path}\n\
                 requirepass {password}\nsave \"\"\nappendonly no\ndaemonize no\n"
            );
            let file = folder.path().join("redis.conf");
            fs::write(&file, configuration).expect("a file of ours");
            let launch = Launch::new(&program).arguments([file]).temporary_folder(folder.path());
            let (address, word) = (port.address(), password.clone());
            match launch.ready(move |_| answers(address, &word)).start() {
                Ok(process) => return Self { process, port, password, folder },
                Err(error) if error.is_address_in_use() => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("somebody else took the port, {ATTEMPTS} times")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// `redis://:password@host:port/0`.
    pub fn url(&self) -> String {
        self.url_by(self.address())
    }

    /// The URL by another way to the server, such as a [`ChaosProxy`](crate::ChaosProxy).
    pub fn url_by(&self, address: SocketAddr) -> String {
        format!("redis://:{}@{address}/0", self.password)
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Its password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Stops it where it stands, as `SIGSTOP` does.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Kills it, with all it holds.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_again(&self) {
        self.process.start_again();
    }

    /// The process: its output is the server's log.
    pub fn process(&self) -> &Process {
        &self.process
    }
}

/// Whether it knows us and answers a ping.
fn answers(address: SocketAddr, password: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "AUTH {password}\r\nPING\r\n")?;
        let lines: Vec<String> = BufReader::new(stream).lines().take(2).collect::<Result<_, _>>()?;
        Ok(lines == ["+OK", "+PONG"])
    };
    ask().unwrap_or(false)
}
