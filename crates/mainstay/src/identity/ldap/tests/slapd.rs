//! A slapd of one's own: its configuration and data in a temporary folder, on free ports of the loopback, ended with
//! the test.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use futures_util::future::join;
use ldap3::{LdapConnAsync, Mod};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A directory that runs.
pub(super) struct Slapd {
    folder: TempDir,
    child: Child,
    log: Receiver<String>,
    ports: [u16; 2],
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
overlay ppolicy
ppolicy_default "cn=policy,dc=example,dc=org"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=service,dc=example,dc=org" read by * none
"#;

const TLS: &str = "TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key";

const DATA: &str = include_str!("data.ldif");

impl Slapd {
    /// Starts one with TLS.
    pub(super) fn start() -> Self {
        Self::start_with(TLS)
    }

    /// Starts one that knows no TLS.
    pub(super) fn start_without_tls() -> Self {
        Self::start_with("")
    }

    fn start_with(tls: &str) -> Self {
        let program =
            ["/usr/sbin/slapd", "/usr/lib/openldap/slapd"].into_iter().find(|path| Path::new(path).exists());
        let program = program.expect("slapd is here: `cargo xtask setup` installs it");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        certificates(folder.path());
        fs::create_dir(folder.path().join("data")).unwrap();
        let configuration = CONFIGURATION.replace("{tls}", tls).replace("{folder}", path);
        let configured = folder.path().join("slapd.conf");
        fs::write(&configured, configuration).unwrap();
        let data = folder.path().join("data.ldif");
        fs::write(&data, DATA).unwrap();
        let added =
            Command::new(program).args(["-T", "add", "-f"]).arg(&configured).arg("-l").arg(&data).output();
        let added = added.unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));

        // Ports that were free a moment ago; somebody else may be quicker, and then it is tried again.
        for _ in 0..10 {
            let ports @ [plain, secure] = [free_port(), free_port()];
            let addresses = match tls {
                "" => format!("ldap://127.0.0.1:{plain}"),
                _ => format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{secure}"),
            };
            let mut command = Command::new(program);
            // 256: one line for each operation.
            command.args(["-d", "256", "-h", &addresses, "-f"]).arg(&configured).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let log = follow(&mut child);
            if log.iter().any(|line| line.contains("slapd starting")) {
                return Self { folder, child, log, ports }.listening(tls);
            }
            child.wait().unwrap();
        }
        panic!("slapd does not start");
    }

    /// It says that it starts a moment before it listens.
    fn listening(self, tls: &str) -> Self {
        let served = if tls.is_empty() { &self.ports[..1] } else { &self.ports };
        for port in served {
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
                thread::yield_now();
            }
            // That was a connection, too.
            assert!(self.operations().is_empty());
        }
        self
    }

    pub(super) fn ldap(&self) -> String {
        format!("ldap://localhost:{}", self.ports[0])
    }

    pub(super) fn ldaps(&self) -> String {
        format!("ldaps://localhost:{}", self.ports[1])
    }

    pub(super) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Stops the process in its tracks: connections are taken by the system, and nothing is answered.
    pub(super) fn pause(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }

    /// Lets it go on.
    pub(super) fn resume(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }

    /// Ends it.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) async fn add_member(&self, group: &str, member: &str) {
        self.modify(group, Mod::Add("member", HashSet::from([member]))).await;
    }

    pub(super) async fn remove_member(&self, group: &str, member: &str) {
        self.modify(group, Mod::Delete("member", HashSet::from([member]))).await;
    }

    async fn modify(&self, group: &str, change: Mod<&str>) {
        let group = format!("cn={group},ou=groups,dc=example,dc=org");
        let (connection, mut ldap) = LdapConnAsync::new(&self.ldap()).await.unwrap();
        let change = async {
            let bound = ldap.simple_bind("cn=admin,dc=example,dc=org", "the admin's own").await.unwrap();
            bound.success().unwrap();
            ldap.modify(&group, vec![change]).await.unwrap().success().unwrap();
            ldap.unbind().await.unwrap();
        };
        join(change, connection.drive()).await.1.unwrap();
    }

    /// What it was asked to do on the next connection, from its beginning to its end: the log lines of operations.
    pub(super) fn operations(&self) -> Vec<String> {
        let mut operations = Vec::new();
        loop {
            let line = self.log.recv_timeout(Duration::from_secs(20)).expect("a connection ends");
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
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The lines of the log as they come. The pipe has to be read, or the directory stops.
fn follow(child: &mut Child) -> Receiver<String> {
    let (sender, lines) = channel();
    let log = BufReader::new(child.stderr.take().unwrap());
    let read = move || log.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
    thread::Builder::new().name("slapd log".to_owned()).spawn(read).unwrap();
    lines
}

/// An authority, and a certificate of it for the loopback.
fn certificates(folder: &Path) {
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    write("ca.pem", authority.self_signed(&authority_key).unwrap().pem());
    let issuer = Issuer::new(authority, authority_key);
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    write("server.pem", server.signed_by(&key, &issuer).unwrap().pem());
    write("server.key", key.serialize_pem());
}
