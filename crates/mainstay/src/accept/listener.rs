//! The listening socket.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// How many connections the kernel holds for us. It caps the number by its own limit.
const BACKLOG: i32 = 1024;

/// Listens on an address. Port 0 lets the system choose one.
///
/// The address can be bound again at once after a restart (`SO_REUSEADDR`), and an IPv6 socket takes IPv6
/// only, so that `0.0.0.0` and `[::]` can be bound side by side and mean the same everywhere.
///
/// # Errors
///
/// When the address is in use or not ours.
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    adopt(listen(address)?)
}

/// As [`bind`], to be served later: whoever connects meanwhile waits in the kernel's queue.
///
/// # Errors
///
/// As [`bind`].
pub fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Windows this option would let another process take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Takes over a socket that listens already, whoever bound it: we, a parent process, systemd, a test. It is served by
/// the Tokio runtime that this is called in.
///
/// # Errors
///
/// When the socket cannot be put into non-blocking mode, or the runtime cannot wait for it.
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn adopt(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}
