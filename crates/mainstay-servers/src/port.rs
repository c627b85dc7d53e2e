//! Ports that nobody else takes.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use mainstay_core::random;
use rustix::process::getuid;

use crate::cache;

/// Below the ports that the kernel hands out by itself (from 32768 on), so that a server that was ended finds its port
/// free when it is started again.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port of the loopback, reserved for as long as this value lives.
///
/// Reserved among all tests that build into the same target folder (or, without one, of the same user). A stranger may still be quicker, so who starts a
/// server on it must be ready to try another.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reservation: File,
}

impl Port {
    /// Reserves a port on which nobody listens.
    ///
    /// # Panics
    ///
    /// When a hundred ports in a row are taken.
    pub fn reserve() -> Self {
        let draw = || FIRST + u16::try_from(random::below(u64::from(COUNT))).unwrap_or_default();
        let mut drawn = (0..100).map(|_| draw());
        drawn.find_map(Self::try_reserve).expect("one port in a hundred is free")
    }

    fn try_reserve(number: u16) -> Option<Self> {
        let folder = folder();
        std::fs::create_dir_all(&folder).ok()?;
        let reservation = File::create(folder.join(number.to_string())).ok()?;
        reservation.try_lock().ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Self { number, _reservation: reservation })
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The port on the loopback.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

/// Where reservations are kept: in the cache, or, where there is none, in a folder of this user's.
fn folder() -> PathBuf {
    let of_user = || std::env::temp_dir().join(format!("mainstay-servers-{}", getuid().as_raw()));
    cache::folder().unwrap_or_else(of_user).join("ports")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_reserved_once_until_it_is_given_back() {
        let port = Port::reserve();
        let number = port.number();
        assert!(Port::try_reserve(number).is_none());
        drop(port);
        assert!(Port::try_reserve(number).is_some());
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_reserved() {
        let port = Port::reserve();
        let number = port.number();
        let _listener = TcpListener::bind(port.address()).unwrap();
        drop(port);
        assert!(Port::try_reserve(number).is_none());
    }
}
