//! The listening sockets, from the first probe to the last connection.

use std::net::SocketAddr;

use mainstay_core::Shutdown;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::drain::Phase;
use super::{Process, Runtime, StartError, surface};
use crate::accept::{self, Connections};
use crate::admission::Admission;
use crate::degradation::Degraded;
use crate::identity::{Accounts, Callers};
use crate::keys::Keys;
use crate::limits::Limiter;
use crate::pipeline::{DefenceParts, Defences};
use crate::routes::RouteTable;
use crate::{Edge, ErrorCode, Routes, Service};

/// The listeners of a service that has started to listen.
pub(super) struct Listeners {
    public: Listener,
    management: Option<Listener>,
}

/// A socket that listens, and what answers there.
struct Listener {
    edge: Edge,
    connections: Connections,
    admission: Admission,
}

/// Sockets that are bound, and answered by nobody yet.
pub(super) struct Sockets {
    public: Socket,
    management: Option<Socket>,
}

struct Socket {
    address: SocketAddr,
    listener: TcpListener,
}

impl Sockets {
    /// Binds both before either is served: a start that fails here has answered nobody.
    pub(super) fn bind(runtime: &Runtime) -> Result<Self, StartError> {
        let public = Socket::bind("PORT", runtime.listen.address)?;
        let bind = |address| Socket::bind("MANAGEMENT_ADDR", address);
        let management = runtime.listen.management.map(bind).transpose()?;
        Ok(Self { public, management })
    }

    /// Where people are served, and where operators are.
    pub(super) fn addresses(&self) -> (SocketAddr, Option<SocketAddr>) {
        (self.public.address, self.management.as_ref().map(|socket| socket.address))
    }
}

impl Socket {
    fn bind(setting: &'static str, address: SocketAddr) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { setting, address, source };
        let listener = accept::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!(%address, setting, "listening");
        Ok(Self { address, listener })
    }
}

impl Listeners {
    /// Answers probes, and tells everybody else that the service is starting. `callers` are known at the public
    /// listener; nobody signs in at the one for operators.
    pub(super) fn open(
        process: &Process,
        runtime: &Runtime,
        sockets: Sockets,
        callers: Callers,
        degraded: Degraded,
        limiter: &Limiter,
    ) -> Result<Self, StartError> {
        let Sockets { public, management } = sockets;
        let (public, socket) = Listener::new(process, runtime, public, callers, degraded, limiter)?;
        process.health.show_admission(public.admission.clone());
        let listener =
            |socket| Listener::new(process, runtime, socket, Callers::nobody(), Degraded::never(), limiter);
        let (management, management_socket) = management.map(listener).transpose()?.unzip();

        // Their place in the drain before there is anything to end: a start can be broken off at any moment.
        let shutdown = Shutdown::new();
        let ended = [CancellationToken::new(), CancellationToken::new()];
        end_connections(process, &shutdown, ended.clone())?;
        let [public_ended, management_ended] = ended.map(CancellationToken::drop_guard);
        public.serve(socket, process, runtime, &shutdown, public_ended);
        if let Some((listener, socket)) = management.as_ref().zip(management_socket) {
            listener.serve(socket, process, runtime, &shutdown, management_ended);
        }
        Ok(Self { public, management })
    }

    /// The connections of each listener, with its name in metrics.
    pub(super) fn connections(&self) -> Vec<(&'static str, Connections)> {
        let public = [("public", self.public.connections.clone())];
        let management = self.management.iter().map(|listener| ("management", listener.connections.clone()));
        public.into_iter().chain(management).collect()
    }

    /// The permits of each listener, with its name in metrics.
    pub(super) fn admission(&self) -> Vec<(&'static str, Admission)> {
        let public = [("public", self.public.admission.clone())];
        let management = self.management.iter().map(|listener| ("management", listener.admission.clone()));
        public.into_iter().chain(management).collect()
    }

    /// Puts the routes in place of the answer that the service is starting.
    pub(super) fn install<S: Service>(
        &self,
        process: &Process,
        runtime: &Runtime,
        accounts: &Accounts,
        routes: Routes<S::State>,
        state: S::State,
    ) -> Result<RouteTable, StartError> {
        let Process { health, metrics, .. } = process;
        let identity = surface::identity::<S>(accounts).map_err(|error| StartError::Build(error.into()))?;
        let public = surface::public::<S>(health, metrics, runtime, identity).merge(routes).with_state(state);
        let table = self.public.edge.install(public, ErrorCode::NotFound).map_err(StartError::Routes)?;
        if let Some(Listener { edge, .. }) = &self.management {
            let management = surface::management(health, metrics);
            edge.install(management, ErrorCode::NotFound).map_err(StartError::Routes)?;
        }
        let unlisted = table.unlisted(&runtime.requests.limits);
        if !unlisted.is_empty() {
            return Err(StartError::Routes(unlisted));
        }
        judge_waivers(process, runtime, &table)?;
        Ok(table)
    }
}

impl Listener {
    fn new(
        process: &Process,
        runtime: &Runtime,
        socket: Socket,
        callers: Callers,
        degraded: Degraded,
        limiter: &Limiter,
    ) -> Result<(Self, TcpListener), StartError> {
        // Each listener has its own permits and places: a full public one keeps no operator out.
        let admission = Admission::new(&runtime.admission, &process.clock);
        let defences = defences(process, runtime, callers, admission.clone());
        let defences = defences.degrading(degraded).limiting(limiter.clone());
        let edge = Edge::new(defences, process.clock.clone(), process.metrics.http().clone());
        edge.install(surface::probes(&process.health), ErrorCode::Migrating).map_err(StartError::Routes)?;
        let connections = Connections::new(&runtime.connections);
        Ok((Self { edge, connections, admission }, socket.listener))
    }

    /// Serves until `shutdown`, and then lets go of `ended`.
    fn serve(
        &self,
        socket: TcpListener,
        process: &Process,
        runtime: &Runtime,
        shutdown: &Shutdown,
        ended: DropGuard,
    ) {
        let connections = self.connections.clone();
        let context =
            accept::Context { tasks: process.tasks.clone(), shutdown: shutdown.clone(), connections };
        let serving = accept::serve(socket, runtime.connections.clone(), self.edge.clone(), context);
        process.tasks.spawn("listener", async move {
            let _ended = ended;
            serving.await;
        });
    }
}

/// The controls of a listener.
fn defences(process: &Process, runtime: &Runtime, callers: Callers, admission: Admission) -> Defences {
    Defences::new(DefenceParts {
        requests: runtime.requests.clone(),
        cors: &runtime.cors,
        csrf: &runtime.csrf,
        hsts: &runtime.hsts,
        public_origin: runtime.listen.public_url.origin(),
        callers,
        admission,
        keys: &Keys::from(&runtime.secret_key),
        clock: process.clock.clone(),
    })
}

/// Gives the connections their two places in the drain: first they may finish, later they are cut.
fn end_connections(
    process: &Process,
    connections: &Shutdown,
    ended: [CancellationToken; 2],
) -> Result<(), StartError> {
    let (shutdown, waiting) = (connections.clone(), ended.clone());
    let finish = async move |_| {
        shutdown.begin();
        all(waiting).await;
        Ok(())
    };
    process.conductor.register(Phase::Requests, "requests", finish)?;
    let shutdown = connections.clone();
    let cut = async move |limit: Shutdown| {
        tokio::select! {
            () = all(ended.clone()) => return Ok(()),
            () = limit.forced() => shutdown.force(),
        }
        all(ended).await;
        Err("connections were cut".into())
    };
    Ok(process.conductor.register(Phase::Streams, "connections", cut)?)
}

async fn all(ended: [CancellationToken; 2]) {
    for listener in ended {
        listener.cancelled().await;
    }
}

/// A waiver that was meant to end has ended.
pub(super) fn judge_waivers(
    process: &Process,
    runtime: &Runtime,
    table: &RouteTable,
) -> Result<(), StartError> {
    let expired = table.expired(process.clock.timestamp());
    let expired =
        expired.map(|(row, waiver)| format!("{} of {} {}", waiver.control.as_str(), row.method, row.path));
    let expired: Vec<_> = expired.collect();
    if expired.is_empty() {
        Ok(())
    } else if runtime.environment.is_strict() {
        Err(StartError::Expired(expired))
    } else {
        tracing::warn!(
            waivers = expired.join(", "),
            "waivers have expired: a strict environment would not start"
        );
        Ok(())
    }
}
