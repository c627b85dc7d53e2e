//! Listening sockets: bound by us, or inherited from somebody who keeps them open while we start.
//!
//! | who bound it | when it is served | when we stop |
//! |---|---|---|
//! | we did | at once: probes are answered while the service is built | closed; whoever comes then is refused |
//! | systemd | when the service is ready: until then clients wait in the queue | it stays open, and clients wait in its queue for the next start |
//! | the process before this one (`reload`) | when the service is ready: until then that one serves | as if we had bound it |

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::accept;
use crate::life::{Runtime, StartError};

/// The name of the listener for people and programs.
pub(in crate::life) const PUBLIC: &str = "public";

/// The name of the listener for operators.
pub(in crate::life) const MANAGEMENT: &str = "management";

/// Listening sockets that somebody else bound, with their names: `public` and `management`. Those with other names,
/// or none, are taken in their order: the public one first, then the one for operators.
#[derive(Debug, Default)]
pub struct Inherited {
    sockets: Vec<(Option<String>, TcpListener)>,
    of_predecessor: bool,
}

impl Inherited {
    /// These sockets, which are served wherever they listen.
    pub fn new(sockets: Vec<(Option<String>, TcpListener)>) -> Self {
        Self { sockets, of_predecessor: false }
    }

    /// The sockets of the process before this one: served where the settings still name their addresses.
    pub(in crate::life) fn of_predecessor(sockets: Vec<(Option<String>, TcpListener)>) -> Self {
        Self { sockets, of_predecessor: true }
    }

    /// Whether the process before this one still serves them.
    pub(in crate::life) fn is_of_predecessor(&self) -> bool {
        self.of_predecessor
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// Takes the socket of this name, else the first one that has none of ours.
    fn take(&mut self, name: &str, wanted: SocketAddr) -> Option<TcpListener> {
        let is = |given: &Option<String>, name| given.as_deref() == Some(name);
        let named = self.sockets.iter().position(|(given, _)| is(given, name));
        let is_ours = |given: &Option<String>| is(given, PUBLIC) || is(given, MANAGEMENT);
        let index = named.or_else(|| self.sockets.iter().position(|(given, _)| !is_ours(given)))?;
        let has_moved = |at: SocketAddr| self.of_predecessor && wanted.port() != 0 && at != wanted;
        if self.sockets.get(index)?.1.local_addr().is_ok_and(has_moved) {
            return None;
        }
        Some(self.sockets.remove(index).1)
    }
}

/// The listening sockets of this process, for the one after it. Empty as soon as this one closes them: a copy that
/// is kept would keep the port open. Clones share it.
#[derive(Clone, Default)]
pub(in crate::life) struct Heirlooms {
    sockets: Arc<Mutex<Vec<(&'static str, OwnedFd)>>>,
}

impl Heirlooms {
    fn keep(&self, name: &'static str, socket: OwnedFd) {
        self.lock().push((name, socket));
    }

    /// Lets go of the copy of one socket.
    pub(in crate::life) fn forget(&self, name: &str) {
        self.lock().retain(|(kept, _)| *kept != name);
    }

    /// Lets go of all copies.
    pub(in crate::life) fn forget_all(&self) {
        self.lock().clear();
    }

    /// Copies of all sockets, to be given away.
    pub(in crate::life) fn copies(&self) -> std::io::Result<Vec<(&'static str, OwnedFd)>> {
        self.lock().iter().map(|(name, socket)| Ok((*name, socket.try_clone()?))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(&'static str, OwnedFd)>> {
        // A list of plain values: a panic elsewhere cannot leave it half written.
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Heirlooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().iter().map(|(name, _)| name)).finish()
    }
}

/// Sockets that are bound, and answered by nobody of us yet.
pub(in crate::life) struct Sockets {
    pub(in crate::life) public: Socket,
    pub(in crate::life) management: Option<Socket>,
    /// Whether somebody else bound the public one.
    pub(in crate::life) is_inherited: bool,
}

/// A socket that listens.
pub(in crate::life) struct Socket {
    pub(in crate::life) name: &'static str,
    pub(in crate::life) address: SocketAddr,
    /// Waited for by nobody yet: which runtime serves it is decided later.
    pub(in crate::life) listener: TcpListener,
}

impl Sockets {
    /// Takes what is inherited and binds the rest, before any of it is served: a start that fails here has answered
    /// nobody. What was inherited and is not wanted is closed.
    pub(in crate::life) fn open(
        runtime: &Runtime,
        mut inherited: Inherited,
        heirlooms: &Heirlooms,
    ) -> Result<Self, StartError> {
        let listen = &runtime.listen;
        let is_inherited = !inherited.is_empty();
        let public = Socket::open(PUBLIC, "PORT", listen.address, &mut inherited, heirlooms)?;
        let open = |address| Socket::open(MANAGEMENT, "MANAGEMENT_ADDR", address, &mut inherited, heirlooms);
        let management = listen.management.map(open).transpose()?;
        for (name, socket) in inherited.sockets {
            let address = socket.local_addr().ok().map(tracing::field::display);
            tracing::warn!(name, address, "inherited a socket that nothing here listens on: it is closed");
        }
        Ok(Self { public, management, is_inherited })
    }

    /// Where people are served, and where operators are.
    pub(in crate::life) fn addresses(&self) -> (SocketAddr, Option<SocketAddr>) {
        (self.public.address, self.management.as_ref().map(|socket| socket.address))
    }
}

impl Socket {
    fn open(
        name: &'static str,
        setting: &'static str,
        wanted: SocketAddr,
        inherited: &mut Inherited,
        heirlooms: &Heirlooms,
    ) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { setting, address: wanted, source };
        let inherited = inherited.take(name, wanted);
        let is_inherited = inherited.is_some();
        let listener = inherited.map_or_else(|| accept::listen(wanted), Ok).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if is_inherited && wanted.port() != 0 && wanted != address {
            tracing::warn!(%address, %wanted, setting, "the inherited socket listens elsewhere: it is taken as it is");
        }
        tracing::info!(%address, setting, inherited = is_inherited, "listening");
        let copy = std::os::fd::AsFd::as_fd(&listener).try_clone_to_owned().map_err(failed)?;
        heirlooms.keep(name, copy);
        Ok(Self { name, address, listener })
    }
}
