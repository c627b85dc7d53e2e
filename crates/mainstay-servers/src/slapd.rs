//! A directory of one's own.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::{Launch, Port, Process, folder, program};

/// Debian's slapd on ports of the loopback, with TLS of an authority of its own: `ldaps`, and StartTLS on `ldap`.
///
/// Its suffix is `dc=example,dc=org`; its root `cn=admin,dc=example,dc=org` has the password `the admin's own`. Whoever binds as
/// `cn=service,dc=example,dc=org` may read; everybody may bind; nobody else may read.
#[derive(Debug)]
pub struct Slapd {
    // Before the folder: it must have ended when that is removed.
    process: Process,
    ports: [Port; 2],
    folder: TempDir,
    /// How far [`Slapd::operations`] has read the log.
    cursor: Mutex<u64>,
    /// How many connections asked whether it is ready.
    probes: Arc<AtomicUsize>,
}

/// How a directory differs from the one with TLS.
#[derive(Clone, Debug)]
pub struct SlapdOptions {
    entries: String,
    tls: bool,
    database: String,
}

const CONFIGURATION: &str = r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {folder}/slapd.pid
{tls}
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw "the admin's own"
directory {folder}/data
index uid,mail,member eq
{database}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=service,dc=example,dc=org" read by * none
"#;

const TLS: &str = "TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key";

/// How long a client may take from its connection to its end.
const PATIENCE: Duration = Duration::from_secs(20);
/// Ports are tried until nobody was quicker.
const ATTEMPTS: u32 = 10;

impl Slapd {
    /// Starts a directory with these entries, in LDIF.
    ///
    /// # Panics
    ///
    /// When slapd is not installed, does not take the entries or does not start.
    pub fn start(entries: &str) -> Self {
        Self::options(entries).start()
    }

    /// How one can be started otherwise.
    pub fn options(entries: &str) -> SlapdOptions {
        SlapdOptions { entries: entries.to_owned(), tls: true, database: String::new() }
    }

    /// Where it listens without TLS, and with StartTLS.
    pub fn address(&self) -> SocketAddr {
        self.ports[0].address()
    }

    /// Where it listens with TLS.
    pub fn tls_address(&self) -> SocketAddr {
        self.ports[1].address()
    }

    /// `ldap://localhost:port`.
    pub fn ldap(&self) -> String {
        format!("ldap://localhost:{}", self.ports[0].number())
    }

    /// `ldaps://localhost:port`; its certificate is valid for that name, not for its number.
    pub fn ldaps(&self) -> String {
        format!("ldaps://localhost:{}", self.ports[1].number())
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What it was asked to do on the next connection, from its beginning to its end: `BIND dn=…`, `SRCH base=…` and
    /// `EXT oid=…` of its log.
    ///
    /// # Panics
    ///
    /// When no connection ends within twenty seconds.
    pub fn operations(&self) -> Vec<String> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let mut operations = Vec::new();
        loop {
            let line = self.process.next_line(&mut cursor, PATIENCE).expect("a connection ends");
            if line.contains(" closed") {
                return operations;
            }
            let operation = ["BIND dn=", "SRCH base=", "EXT oid="].iter().find_map(|begin| line.find(begin));
            // A bind is logged twice; the second line says with which mechanism it went through.
            if let Some(at) = operation.filter(|_| !line.contains("mech=")) {
                operations.push(line[at..].to_owned());
            }
        }
    }

    /// Stops it where it stands, as `SIGSTOP` does.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Kills it.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again on the same ports with the same entries.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_again(&self) {
        *self.cursor.lock().unwrap_or_else(PoisonError::into_inner) = self.process.printed_lines();
        self.probes.store(0, Ordering::Relaxed);
        self.process.start_again();
        self.forget_probes();
    }

    /// The process: its output is the server's log.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Whether it was ready was asked by connections, and those are in the log, too.
    fn forget_probes(&self) {
        for _ in 0..self.probes.load(Ordering::Relaxed) {
            let operations = self.operations();
            assert!(operations.is_empty(), "a probe asks for nothing, but: {operations:?}");
        }
    }
}

impl SlapdOptions {
    /// Knows no TLS at all.
    #[must_use]
    pub fn without_tls(mut self) -> Self {
        self.tls = false;
        self
    }

    /// Further lines of its configuration, for the database: an overlay of passwords that lock, say. The module
    /// `ppolicy` is loaded.
    #[must_use]
    pub fn database(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.database);
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    ///
    /// When slapd is not installed, does not take the entries or does not start.
    pub fn start(self) -> Slapd {
        let program = program::find("slapd", "slapd");
        let folder = folder::temporary("slapd", None);
        Certificates::write(folder.path());
        let configuration = CONFIGURATION.replace("{tls}", if self.tls { TLS } else { "" });
        let configuration = configuration.replace("{database}", &self.database);
        let configuration = configuration.replace("{folder}", &folder.path().display().to_string());
        let configured = folder.path().join("slapd.conf");
        fs::write(&configured, configuration).expect("a file of ours");
        let entries = folder.path().join("entries.ldif");
        fs::write(&entries, &self.entries).expect("a file of ours");
        fs::create_dir(folder.path().join("data")).expect("a folder of ours");
        let mut add = Command::new(&program);
        let added = add.args(["-T", "add", "-f"]).arg(&configured).arg("-l").arg(&entries).output();
        let added = added.expect("slapd can be started");
        assert!(added.status.success(), "slapadd: {}", String::from_utf8_lossy(&added.stderr));

        for _ in 1..ATTEMPTS {
            let [plain, secure] = [Port::reserve(), Port::reserve()];
            let addresses = if self.tls {
                format!("ldap://{} ldaps://{}", plain.address(), secure.address())
            } else {
                format!("ldap://{}", plain.address())
            };
            // 256: one line for each operation.
            let arguments = ["-d", "256", "-h", &addresses, "-f", "slapd.conf"];
            let served: Vec<SocketAddr> =
                [&plain, &secure].into_iter().take(1 + usize::from(self.tls)).map(Port::address).collect();
            let launch = Launch::new(&program).arguments(arguments).temporary_folder(folder.path());
            let probes = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&probes);
            let listens = move |address: &SocketAddr| {
                let connected = TcpStream::connect(address).is_ok();
                counted.fetch_add(usize::from(connected), Ordering::Relaxed);
                connected
            };
            match launch.ready(move |_| served.iter().all(&listens)).start() {
                Ok(process) => {
                    let ports = [plain, secure];
                    let slapd = Slapd { process, ports, folder, cursor: Mutex::new(0), probes };
                    slapd.forget_probes();
                    return slapd;
                }
                Err(error) if error.is_address_in_use() => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("somebody else took the port, {ATTEMPTS} times")
    }
}
