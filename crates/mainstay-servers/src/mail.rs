//! A mail server of one's own.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::{Launch, Port, Process, folder, program};

/// Ports are tried until nobody was quicker.
const ATTEMPTS: u32 = 10;

/// What it prints before each mail that it took.
const TAKEN: &str = "took ";

/// Debian's `aiosmtpd` on a port of the loopback, with STARTTLS of an authority of its own. Who signs in as `alerts`
/// with the password `the mail's own` may send; nobody else, and nobody without TLS.
#[derive(Debug)]
pub struct MailServer {
    // Before the folder: it must have ended when that is removed.
    process: Process,
    port: Port,
    folder: TempDir,
    /// How far [`MailServer::next_mail`] has read.
    cursor: Mutex<u64>,
}

/// A mail that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Who it said to come from.
    pub from: String,
    /// Who it goes to.
    pub to: Vec<String>,
    /// Head and body, as they came, with `\n` between lines.
    pub text: String,
}

const SCRIPT: &str = r#"
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

class Taker:
    async def handle_DATA(self, server, session, envelope):
        lines = [envelope.mail_from, ",".join(envelope.rcpt_tos), envelope.content.decode()]
        print("took " + " ".join(line.encode().hex() for line in lines), flush=True)
        return "250 OK"

def known(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data == LoginPassword(b"alerts", b"the mail's own")
    # What is "handled" gets no answer from the server.
    return AuthResult(success=right, handled=right)

async def main(port):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain("server.pem", "server.key")
    make = lambda: SMTP(Taker(), hostname="localhost", tls_context=tls, require_starttls=True,
                        authenticator=known, auth_required=True)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", port)
    print("listens", flush=True)
    await server.serve_forever()

asyncio.run(main(int(sys.argv[1])))
"#;

impl MailServer {
    /// Starts one and waits until it listens.
    ///
    /// # Panics
    ///
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let package = "python3-aiosmtpd";
        let program = program::find("python3", package);
        if !PathBuf::from("/usr/lib/python3/dist-packages/aiosmtpd").is_dir() {
            program::missing("aiosmtpd", package);
        }
        let folder = folder::temporary("mail", None);
        Certificates::write(folder.path());
        let script = folder.path().join("mail_server.py");
        fs::write(&script, SCRIPT).expect("a file of ours");
        for _ in 1..ATTEMPTS {
            let port = Port::reserve();
            let arguments = [script.as_os_str().to_owned(), port.number().to_string().into()];
            let launch = Launch::new(&program).arguments(arguments).temporary_folder(folder.path());
            let address = port.address();
            match launch.ready(move |_| TcpStream::connect(address).is_ok()).start() {
                Ok(process) => return Self { process, port, folder, cursor: Mutex::new(0) },
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

    /// `smtp://alerts:…@localhost:port?tls=required`.
    pub fn url(&self) -> String {
        format!("smtp://alerts:the%20mail's%20own@localhost:{}?tls=required", self.port.number())
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The next mail that it took, which may still come; `None` when none does in time.
    ///
    /// # Panics
    ///
    /// When it prints something else than it should.
    pub fn next_mail(&self, within: Duration) -> Option<Mail> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let line = self.process.next_line(&mut cursor, within)?;
            let Some((_, fields)) = line.split_once(TAKEN) else { continue };
            let mut fields = fields.split(' ').map(decoded);
            let mut next = || fields.next().expect("three fields");
            let (from, to, text) = (next(), next(), next());
            let to = to.split(',').map(str::to_owned).collect();
            return Some(Mail { from, to, text: text.replace("\r\n", "\n") });
        }
    }

    /// Kills it.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again on the same port.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_again(&self) {
        self.process.start_again();
    }
}

/// Hexadecimal digits as text.
fn decoded(digits: &str) -> String {
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("two digits")
    };
    String::from_utf8(digits.as_bytes().chunks(2).map(byte).collect()).expect("a text")
}
