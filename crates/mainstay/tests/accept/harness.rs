//! A handler that misbehaves on demand, and the two ways to reach it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mainstay::accept::{self, ConnectionSettings, Connections, Context, Handle, Peer};
use mainstay_core::{Shutdown, Tasks};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything takes on the slowest machine; reached only when a test fails.
pub(crate) const FOREVER: Duration = Duration::from_mins(1);

/// Fields that speak of one connection and have no place in HTTP/2; `/connection` answers with them.
pub(crate) const CONNECTION_FIELDS: &[(&str, &str)] = &[
    ("connection", "keep-alive, x-own"),
    ("keep-alive", "timeout=5"),
    ("proxy-connection", "keep-alive"),
    ("transfer-encoding", "chunked"),
    ("upgrade", "h2c"),
];

/// Answers by path, and remembers what it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Drill {
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    /// How many requests have reached `/wait`.
    pub(crate) waiting: watch::Sender<usize>,
    /// How many requests to `/wait` were given up unanswered.
    pub(crate) abandoned: watch::Sender<usize>,
    /// Lets requests at `/wait` go on.
    pub(crate) release: Arc<Semaphore>,
}

impl Default for Drill {
    fn default() -> Self {
        Self {
            asked: Arc::default(),
            waiting: watch::Sender::new(0),
            abandoned: watch::Sender::new(0),
            release: Arc::new(Semaphore::new(0)),
        }
    }
}

impl Drill {
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until so many requests are at `/wait`.
    pub(crate) async fn until_waiting(&self, count: usize) {
        within(self.waiting.subscribe().wait_for(|waiting| *waiting >= count)).await.unwrap();
    }

    async fn wait(&self) {
        struct Abandoned<'a>(Option<&'a watch::Sender<usize>>);
        impl Drop for Abandoned<'_> {
            fn drop(&mut self) {
                if let Some(count) = self.0.take() {
                    count.send_modify(|count| *count += 1);
                }
            }
        }
        let mut abandoned = Abandoned(Some(&self.abandoned));
        self.waiting.send_modify(|count| *count += 1);
        self.release.acquire().await.unwrap().forget();
        abandoned.0 = None;
    }
}

impl Handle for Drill {
    async fn handle(&self, request: Request<Incoming>, _: Peer) -> Response<Body> {
        let path = request.uri().path().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let mut response = match path.as_str() {
            "/echo" => match request.into_body().collect().await {
                Ok(body) => Response::new(Body::from(body.to_bytes())),
                Err(_) => status(StatusCode::BAD_REQUEST),
            },
            "/refuse" => {
                drop(request);
                let mut response = Response::new(Body::from("too large"));
                *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
                response
            }
            "/wait" => {
                self.wait().await;
                Response::new(Body::from("waited"))
            }
            "/endless" => {
                let zeros = Bytes::from(vec![b'0'; 64 * 1024]);
                let zeros = futures_util::stream::repeat(zeros).map(Ok::<_, std::convert::Infallible>);
                Response::new(Body::from_stream(zeros))
            }
            "/connection" => {
                let mut response = Response::new(Body::from("hello"));
                for (name, value) in CONNECTION_FIELDS {
                    response.headers_mut().insert(*name, value.parse().unwrap());
                }
                response
            }
            "/empty" => status(StatusCode::NO_CONTENT),
            "/panic" => panic!("planted"),
            _ => Response::new(Body::from("hello")),
        };
        response.headers_mut().insert("x-request-id", "handler".parse().unwrap());
        response
    }

    fn refuse(&self, status: StatusCode) -> Bytes {
        let code = status.as_u16();
        let body = format!(r#"{{"error":{{"code":"{code}","message":"","request_id":"wire"}}}}"#);
        let length = body.len();
        Bytes::from(format!(
            "HTTP/1.1 {status}\r\nx-request-id: wire\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A service on a socket.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) drill: Drill,
    pub(crate) context: Context,
    served: JoinHandle<()>,
}

pub(crate) fn context(settings: &ConnectionSettings) -> Context {
    Context::new(Tasks::new(), Shutdown::new(), Connections::new(settings))
}

impl Server {
    pub(crate) fn start(settings: ConnectionSettings) -> Self {
        Self::start_at(accept::bind("127.0.0.1:0".parse().unwrap()).unwrap(), settings)
    }

    pub(crate) fn start_at(listener: TcpListener, settings: ConnectionSettings) -> Self {
        let address = listener.local_addr().unwrap();
        let drill = Drill::default();
        let context = context(&settings);
        let served =
            context.tasks.spawn("serve", accept::serve(listener, settings, drill.clone(), context.clone()));
        Self { address, drill, context, served }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        within(TcpStream::connect(self.address)).await.unwrap()
    }

    /// Waits until `serve` returns.
    pub(crate) async fn served(self) {
        within(self.served).await.unwrap();
        within(self.context.tasks.finished()).await;
    }

    /// Waits until the figures are as wished.
    pub(crate) async fn until(&self, wished: impl Fn(&accept::ConnectionSnapshot) -> bool) {
        within(async {
            while !wished(&self.context.connections.snapshot()) {
                // There is nothing to subscribe to: the figures are atomics for a scraper.
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// A connection in memory. Its buffer is small, so that a peer which does not read is noticed.
pub(crate) struct Memory {
    pub(crate) stream: DuplexStream,
    pub(crate) drill: Drill,
    pub(crate) context: Context,
    pub(crate) served: JoinHandle<()>,
}

impl Memory {
    pub(crate) fn connect(settings: ConnectionSettings) -> Self {
        let (stream, ours) = tokio::io::duplex(16 * 1024);
        let drill = Drill::default();
        let context = context(&settings);
        let peer =
            Peer { address: "192.0.2.1:1000".parse().unwrap(), local: "192.0.2.2:80".parse().unwrap() };
        let serving =
            accept::serve_connection(ours, peer, Arc::new(settings), drill.clone(), context.clone());
        let served = context.tasks.spawn("connection", serving);
        Self { stream, drill, context, served }
    }

    /// Sends some bytes and returns everything that comes back until the end.
    pub(crate) async fn exchange(settings: ConnectionSettings, bytes: &[u8]) -> (String, Drill) {
        let mut memory = Self::connect(settings);
        memory.stream.write_all(bytes).await.unwrap();
        (read_all(&mut memory.stream).await, memory.drill)
    }
}

/// Fails the test instead of hanging it.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(FOREVER, future).await.expect("this never happened")
}

pub(crate) async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: impl AsRef<[u8]>) {
    within(stream.write_all(bytes.as_ref())).await.unwrap();
}

/// Everything until the peer closes its side, or resets.
pub(crate) async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let mut space = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut space).await {
        bytes.extend_from_slice(&space[..count]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer with a Content-Length, read to its end.
pub(crate) async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    within(async {
        while !is_complete(&text) {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            text.push(char::from(byte[0]));
        }
    })
    .await;
    text
}

fn is_complete(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// How many answers a text holds.
pub(crate) fn answers(text: &str) -> usize {
    text.matches("HTTP/1.").count()
}
