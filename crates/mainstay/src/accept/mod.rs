//! Connections, from the socket to the request.
//!
//! [`serve`] accepts connections and gives each complete request to a [`Handle`]. It knows nothing of
//! routes. Everything that a peer can do to a server before a request exists is answered here:
//!
//! | the peer | what happens | bound |
//! |---|---|---|
//! | connects and says nothing, or half an HTTP/2 preface | closed | `header_read_timeout` |
//! | drips a request's head | 408, closed | `header_read_timeout` |
//! | keeps a connection without a request on it | closed | `keep_alive_timeout` |
//! | does not read its answer | cut | `write_stall_timeout` |
//! | sends a head that two parsers could read in two ways | 400, closed | at once |
//! | sends a head or a target that is too large | 431, 414, closed; by HTTP/2 the stream only | `max_header_bytes`, `max_target_bytes` |
//! | still sends its body when the answer is ready | the answer arrives, then closed | `linger` |
//! | opens one connection too many | the one that shows least progress is closed | `max_connections…` |
//! | resets streams faster than they are answered | cut | `http2_reset_budget` |
//!
//! ```no_run
//! # async fn run<H: mainstay::accept::Handle>(handler: H) -> std::io::Result<()> {
//! use mainstay::accept::{self, ConnectionSettings, Connections, Context};
//! use mainstay_core::{Shutdown, Tasks};
//!
//! let settings = ConnectionSettings::default();
//! let connections = Connections::new(&settings);
//! let context = Context::new(Tasks::new(), Shutdown::new(), connections);
//! let listener = accept::bind("127.0.0.1:8080".parse().unwrap())?;
//! accept::serve(listener, settings, handler, context).await;
//! # Ok(())
//! # }
//! ```

mod admission;
mod backoff;
mod config;
mod connection;
mod farewell;
mod http1;
mod http2;
mod listener;
mod pulse;
mod serve;
mod wire;

use std::net::SocketAddr;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;

pub use admission::{ConnectionSnapshot, Connections};
pub use config::{ConnectionSettings, Linger};
pub use connection::serve_connection;
pub use farewell::Farewell;
pub use listener::{adopt, bind, listen};
pub use pulse::Pulse;
pub use serve::{Context, serve};

/// Stands in the extensions of a request whose head is longer than is taken, so that it can be refused like any other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadTooLarge;

/// What the socket says of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The other end.
    pub address: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
}

/// What answers the requests of a connection.
pub trait Handle: Clone + Send + Sync + 'static {
    /// Answers one request.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the peer leaves, when a stream is reset, and at a forced stop.
    fn handle(&self, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Response<Body>> + Send;

    /// The whole HTTP/1.1 answer, head and body, to bytes that never became a request.
    ///
    /// It must say `Connection: close`: nothing after those bytes is interpreted.
    fn refuse(&self, status: StatusCode) -> Bytes;
}
