//! The limits of connections.

use std::time::Duration;

/// How many connections there may be, and how long each may take over what.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    /// Most connections at once.
    pub max_connections: usize,
    /// Most connections at once from one address: one IPv4 address, or one /64 of IPv6.
    pub max_connections_per_address: usize,
    /// From the accepted connection, or the first byte of a later request, to the end of the request's head.
    pub header_read_timeout: Duration,
    /// How long a connection may stay open without a request on it.
    pub keep_alive_timeout: Duration,
    /// How long the peer may take no byte of an answer that is ready for it.
    pub write_stall_timeout: Duration,
    /// How long a request goes on after the peer has closed its sending side. Some clients do that and still
    /// read the answer; most that do it are gone.
    pub half_closed_timeout: Duration,
    /// Most bytes of an HTTP/1 request line, and so nearly of a target. More is 414.
    pub max_target_bytes: usize,
    /// Most bytes of all header fields together. More is 431.
    pub max_header_bytes: u32,
    /// Most header fields of an HTTP/1 request. More is 431.
    pub max_header_fields: usize,
    /// Most requests at once on an HTTP/2 connection.
    pub http2_max_streams: u32,
    /// How many more HTTP/2 requests a peer may reset than it lets us answer before it is cut off.
    pub http2_reset_budget: usize,
    /// How often an HTTP/2 peer is asked whether it is still there.
    pub http2_ping_interval: Duration,
    /// How long it has for the answer.
    pub http2_ping_timeout: Duration,
    /// What is still read from a peer that sends on after its answer.
    pub linger: Linger,
}

/// Bounds on reading and discarding what a peer still sends after its answer.
///
/// A socket closed over unread bytes is reset, and the reset can destroy the answer before the peer has
/// read it. So the sending side is closed first, and the rest is read for a while.
#[derive(Clone, Copy, Debug)]
pub struct Linger {
    /// Most bytes.
    pub bytes: u64,
    /// Most time in all.
    pub total: Duration,
    /// Most time without a byte.
    pub idle: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_address: 200,
            header_read_timeout: Duration::from_secs(5),
            keep_alive_timeout: Duration::from_secs(75),
            write_stall_timeout: Duration::from_secs(30),
            half_closed_timeout: Duration::from_secs(5),
            max_target_bytes: 16 * 1024,
            max_header_bytes: 32 * 1024,
            max_header_fields: 100,
            http2_max_streams: 100,
            http2_reset_budget: 100,
            http2_ping_interval: Duration::from_secs(20),
            http2_ping_timeout: Duration::from_secs(10),
            linger: Linger::default(),
        }
    }
}

impl Default for Linger {
    fn default() -> Self {
        Self { bytes: 64 * 1024 * 1024, total: Duration::from_secs(30), idle: Duration::from_secs(5) }
    }
}
