//! The listening sockets, from the first probe to the last connection.

use std::net::SocketAddr;

use mainstay_core::Shutdown;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::drain::Phase;
use super::{Process, Runtime, StartError, surface};
use crate::accept::{self, Connections};
use crate::routes::RouteTable;
use crate::{Edge, ErrorCode, Routes, Service};

/// The listeners of a service that has started to listen.
pub(super) struct Listeners {
    public: Listener,
    management: Option<Listener>,
}

/// A socket that listens, and what answers there.
struct Listener {
    address: SocketAddr,
    edge: Edge,
    connections: Connections,
}

impl Listeners {
    /// Listens, answers probes, and tells everybody else that the service is starting.
    pub(super) fn open(process: &Process, runtime: &Runtime) -> Result<Self, StartError> {
        // Both sockets before either serves: a start that fails here has answered nobody.
        let (public, socket) = Listener::bind(process, runtime, "PORT", runtime.listen.address)?;
        let bind = |address| Listener::bind(process, runtime, "MANAGEMENT_ADDR", address);
        let (management, management_socket) = runtime.listen.management.map(bind).transpose()?.unzip();

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

    /// Where people are served, and where operators are.
    pub(super) fn addresses(&self) -> (SocketAddr, Option<SocketAddr>) {
        (self.public.address, self.management.as_ref().map(|listener| listener.address))
    }

    /// The connections of each listener, with its name in metrics.
    pub(super) fn connections(&self) -> Vec<(&'static str, Connections)> {
        let public = [("public", self.public.connections.clone())];
        let management = self.management.iter().map(|listener| ("management", listener.connections.clone()));
        public.into_iter().chain(management).collect()
    }

    /// Puts the routes in place of the answer that the service is starting.
    pub(super) fn install<S: Service>(
        &self,
        process: &Process,
        runtime: &Runtime,
        routes: Routes<S::State>,
        state: S::State,
    ) -> Result<RouteTable, StartError> {
        let Process { health, metrics, .. } = process;
        let public = surface::public::<S>(health, metrics, runtime).merge(routes).with_state(state);
        let table = self.public.edge.install(public, ErrorCode::NotFound).map_err(StartError::Routes)?;
        if let Some(Listener { edge, .. }) = &self.management {
            let management = surface::management(health, metrics);
            edge.install(management, ErrorCode::NotFound).map_err(StartError::Routes)?;
        }
        judge_waivers(process, runtime, &table)?;
        Ok(table)
    }
}

impl Listener {
    fn bind(
        process: &Process,
        runtime: &Runtime,
        setting: &'static str,
        address: SocketAddr,
    ) -> Result<(Self, TcpListener), StartError> {
        let failed = |source| StartError::Listen { setting, address, source };
        let socket = accept::bind(address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let edge = Edge::new(runtime.requests.clone(), process.clock.clone(), process.metrics.http().clone());
        edge.install(surface::probes(&process.health), ErrorCode::Migrating).map_err(StartError::Routes)?;
        tracing::info!(%address, setting, "listening");
        // Each listener has its own places: a full public one keeps no operator out.
        let connections = Connections::new(&runtime.connections);
        Ok((Self { address, edge, connections }, socket))
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
fn judge_waivers(process: &Process, runtime: &Runtime, table: &RouteTable) -> Result<(), StartError> {
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
