//! Clients that keep to the protocol.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::program::{FOREVER, Program};

const CLIENTS: usize = 8;

/// Between two requests of a client.
const PAUSE: Duration = Duration::from_millis(2);

/// Clients that ask one request after the other until they are told to end. Each keeps its connection for as long as
/// the answers allow it.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    answered: AtomicU32,
    refused: AtomicU32,
    failed: AtomicU32,
    stale: AtomicU32,
}

/// What became of all requests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) answered: u32,
    /// Nobody listened.
    pub(crate) refused: u32,
    /// No whole answer, or another than 200.
    pub(crate) failed: u32,
    /// Connections that were closed while nothing was on them, just as a request came. The protocol lets a server do
    /// that, and has the client ask again.
    pub(crate) stale: u32,
}

impl Load {
    pub(crate) fn on(program: &Program) -> Self {
        let shared = Arc::new(Shared::default());
        let client = || {
            let (shared, address) = (Arc::clone(&shared), program.address);
            std::thread::Builder::new().spawn(move || ask_on(address, &shared)).unwrap()
        };
        let clients = (0..CLIENTS).map(|_| client()).collect();
        Self { shared, clients }
    }

    /// Waits until so many more requests were answered.
    pub(crate) fn wait_for(&self, program: &Program, more: u32) {
        let wanted = self.shared.answered.load(Ordering::Relaxed) + more;
        program.wait_for("answers", |_| self.shared.answered.load(Ordering::Relaxed) >= wanted);
    }

    /// From now on no further request is sent.
    pub(crate) fn tell_to_end(&self) {
        self.shared.ended.store(true, Ordering::Relaxed);
    }

    pub(crate) fn end(self) -> Outcome {
        self.tell_to_end();
        for client in self.clients {
            client.join().unwrap();
        }
        let of = |count: &AtomicU32| count.load(Ordering::Relaxed);
        let Shared { answered, refused, failed, stale, .. } = &*self.shared;
        Outcome { answered: of(answered), refused: of(refused), failed: of(failed), stale: of(stale) }
    }
}

fn ask_on(address: SocketAddr, shared: &Shared) {
    let mut kept: Option<BufReader<TcpStream>> = None;
    while !shared.ended.load(Ordering::Relaxed) {
        let is_kept = kept.is_some();
        let stream = kept.take().map_or_else(|| connect(address), Ok);
        let Ok(mut stream) = stream else {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        match exchange(&mut stream) {
            Ok(Answer { status: 200, is_last }) => {
                shared.answered.fetch_add(1, Ordering::Relaxed);
                kept = (!is_last).then_some(stream);
            }
            Err(Broken::BeforeTheAnswer) if is_kept => {
                shared.stale.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) | Err(_) => {
                shared.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        std::thread::park_timeout(PAUSE);
    }
}

struct Answer {
    status: u16,
    is_last: bool,
}

enum Broken {
    BeforeTheAnswer,
    Amid,
}

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, FOREVER)?;
    stream.set_read_timeout(Some(FOREVER))?;
    Ok(BufReader::new(stream))
}

fn exchange(stream: &mut BufReader<TcpStream>) -> Result<Answer, Broken> {
    let request = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    stream.get_mut().write_all(request).map_err(|_| Broken::BeforeTheAnswer)?;
    let mut line = String::new();
    match stream.read_line(&mut line) {
        Ok(1..) => {}
        Ok(0) | Err(_) => return Err(Broken::BeforeTheAnswer),
    }
    rest(stream, &line).map_err(|_| Broken::Amid)
}

fn rest(stream: &mut BufReader<TcpStream>, first: &str) -> io::Result<Answer> {
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let (mut length, mut is_last) = (0, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap_or_default(),
            Some(("connection", "close")) => is_last = true,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Answer { status, is_last })
}
