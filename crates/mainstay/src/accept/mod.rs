//! Connections, from the socket to the request.

use std::net::SocketAddr;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;

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
    fn handle(&self, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Response<Body>> + Send;

    /// The whole answer to a request whose head could not be parsed.
    fn refuse(&self, status: StatusCode) -> Bytes;
}
