//! A proxy that breaks connections when told to.

mod carry;
mod weather;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use mainstay_core::{Shutdown, Tasks};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::watch;

use weather::{Rule, Weather};

pub use weather::Direction;

/// More connections than this are closed at once.
const MOST: usize = 2_000;
/// How long the server may take to accept.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Stands between clients and a server, and does to their connections what networks do.
///
/// It begins by passing everything on. Each switch takes effect at once, on the connections there are and on those that
/// come, until the next. It has a thread and a runtime of its own, so that it goes on when those of the test do not, and
/// ends with the value.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::{TcpListener, TcpStream};
/// use mainstay_servers::ChaosProxy;
///
/// let server = TcpListener::bind("127.0.0.1:0").unwrap();
/// let proxy = ChaosProxy::start(server.local_addr().unwrap());
/// let mut client = TcpStream::connect(proxy.address()).unwrap();
/// let (mut accepted, _) = server.accept().unwrap();
/// accepted.write_all(b"hello").unwrap();
/// let mut greeting = [0; 5];
/// client.read_exact(&mut greeting).unwrap();
/// assert_eq!(&greeting, b"hello");
///
/// proxy.cut();
/// assert_eq!(client.read(&mut greeting).unwrap(), 0, "closed");
/// ```
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    counts: Arc<Counts>,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    open: AtomicUsize,
}

impl ChaosProxy {
    /// Starts a proxy in front of this server.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket of ours");
        let address = listener.local_addr().expect("a bound socket");
        let (weather, forecast) = watch::channel(Weather::default());
        let (counts, shutdown) = (Arc::<Counts>::default(), Shutdown::new());
        let (counted, ending) = (Arc::clone(&counts), shutdown.clone());
        let work = move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket of ours");
                tokio::select! {
                    () = ending.forced() => {}
                    () = accept(&listener, server, &forecast, &counted) => {}
                }
            });
        };
        let thread = Builder::new().name("chaos proxy".to_owned()).spawn(work).expect("a thread");
        Self { address, weather, counts, shutdown, thread: Some(thread) }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes everything on, as at the beginning.
    pub fn pass(&self) {
        self.change(Rule::Pass);
    }

    /// Closes all connections, and each new one as soon as it is accepted. Who had sent something that was not carried
    /// yet sees a reset, everybody else an end.
    pub fn cut(&self) {
        self.change(Rule::Cut);
    }

    /// As [`ChaosProxy::cut`], but with a reset (RST), so that both sides see an error.
    pub fn reset(&self) {
        self.change(Rule::Reset);
    }

    /// Closes the connections there are; new ones are passed on.
    pub fn cut_once(&self) {
        self.change(Rule::Cut);
        self.change(Rule::Pass);
    }

    /// Keeps connections open, accepts new ones, and carries nothing: nobody hears anything of the other any more.
    pub fn silence(&self) {
        self.change(Rule::Silent(None));
    }

    /// As [`ChaosProxy::silence`], in one direction only.
    pub fn mute(&self, direction: Direction) {
        self.change(Rule::Silent(Some(direction)));
    }

    /// Carries everything later by this much, in each direction.
    pub fn delay(&self, by: Duration) {
        self.change(Rule::Delay(by));
    }

    /// Carries no more than so many bytes a second, on each connection and in each direction.
    pub fn throttle(&self, bytes_a_second: u32) {
        self.change(Rule::Throttle(bytes_a_second.max(1)));
    }

    /// Passes so many bytes of replies on for each connection, drops the rest and closes the connection.
    pub fn drop_reply_after(&self, bytes: usize) {
        self.change(Rule::DropReplyAfter(bytes));
    }

    /// How many connections it accepted since it was started.
    pub fn accepted(&self) -> u64 {
        self.counts.accepted.load(Ordering::SeqCst)
    }

    /// How many connections are open now.
    pub fn open(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }

    /// Each change has a number, so that one that is followed by another at once is not missed.
    fn change(&self, rule: Rule) {
        self.weather.send_modify(|weather| weather.change(rule));
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.shutdown.force();
        if let Some(thread) = self.thread.take() {
            // It panics only where the test's ground gives way, and has said so.
            let _ = thread.join();
        }
    }
}

async fn accept(
    listener: &tokio::net::TcpListener,
    server: SocketAddr,
    weather: &watch::Receiver<Weather>,
    counts: &Arc<Counts>,
) {
    let tasks = Tasks::new();
    loop {
        // Without a client there is nothing to do but to wait for the next.
        let Ok((client, _)) = listener.accept().await else { continue };
        counts.accepted.fetch_add(1, Ordering::SeqCst);
        if counts.open.load(Ordering::SeqCst) >= MOST {
            continue;
        }
        let open = Open::new(counts);
        let weather = weather.clone();
        tasks.spawn("connection", async move {
            let _open = open;
            serve(client, server, weather).await;
        });
    }
}

async fn serve(client: TcpStream, server: SocketAddr, mut weather: watch::Receiver<Weather>) {
    // What happened before this connection came does not end it, but the rule that holds now does.
    let since = weather.borrow_and_update().number;
    let rule = weather.borrow().rule;
    if let Some(ending) = rule.ending() {
        carry::end(ending, &client);
        return;
    }
    let connect = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(server));
    let Ok(Ok(server)) = connect.await else { return };
    carry::carry(client, server, weather, since).await;
}

/// Counts a connection for as long as it is open.
struct Open(Arc<Counts>);

impl Open {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counts))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}
