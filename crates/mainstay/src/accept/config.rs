//! The limits of connections.

use std::time::Duration;

use mainstay_core::settings::{Reader, Section};

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_hours(1);

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

impl Section for ConnectionSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader
            .group("Connections", "How many connections there may be, and how long each may take over what.");
        let default = Self::default();
        Self {
            max_connections: reader
                .field("MAX_CONNECTIONS")
                .doc("Most connections at once. A newcomer beyond it takes the place of one without a request.")
                .default(default.max_connections)
                .bounds(1..=1_000_000)
                .too_low("clients are turned away while there is room")
                .too_high("file descriptors and memory run out first")
                .read(),
            max_connections_per_address: reader
                .field("MAX_CONNECTIONS_PER_ADDRESS")
                .doc("Most connections at once from one IPv4 address or one /64 of IPv6. Behind a proxy, all are its own.")
                .default(default.max_connections_per_address)
                .bounds(1..=1_000_000)
                .too_low("offices and proxies that share an address are turned away")
                .too_high("one address can take all places")
                .read(),
            header_read_timeout: reader
                .field("HEADER_READ_TIMEOUT")
                .doc("From a new connection, or the first byte of a later request, to the end of the request's head.")
                .default(default.header_read_timeout)
                .bounds(SHORTEST..=LONGEST)
                .too_low("clients on slow lines are closed before they can ask")
                .too_high("slow clients can hold on to connections")
                .read(),
            keep_alive_timeout: reader
                .field("KEEP_ALIVE_TIMEOUT")
                .doc("How long a connection stays open without a request. Above that of a proxy in front.")
                .default(default.keep_alive_timeout)
                .bounds(SHORTEST..=LONGEST)
                .too_low("a proxy sends requests into connections that are being closed")
                .too_high("idle clients can hold on to connections")
                .read(),
            write_stall_timeout: reader
                .field("WRITE_STALL_TIMEOUT")
                .doc("How long a client may take no byte of its answer.")
                .default(default.write_stall_timeout)
                .bounds(SHORTEST..=LONGEST)
                .too_low("clients on bad lines lose their answers")
                .too_high("clients that do not read can hold on to memory and connections")
                .read(),
            ..default
        }
    }
}

impl Default for Linger {
    fn default() -> Self {
        Self { bytes: 64 * 1024 * 1024, total: Duration::from_secs(30), idle: Duration::from_secs(5) }
    }
}
