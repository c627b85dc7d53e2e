//! An nginx of one's own.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::{Launch, Port, Process, folder, program};

/// Ports are tried until nobody was quicker.
const ATTEMPTS: u32 = 10;

/// Debian's nginx with a configuration of the caller's, on two ports of the loopback.
#[derive(Debug)]
pub struct Nginx {
    // Before the folder: it must have ended when that is removed.
    process: Process,
    plain: Port,
    tls: Port,
    certificates: Certificates,
    folder: TempDir,
}

/// Where a configuration finds what it needs.
#[derive(Clone, Copy, Debug)]
pub struct NginxPlace<'a> {
    /// The folder that its files stand in; nginx may write there.
    pub folder: &'a Path,
    /// A port to listen on without TLS.
    pub plain: u16,
    /// A port to listen on with TLS.
    pub tls: u16,
    /// A certificate for `localhost`.
    pub certificate: &'a Path,
    /// Its key.
    pub key: &'a Path,
}

impl Nginx {
    /// Starts one and waits until it listens. `configure` gives the files, each with its name; the first is the one
    /// that nginx reads.
    ///
    /// # Panics
    ///
    /// When nginx is not installed, or does not start with these files.
    pub fn start(configure: impl Fn(NginxPlace<'_>) -> Vec<(String, String)>) -> Self {
        let program = program::find("nginx", "nginx");
        let folder = folder::temporary("nginx", None);
        let certificates = Certificates::write(folder.path());
        for _ in 1..ATTEMPTS {
            let (plain, tls) = (Port::reserve(), Port::reserve());
            let files = configure(NginxPlace {
                folder: folder.path(),
                plain: plain.number(),
                tls: tls.number(),
                certificate: &certificates.certificate,
                key: &certificates.key,
            });
            let main = write(folder.path(), &files).expect("at least one file");
            let arguments = [
                "-p".into(),
                folder.path().as_os_str().to_owned(),
                "-c".into(),
                main.into_os_string(),
                "-g".into(),
                "daemon off;".into(),
            ];
            let launch = Launch::new(&program).arguments(arguments).temporary_folder(folder.path());
            let address = tls.address();
            match launch.ready(move |_| TcpStream::connect(address).is_ok()).start() {
                Ok(process) => return Self { process, plain, tls, certificates, folder },
                Err(error) if error.is_address_in_use() => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("somebody else took the port, {ATTEMPTS} times")
    }

    /// Where it listens without TLS.
    pub fn plain_address(&self) -> SocketAddr {
        self.plain.address()
    }

    /// Where it listens with TLS.
    pub fn tls_address(&self) -> SocketAddr {
        self.tls.address()
    }

    /// The authority that its certificate is of, as PEM.
    pub fn authority(&self) -> PathBuf {
        self.certificates.authority.clone()
    }

    /// Reads the configuration again, as `SIGHUP` does: new workers begin, the old ones end after their requests.
    ///
    /// # Panics
    ///
    /// When it has ended.
    pub fn reload(&self) {
        self.process.hang_up();
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process: its output is what the configuration logs there.
    pub fn process(&self) -> &Process {
        &self.process
    }
}

/// Writes the files, and gives the path of the first.
fn write(folder: &Path, files: &[(String, String)]) -> Option<PathBuf> {
    let mut paths = files.iter().map(|(name, text)| {
        let path = folder.join(name);
        fs::write(&path, text).expect("a file of ours");
        path
    });
    let first = paths.next();
    paths.for_each(drop);
    first
}
