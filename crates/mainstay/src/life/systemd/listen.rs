//! The sockets of `sd_listen_fds(3)`.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::SocketType;
use rustix::net::sockopt::{socket_acceptconn, socket_type};

use crate::life::Inherited;

/// More sockets than this are not for us.
const MOST: u32 = 16;

/// Why the sockets that systemd handed over cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenFdsError {
    /// `LISTEN_FDS` or `LISTEN_PID` is no number, or a mad one.
    #[error("LISTEN_FDS and LISTEN_PID are not what systemd writes")]
    Malformed,
    /// One of them is not open, or no listening TCP socket.
    #[error("socket {number} of LISTEN_FDS is no listening TCP socket")]
    NotListening {
        /// Its place, from 0.
        number: usize,
        /// What the system said, if it did.
        source: Option<io::Error>,
    },
}

/// Takes the sockets that systemd handed over to this process; none where it did not. To be called once, before
/// anything else opens files.
///
/// # Errors
///
/// See [`ListenFdsError`].
pub(in crate::life) fn inherited() -> Result<Inherited, ListenFdsError> {
    let count = std::env::var_os("LISTEN_FDS");
    let count = count.map(|count| count.to_str().and_then(|count| count.parse::<u32>().ok()));
    if count.is_some_and(|count| count.is_none_or(|count| count > MOST)) {
        return Err(ListenFdsError::Malformed);
    }
    let sockets = sd_listen_fds::get().map_err(|_| ListenFdsError::Malformed)?;
    let sockets = sockets.into_iter().enumerate();
    let sockets = sockets.map(|(number, (name, socket))| Ok((name, judge(socket.into_std(), number)?)));
    Ok(Inherited::new(sockets.collect::<Result<_, _>>()?))
}

/// Takes a socket if it is one that TCP connections can be accepted on, and keeps it from programs that we start.
pub(in crate::life) fn judge(socket: OwnedFd, number: usize) -> Result<TcpListener, ListenFdsError> {
    let failed =
        |error: rustix::io::Errno| ListenFdsError::NotListening { number, source: Some(error.into()) };
    fcntl_setfd(socket.as_fd(), FdFlags::CLOEXEC).map_err(failed)?;
    let is_stream = socket_type(socket.as_fd()).map_err(failed)? == SocketType::STREAM;
    let is_listening = socket_acceptconn(socket.as_fd()).map_err(failed)?;
    let listener = TcpListener::from(socket);
    // Fails for a Unix socket.
    let has_address = listener.local_addr();
    match has_address {
        Ok(_) if is_stream && is_listening => Ok(listener),
        Ok(_) => Err(ListenFdsError::NotListening { number, source: None }),
        Err(source) => Err(ListenFdsError::NotListening { number, source: Some(source) }),
    }
}
