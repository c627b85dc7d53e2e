//! The accept loop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mainstay_core::{Shutdown, Tasks};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::backoff::Backoff;
use super::connection::{self, Link};
use super::{ConnectionSettings, Connections, Farewell, Handle, Peer, Pulse};

/// How many connections give way when accepting fails. More than one, or each newcomer would wait anew.
const MAKE_ROOM: usize = 16;

/// What a listener shares with the rest of the process.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where each connection is a task.
    pub tasks: Tasks,
    /// When to stop.
    pub shutdown: Shutdown,
    /// The places, and what is known of all connections.
    pub connections: Connections,
    /// How it takes leave before it stops.
    pub farewell: Farewell,
    /// Shows that it still turns.
    pub pulse: Pulse,
}

impl Context {
    /// A listener that takes no leave yet.
    pub fn new(tasks: Tasks, shutdown: Shutdown, connections: Connections) -> Self {
        Self { tasks, shutdown, connections, farewell: Farewell::default(), pulse: Pulse::default() }
    }
}

/// Accepts connections and serves them until it is told to stop, and returns when all of them have ended.
///
/// Once [`Context::farewell`] has begun, each answer is the last of its connection, and everybody is still served.
/// Once stopping has begun, whoever already stands in the kernel's queue is still let in, and then the listener is
/// closed. Requests in hand are finished and their answers say `Connection: close`, or follow a GOAWAY; connections
/// without a request are closed at once, new ones after a moment. A forced stop cuts what is left.
///
/// # Cancel safety
///
/// Safe: a dropped call closes the listener; its connections go on, and end as [`Context::shutdown`] says.
pub async fn serve<H: Handle>(
    listener: TcpListener,
    settings: ConnectionSettings,
    handler: H,
    context: Context,
) {
    let door = Door { settings: Arc::new(settings), handler, context, guests: TaskTracker::new() };
    let mut backoff = Backoff::default();
    let mut beat = door.context.pulse.beat();
    let is_handed_over = loop {
        let accepted = tokio::select! {
            biased;
            () = door.context.shutdown.begun() => break false,
            () = door.context.farewell.handed_over() => break true,
            () = beat.next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                backoff.reset();
                door.welcome(stream, address);
            }
            Err(error) => door.wait_after(&error, &mut backoff).await,
        }
    };
    drop(beat);
    if is_handed_over {
        drop(listener);
    } else {
        door.welcome_queue(listener);
    }
    door.guests.close();
    door.guests.wait().await;
}

struct Door<H> {
    settings: Arc<ConnectionSettings>,
    handler: H,
    context: Context,
    guests: TaskTracker,
}

impl<H: Handle> Door<H> {
    fn welcome(&self, stream: TcpStream, address: SocketAddr) {
        let Context { tasks, shutdown, connections, farewell, .. } = &self.context;
        let seat = match connections.admit(address.ip()) {
            Ok(seat) => seat,
            Err(full) => {
                tracing::debug!(peer = %address, ?full, "connection turned away");
                return;
            }
        };
        // Answers are written whole; waiting for more to fill a packet would only delay them. A socket that
        // refuses this, or does not know its own address, is already broken, and reading from it will say so.
        let _ = stream.set_nodelay(true);
        let Ok(local) = stream.local_addr() else { return };
        let link = Link {
            handler: self.handler.clone(),
            peer: Peer { address, local },
            seat: Arc::new(seat),
            settings: Arc::clone(&self.settings),
            shutdown: shutdown.clone(),
            farewell: farewell.clone(),
            tasks: tasks.clone(),
        };
        tasks.spawn("connection", self.guests.track_future(connection::run(stream, link)));
    }

    /// Lets in whoever connected before the listener closes: closing it would reset them.
    fn welcome_queue(&self, listener: TcpListener) {
        let accept_all = || -> io::Result<()> {
            let listener = listener.into_std()?;
            loop {
                let (stream, address) = listener.accept()?;
                stream.set_nonblocking(true)?;
                self.welcome(TcpStream::from_std(stream)?, address);
            }
        };
        if let Err(error) = accept_all()
            && error.kind() != io::ErrorKind::WouldBlock
        {
            tracing::warn!(%error, "the queue of a closing listener was not emptied");
        }
    }

    async fn wait_after(&self, error: &io::Error, backoff: &mut Backoff) {
        let Context { shutdown, connections, .. } = &self.context;
        let failures = connections.count_accept_error();
        let Some(wait) = backoff.after(error) else { return };
        // Most likely the process is out of file descriptors: connections without a request can spare theirs.
        let gave_way = (0..MAKE_ROOM).take_while(|_| connections.evict_one()).count();
        if gave_way > 0 {
            backoff.reset();
        }
        // An attack that brings this about must not fill the log as well.
        if failures.is_power_of_two() {
            tracing::warn!(%error, failures, gave_way, "accepting a connection failed");
        }
        tokio::select! {
            () = sleep(wait) => {}
            () = shutdown.begun() => {}
        }
    }
}
