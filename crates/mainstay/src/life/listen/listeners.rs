//! The listeners of a service, from the first probe to the last connection.

use std::io;
use std::net::TcpListener;

use mainstay_core::{Shutdown, Tasks};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::sockets::{PUBLIC, Socket, Sockets};
use super::{operators, surface};
use crate::accept::{self, Connections, Pulse};
use crate::admission::Admission;
use crate::degradation::Degraded;
use crate::identity::{Accounts, Callers};
use crate::keys::Keys;
use crate::life::drain::{HookError, Phase};
use crate::life::{Process, Runtime, StartError};
use crate::limits::Limiter;
use crate::pipeline::{DefenceParts, Defences};
use crate::routes::RouteTable;
use crate::{Edge, ErrorCode, Routes, Service};

/// The listeners of a service.
pub(in crate::life) struct Listeners {
    public: Listener,
    management: Option<Listener>,
}

/// What answers at a socket.
struct Listener {
    name: &'static str,
    edge: Edge,
    connections: Connections,
    admission: Admission,
    /// Ends it.
    shutdown: Shutdown,
    /// Until it is served.
    unserved: Option<(TcpListener, DropGuard)>,
}

impl Listeners {
    /// Answers probes, and tells everybody else that the service is starting; at inherited sockets only when
    /// [`Listeners::serve`] says so. `callers` are known at the public listener; nobody signs in at the one for
    /// operators.
    pub(in crate::life) fn open(
        process: &Process,
        runtime: &Runtime,
        sockets: Sockets,
        callers: Callers,
        degraded: Degraded,
        limiter: &Limiter,
    ) -> Result<Self, StartError> {
        let Sockets { public, management, is_inherited } = sockets;
        let listener =
            |socket, callers, degraded| Listener::open(process, runtime, socket, callers, degraded, limiter);
        let public = listener(public, callers, degraded)?;
        process.health.show_admission(public.admission.clone());
        let management = management.map(|socket| listener(socket, Callers::nobody(), Degraded::never()));
        let management = management.transpose()?;
        let mut listeners = Self { public, management };
        if !is_inherited {
            listeners.serve(process, runtime)?;
        }
        Ok(listeners)
    }

    /// Serves what is not served yet.
    pub(in crate::life) fn serve(&mut self, process: &Process, runtime: &Runtime) -> Result<(), StartError> {
        self.all_mut().try_for_each(|listener| listener.serve(process, runtime))
    }

    /// The connections of each listener, with its name in metrics.
    pub(in crate::life) fn connections(&self) -> Vec<(&'static str, Connections)> {
        let all = [Some(&self.public), self.management.as_ref()].into_iter().flatten();
        all.map(|listener| (listener.name, listener.connections.clone())).collect()
    }

    /// The permits of each listener, with its name in metrics.
    pub(in crate::life) fn admission(&self) -> Vec<(&'static str, Admission)> {
        let public = [("public", self.public.admission.clone())];
        let management = self.management.iter().map(|listener| ("management", listener.admission.clone()));
        public.into_iter().chain(management).collect()
    }

    /// Puts the routes in place of the answer that the service is starting.
    pub(in crate::life) fn install<S: Service>(
        &self,
        process: &Process,
        runtime: &Runtime,
        accounts: &Accounts,
        routes: Routes<S::State>,
        state: S::State,
    ) -> Result<RouteTable, StartError> {
        let identity = surface::identity::<S>(accounts).map_err(|error| StartError::Build(error.into()))?;
        let admin = process.admin(runtime, self.connections());
        let public = surface::public::<S>(surface::operations(&admin), &process.metrics, runtime, identity);
        let public = public.merge(routes).with_state(state);
        let table = self.public.edge.install(public, ErrorCode::NotFound).map_err(StartError::Routes)?;
        if let Some(Listener { edge, .. }) = &self.management {
            let management = surface::management(admin, &process.metrics);
            edge.install(management, ErrorCode::NotFound).map_err(StartError::Routes)?;
        }
        let unlisted = table.unlisted(&runtime.requests.limits);
        if !unlisted.is_empty() {
            return Err(StartError::Routes(unlisted));
        }
        judge_waivers(process, runtime, &table)?;
        Ok(table)
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Listener> {
        [Some(&mut self.public), self.management.as_mut()].into_iter().flatten()
    }
}

impl Listener {
    fn open(
        process: &Process,
        runtime: &Runtime,
        socket: Socket,
        callers: Callers,
        degraded: Degraded,
        limiter: &Limiter,
    ) -> Result<Self, StartError> {
        // Each listener has its own permits and places: a full public one keeps no operator out.
        let admission = Admission::before(&runtime.admission, &process.clock, degraded.circuit());
        let defences = defences(process, runtime, callers, admission.clone());
        let defences = defences.degrading(degraded).limiting(limiter.clone());
        let defences = defences.telling_causes(runtime.process.debug);
        let edge = Edge::new(defences, process.clock.clone(), process.metrics.http().clone());
        edge.install(surface::probes(&process.health), ErrorCode::Migrating).map_err(StartError::Routes)?;
        let connections = Connections::new(&runtime.connections);
        // Its place in the drain before there is anything to end: a start can be broken off at any moment.
        let (shutdown, ended) = (Shutdown::new(), CancellationToken::new());
        let ending = Ending { name: socket.name, edge: edge.clone(), shutdown: shutdown.clone(), ended };
        let guard = ending.ended.clone().drop_guard();
        ending.register(process)?;
        let unserved = Some((socket.listener, guard));
        Ok(Self { name: socket.name, edge, connections, admission, shutdown, unserved })
    }

    /// Serves until it is told to stop, and then lets go of the guard.
    fn serve(&mut self, process: &Process, runtime: &Runtime) -> Result<(), StartError> {
        let Some((socket, guard)) = self.unserved.take() else { return Ok(()) };
        let system = |what| move |source| StartError::System { what, source };
        if self.name == PUBLIC {
            let serving = self.serving(socket, guard, process, &process.tasks, runtime);
            process.tasks.spawn("listener", serving.map_err(system("event queue for requests"))?);
            return Ok(());
        }
        // They are answered to the end, so nothing of theirs is among what the drain waits for before.
        let serving = || -> io::Result<_> {
            let tasks = process.operators.clone();
            let serving = self.serving(socket, guard, process, &tasks, runtime)?;
            Ok(async move {
                // A panic is reported by the registry.
                let _ = tasks.spawn("listener", serving).await;
            })
        };
        operators::apart(serving).map_err(system("thread for operators"))
    }

    /// The accept loop, in the runtime that this is called in.
    fn serving(
        &self,
        socket: TcpListener,
        guard: DropGuard,
        process: &Process,
        tasks: &Tasks,
        runtime: &Runtime,
    ) -> io::Result<impl Future<Output = ()> + Send + use<>> {
        let pulse = Pulse::default();
        process.watched.add(pulse.clone());
        let context = accept::Context {
            tasks: tasks.clone(),
            shutdown: self.shutdown.clone(),
            connections: self.connections.clone(),
            farewell: process.farewell.clone(),
            pulse,
        };
        let socket = accept::adopt(socket)?;
        let serving = accept::serve(socket, runtime.connections.clone(), self.edge.clone(), context);
        let serving = process.doors.track_future(serving);
        Ok(async move {
            let _guard = guard;
            serving.await;
        })
    }
}

/// How a listener ends.
#[derive(Clone)]
struct Ending {
    name: &'static str,
    edge: Edge,
    shutdown: Shutdown,
    ended: CancellationToken,
}

impl Ending {
    /// Gives a listener its places in the drain. At the public one, requests first may finish, later they are cut;
    /// long-lived answers are told to end as soon as nothing new is accepted. The one for operators answers to the
    /// end.
    fn register(self, process: &Process) -> Result<(), StartError> {
        let (conductor, heirlooms) = (&process.conductor, process.heirlooms.clone());
        if self.name != PUBLIC {
            let last = async move |limit: Shutdown| {
                heirlooms.forget(self.name);
                self.shutdown.begin();
                self.cut_at(limit).await
            };
            return Ok(conductor.register(Phase::Stores, "management", last)?);
        }
        let (ending, streams) = (self.clone(), process.streams.clone());
        let finish = async move |_| {
            heirlooms.forget(ending.name);
            ending.shutdown.begin();
            streams.begin();
            ending.ended.cancelled().await;
            Ok(())
        };
        conductor.register(Phase::Requests, "requests", finish)?;
        let streams = process.streams.clone();
        let cut = async move |limit: Shutdown| {
            let cut = self.cut_at(limit).await;
            streams.force();
            cut
        };
        Ok(conductor.register(Phase::Streams, "connections", cut)?)
    }

    /// Waits for the end of all connections; at the limit cuts those that are left, and names what they were at.
    async fn cut_at(self, limit: Shutdown) -> Result<(), HookError> {
        tokio::select! {
            () = self.ended.cancelled() => return Ok(()),
            () = limit.forced() => {}
        }
        let in_hand: Vec<_> = self
            .edge
            .table()
            .rows()
            .filter(|row| row.meter.in_hand() > 0)
            .map(|row| format!("{} {} ({})", row.method, row.path, row.meter.in_hand()))
            .collect();
        self.shutdown.force();
        self.ended.cancelled().await;
        let what = if in_hand.is_empty() { "idle connections".to_owned() } else { in_hand.join(", ") };
        Err(format!("cut: {what}").into())
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

/// A waiver that was meant to end has ended.
pub(in crate::life) fn judge_waivers(
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
