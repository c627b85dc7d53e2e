//! The start, stage by stage.

use std::net::SocketAddr;
use std::sync::Arc;

use mainstay_core::Shutdown;
use mainstay_db::{Database, MigratedBy, Migrations};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::banner::posture;
use super::drain::{HookError, Phase, Stopping};
use super::{App, Configuration, Process, Runtime, StartError, surface};
use crate::accept::{self, Connections};
use crate::health::{Criticality, Lane, Pace};
use crate::routes::RouteTable;
use crate::telemetry::metrics::UPKEEP_INTERVAL;
use crate::{Edge, ErrorCode, Routes, Service};

/// A service that is ready.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Started {
    /// Where people and programs are served.
    pub address: SocketAddr,
    /// Where operators are served.
    pub management: Option<SocketAddr>,
    /// The routes.
    pub routes: RouteTable,
    /// Says whether two instances demand the same of their requests: a hash of routes, policies and limits.
    pub posture: String,
    /// The database.
    pub database: Database,
}

/// Starts a service. When this returns, it is ready.
///
/// Each stage gives back what the next one needs, and registers with the drain what it has started: a start that
/// fails or is broken off is undone by [`Process::stop`], as a whole one is.
///
/// # Errors
///
/// See [`StartError`]. The caller stops the process then.
///
/// # Cancel safety
///
/// Can be dropped, if the process is stopped afterwards.
pub async fn start<S: Service>(
    process: &Process,
    service: &S,
    configuration: Configuration<S>,
) -> Result<Started, StartError> {
    let Configuration { runtime, service: settings } = configuration;
    let runtime = Arc::new(runtime);
    let starting = process.health.readiness().hold("starting");

    // Settings: they were read and judged by the caller; what a build may not hold is judged here.
    refuse_drills(&runtime)?;

    // Connect: before anything listens, so that whoever asks is told about a database that was looked at.
    let database = connect(process, &runtime).await?;

    // Listen: probes answer from here on, everything else is told to come back.
    let listeners = listen(process, &runtime)?;

    // Migrate: while probes answer, for it may take long.
    let migrating = process.health.readiness().hold("migrating");
    migrate::<S>(process, &runtime, &database, &service.migrations()).await?;
    drop(migrating);

    // Build: the application, on a schema that is current.
    let mut app = App::new(settings, Arc::clone(&runtime), database.clone(), process);
    let state = service.build(&mut app).await.map_err(StartError::Build)?;
    let routes = service.routes();
    #[cfg(feature = "drills")]
    let routes = routes.merge(super::drills::install(&mut app).with_state(()));
    let routes = listeners.install::<S>(process, &runtime, routes, state)?;
    app.commit().map_err(|Stopping| StartError::BrokenOff)?;

    // Ready: when each check has been asked once.
    process.health.settled().await;
    drop(starting);
    let posture = posture(&runtime, &routes);
    let (address, management) = listeners.addresses();
    Ok(Started { address, management, routes, posture, database })
}

/// Drills misbehave on purpose.
fn refuse_drills(runtime: &Runtime) -> Result<(), StartError> {
    let forbidden = cfg!(feature = "drills") && runtime.environment.is_strict();
    if forbidden { Err(StartError::Drills) } else { Ok(()) }
}

/// Opens the database, and starts to watch it from the health lane.
async fn connect(process: &Process, runtime: &Runtime) -> Result<Database, StartError> {
    let database = Database::open(&runtime.database, &process.clock).await?;
    let closing = database.clone();
    let close = async move |_| closing.close().await.map_err(HookError::from);
    on_stop(process, Phase::Stores, "database", close)?;

    let probed = database.clone();
    let probe = move || {
        let database = probed.clone();
        async move { database.probe().await }
    };
    process.health.register("database", Criticality::Critical, probe);
    let lane = Lane::start(process.health.clone(), Pace::default());
    let lane = lane.map_err(|source| StartError::System { what: "thread for the health lane", source })?;
    let stop = async move |_| {
        lane.stop().await;
        Ok(())
    };
    on_stop(process, Phase::Stores, "health lane", stop)?;

    let metrics = process.metrics.clone();
    let upkeep = move |shutdown: Shutdown| {
        let metrics = metrics.clone();
        async move {
            while tokio::time::timeout(UPKEEP_INTERVAL, shutdown.begun()).await.is_err() {
                metrics.run_upkeep();
            }
            Ok(())
        }
    };
    let started = process.workers.start("metrics", super::Restart::budgeted(), upkeep);
    started.map_err(|Stopping| StartError::BrokenOff)?;
    Ok(database)
}

/// Brings the schema up to date, or demands that it is.
async fn migrate<S: Service>(
    process: &Process,
    runtime: &Runtime,
    database: &Database,
    migrations: &Migrations,
) -> Result<(), StartError> {
    if !runtime.database.migrate_on_start {
        return Ok(migrations.require_current(database).await?);
    }
    let instance = runtime.process.instance_name.clone();
    let by = MigratedBy { version: S::VERSION.to_owned(), instance };
    for migration in migrations.up(database, &process.clock, None, &by).await? {
        tracing::info!(%migration, "migration applied");
    }
    Ok(())
}

/// The listeners, each with its edge.
struct Listeners {
    public: (SocketAddr, Edge),
    management: Option<(SocketAddr, Edge)>,
}

/// Listens, and answers probes.
fn listen(process: &Process, runtime: &Runtime) -> Result<Listeners, StartError> {
    let shutdown = Shutdown::new();
    let connections = Connections::new(&runtime.connections);
    let open = |setting, address| {
        let failed = |source| StartError::Listen { setting, address, source };
        let listener = accept::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let edge = Edge::new(runtime.requests.clone(), process.clock.clone(), process.metrics.http().clone());
        edge.install(surface::probes(&process.health), ErrorCode::Migrating).map_err(StartError::Routes)?;
        Ok::<_, StartError>((listener, address, edge))
    };
    // Both sockets before either serves: a start that fails here has answered nobody.
    let public = open("PORT", runtime.listen.address)?;
    let management = runtime.listen.management.map(|address| open("MANAGEMENT_ADDR", address)).transpose()?;

    let serve = |(listener, address, edge): (TcpListener, SocketAddr, Edge)| {
        let context = accept::Context {
            tasks: process.tasks.clone(),
            shutdown: shutdown.clone(),
            connections: connections.clone(),
        };
        let serving = accept::serve(listener, runtime.connections.clone(), edge.clone(), context);
        let ended = CancellationToken::new();
        // Tells of the end also when serving panics.
        let guard = ended.clone().drop_guard();
        process.tasks.spawn("listener", async move {
            let _guard = guard;
            serving.await;
        });
        ((address, edge), ended)
    };
    let (public, public_ended) = serve(public);
    let (management, management_ended) = management.map(serve).unzip();
    let ended = [Some(public_ended), management_ended];
    let listeners = Listeners { public, management };
    end_connections(process, &shutdown, ended.into_iter().flatten().collect())?;
    Ok(listeners)
}

/// Gives the connections their two places in the drain: first they may finish, later they are cut.
fn end_connections(
    process: &Process,
    connections: &Shutdown,
    ended: Vec<CancellationToken>,
) -> Result<(), StartError> {
    let (shutdown, waiting) = (connections.clone(), ended.clone());
    let finish = async move |_| {
        shutdown.begin();
        all(waiting).await;
        Ok(())
    };
    on_stop(process, Phase::Requests, "requests", finish)?;
    let shutdown = connections.clone();
    let cut = async move |limit: Shutdown| {
        tokio::select! {
            () = all(ended.clone()) => return Ok(()),
            () = limit.forced() => shutdown.force(),
        }
        all(ended).await;
        Err("connections were cut".into())
    };
    on_stop(process, Phase::Streams, "connections", cut)
}

async fn all(ended: Vec<CancellationToken>) {
    for listener in ended {
        listener.cancelled().await;
    }
}

impl Listeners {
    fn addresses(&self) -> (SocketAddr, Option<SocketAddr>) {
        (self.public.0, self.management.as_ref().map(|(address, _)| *address))
    }

    /// Puts the routes in place of the answer that the service is starting.
    fn install<S: Service>(
        &self,
        process: &Process,
        runtime: &Runtime,
        routes: Routes<S::State>,
        state: S::State,
    ) -> Result<RouteTable, StartError> {
        let Process { health, metrics, .. } = process;
        let public = surface::public::<S>(health, metrics, runtime).merge(routes).with_state(state);
        let table = self.public.1.install(public, ErrorCode::NotFound).map_err(StartError::Routes)?;
        if let Some((_, edge)) = &self.management {
            let management = surface::management(health, metrics);
            edge.install(management, ErrorCode::NotFound).map_err(StartError::Routes)?;
        }
        judge_waivers(process, runtime, &table)?;
        Ok(table)
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

fn on_stop<F, Fut>(process: &Process, phase: Phase, name: &'static str, hook: F) -> Result<(), StartError>
where
    F: FnOnce(Shutdown) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), HookError>> + Send + 'static,
{
    process.conductor.register(phase, name, hook).map_err(|Stopping| StartError::BrokenOff)
}
