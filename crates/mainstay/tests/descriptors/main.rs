//! What happens when a process runs out of file descriptors. The limit is the whole process's, so this test is alone.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use mainstay::accept::{self, ConnectionSettings, Connections, Context, Handle, Peer};
use mainstay_core::{Shutdown, Tasks};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// More connections than there are descriptors for.
const CLIENTS: usize = 200;
/// How many descriptors are left when the service begins to accept: more than give way at once, so that the newest,
/// who may have something to say, is not among them.
const LEFT: u64 = 60;

#[derive(Clone)]
struct Hello;

impl Handle for Hello {
    async fn handle(&self, _: Request<Incoming>, _: Peer) -> Response<Body> {
        Response::new(Body::from("hello"))
    }

    fn refuse(&self, _: StatusCode) -> Bytes {
        Bytes::from_static(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    }
}

fn descriptors() -> std::io::Result<u64> {
    Ok(std::fs::read_dir("/proc/self/fd")?.count() as u64)
}

/// An error instead of a test that hangs.
async fn within<F: Future>(future: F) -> Result<F::Output, Elapsed> {
    timeout(Duration::from_mins(1), future).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_give_way_when_descriptors_run_out_and_nothing_spins() {
    let listener = accept::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    // They stand in the kernel's queue: nobody accepts yet.
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(within(TcpStream::connect(address)).await.unwrap().unwrap());
    }
    // The last one has something to say.
    let mut honest = clients.pop().unwrap();
    honest.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();

    let limits = getrlimit(Resource::Nofile);
    let mut scarce = limits;
    scarce.current = Some(descriptors().unwrap() + LEFT);
    setrlimit(Resource::Nofile, scarce).unwrap();
    let settings = ConnectionSettings {
        header_read_timeout: Duration::from_mins(5),
        keep_alive_timeout: Duration::from_mins(5),
        ..ConnectionSettings::default()
    };
    let connections = Connections::new(&settings);
    let context = Context::new(Tasks::new(), Shutdown::new(), connections.clone());
    let (tasks, shutdown) = (context.tasks.clone(), context.shutdown.clone());
    let served = tasks.spawn("serve", accept::serve(listener, settings, Hello, context));

    let mut answer = String::new();
    within(honest.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    let figures = connections.snapshot();
    assert!(figures.accept_errors >= 1, "{figures:?}");
    assert!(figures.evicted >= 1, "{figures:?}");
    // Each failure is followed by a wait and makes room for several, so there are few of them.
    assert!(figures.accept_errors <= CLIENTS as u64, "{figures:?}");

    // With descriptors again, everything is as before.
    setrlimit(Resource::Nofile, limits).unwrap();
    drop(clients);
    let mut later = within(TcpStream::connect(address)).await.unwrap().unwrap();
    later.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    within(later.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    shutdown.begin();
    within(served).await.unwrap().unwrap();
}
