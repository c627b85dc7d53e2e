//! The socket of `sd_notify(3)`.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends messages to the manager's socket.
#[derive(Debug)]
pub(super) struct NotifySocket {
    socket: UnixDatagram,
    address: SocketAddr,
}

impl NotifySocket {
    /// The socket at a path, or at an abstract name that is written with `@`. None where it is neither, or the system
    /// gives no socket.
    pub(super) fn open(address: &OsStr) -> Option<Self> {
        let bytes = address.as_bytes();
        let address = match bytes.split_first()? {
            (b'@', name) => SocketAddr::from_abstract_name(name).ok()?,
            (b'/', _) => SocketAddr::from_pathname(address).ok()?,
            _ => return None,
        };
        let socket = UnixDatagram::unbound().ok()?;
        // A manager that does not read must not hold us up.
        socket.set_nonblocking(true).ok()?;
        Some(Self { socket, address })
    }

    pub(super) fn send(&self, message: &str) -> io::Result<()> {
        self.socket.send_to_addr(message.as_bytes(), &self.address).map(drop)
    }
}
