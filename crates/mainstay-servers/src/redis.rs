//! A Redis of one's own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::{Launch, Port, Process, folder, password, program};

/// Its unix socket, in its folder.
const SOCKET: &str = "redis.sock";

/// Ports are tried until nobody was quicker.
const ATTEMPTS: u32 = 10;

/// Debian's Redis on a port of the loopback and on a socket, with a password, and nothing kept on disk: what it held is
/// lost when it ends.
#[derive(Debug)]
pub struct Redis {
    // Before the folder: it must have ended when that is removed.
    process: Process,
    port: Port,
    tls: Option<Tls>,
    password: String,
    folder: TempDir,
}

/// Where it is asked by TLS.
#[derive(Debug)]
struct Tls {
    port: Port,
    ca_file: PathBuf,
}

impl Redis {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    ///
    /// When Redis is not installed or does not start.
    pub fn start() -> Self {
        Self::launch(false)
    }

    /// Starts one that can be asked by TLS as well, on another port, with a certificate of an authority of its own.
    ///
    /// # Panics
    ///
    /// As [`Redis::start`].
    pub fn start_with_tls() -> Self {
        Self::launch(true)
    }

    fn launch(with_tls: bool) -> Self {
        let program = program::find("redis-server", "redis-server");
        let folder = folder::temporary("redis", None);
        let password = password::random();
        let certificates = with_tls.then(|| Certificates::write(folder.path()));
        for _ in 1..ATTEMPTS {
            let port = Port::reserve();
            let tls = certificates
                .as_ref()
                .map(|certificates| Tls { port: Port::reserve(), ca_file: certificates.authority.clone() });
            let secure = tls.as_ref().zip(certificates.as_ref());
            let secure = secure.map(|(tls, certificates)| by_tls(tls.port.number(), certificates));
            let path = folder.path().display();
            let number = port.number();
            let configuration = format!(
                "bind 127.0.0.1\nport {number}\nunixsocket {path}/{SOCKET}\nunixsocketperm 700\ndir {path}\n\
                 requirepass {password}\nsave \"\"\nappendonly no\ndaemonize no\n{}",
                secure.unwrap_or_default()
            );
            let file = folder.path().join("redis.conf");
            fs::write(&file, configuration).expect("a file of ours");
            let launch = Launch::new(&program).arguments([file]).temporary_folder(folder.path());
            let (socket, word) = (folder.path().join(SOCKET), password.clone());
            match launch.ready(move |_| answers(&socket, &word)).start() {
                Ok(process) => return Self { process, port, tls, password, folder },
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

    /// `rediss://:password@localhost:port/0`; its certificate is valid for that name, not for its number.
    ///
    /// # Panics
    ///
    /// When it was started without TLS.
    pub fn tls_url(&self) -> String {
        let port = self.tls().port.number();
        format!("rediss://:{}@localhost:{port}/0", self.password)
    }

    /// The certificate of the authority that signed the server's.
    ///
    /// # Panics
    ///
    /// As [`Redis::tls_url`].
    pub fn ca_file(&self) -> PathBuf {
        self.tls().ca_file.clone()
    }

    fn tls(&self) -> &Tls {
        self.tls.as_ref().expect("started with TLS")
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
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

/// What its configuration says of TLS; clients need no certificate of their own.
fn by_tls(port: u16, certificates: &Certificates) -> String {
    let Certificates { authority, certificate, key } = certificates;
    format!(
        "tls-port {port}\ntls-ca-cert-file {}\ntls-cert-file {}\ntls-key-file {}\ntls-auth-clients no\n",
        authority.display(),
        certificate.display(),
        key.display(),
    )
}

/// Whether it knows us and answers a ping. The socket is what it listens on last.
fn answers(socket: &Path, password: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "AUTH {password}\r\nPING\r\n")?;
        let lines: Vec<String> = BufReader::new(stream).lines().take(2).collect::<Result<_, _>>()?;
        Ok(lines == ["+OK", "+PONG"])
    };
    ask().unwrap_or(false)
}
