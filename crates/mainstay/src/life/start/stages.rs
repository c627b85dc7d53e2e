//! The start, stage by stage.

use std::net::SocketAddr;
use std::sync::Arc;

use mainstay_core::Shutdown;
use mainstay_db::{Database, MigratedBy, Migrations};
use tokio::runtime::Handle;

use super::accounts::open_accounts;
use super::instances::watch_instances;
use super::limits::open_limits;
use crate::Service;
use crate::degradation::Degraded;
use crate::health::{Criticality, Lane, Pace};
use crate::identity::{Accounts, Callers, DemoOperator};
use crate::life::drain::{HookError, Phase};
use crate::life::listen::{Listeners, Sockets};
use crate::life::run::posture;
use crate::life::watchdog::{Parts, Watchdog};
use crate::life::{App, Configuration, Process, Restart, Runtime, StartError, WorkerError};
use crate::limits::Instances;
use crate::routes::RouteTable;
use crate::telemetry::metrics::UPKEEP_INTERVAL;

/// A service that is ready.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Started {
    /// Where people and programs are served.
    pub address: SocketAddr,
    /// Where operators are served.
    pub management: Option<SocketAddr>,
    /// The settings of the runtime, with what only the start could tell.
    pub runtime: Arc<Runtime>,
    /// The routes.
    pub routes: RouteTable,
    /// Where requests are counted, in words for people.
    pub limits: String,
    /// Says whether two instances demand the same of their requests: a hash of routes, policies and limits.
    pub posture: String,
    /// The database.
    pub database: Database,
    /// Users, tokens and sessions.
    pub accounts: Accounts,
    /// The operator who was made up, if this was the first start in development.
    pub demo: Option<Arc<DemoOperator>>,
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
    let Configuration { mut runtime, service: settings } = configuration;
    let starting = process.health.readiness().hold("starting");

    // Settings: they were read and judged by the caller; what a build may not hold is judged here.
    refuse_drills(&runtime)?;

    watch(process, &runtime)?;

    // Connect: before anything listens, so that whoever asks is told about a database that was looked at.
    let database = connect(process, &runtime).await?;

    // Listen: probes answer from here on, everything else is told to come back.
    let inherited = process.take_inherited();
    let takes_over = inherited.is_of_predecessor();
    let sockets = Sockets::open(&runtime, inherited, &process.heirlooms)?;
    let (address, management) = sockets.addresses();
    runtime.listen.settle(address);
    let runtime = Arc::new(runtime);
    let instances = Instances::default();
    let limiter = open_limits::<S>(process, &runtime, &instances)?;
    let Process { clock, tasks, metrics, .. } = process;
    let accounts = open_accounts::<S>(&runtime, &database, clock, tasks, metrics, limiter.clone());
    let accounts = accounts.map_err(StartError::Build)?;
    let callers = Callers::known_to(accounts.people());
    let degraded = degraded(process, &runtime, &database);
    let mut listeners = Listeners::open(process, &runtime, sockets, callers, degraded, &limiter)?;
    keep_metrics(process, &listeners)?;

    // Migrate: while probes answer, for it may take long.
    let migrating = process.health.readiness().hold("migrating");
    let migrations = crate::migrations_of(service);
    if takes_over {
        // Not under the feet of the process that still serves.
        migrations.require_current(&database).await?;
    } else {
        migrate::<S>(process, &runtime, &database, &migrations).await?;
    }
    drop(migrating);
    keep_accounts(process, &accounts)?;
    watch_instances(process, &runtime, &database, &instances)?;
    let demo = accounts.demo_operator(runtime.environment).await;
    let demo = demo.map_err(|error| StartError::Build(error.into()))?;

    // Build: the application, on a schema that is current.
    let mut app = App::new(settings, Arc::clone(&runtime), database.clone(), accounts.clone(), process);
    let state = service.build(&mut app).await.map_err(StartError::Build)?;
    let routes = service.routes();
    #[cfg(feature = "drills")]
    let routes = routes.merge(crate::life::drills::install(&mut app).with_state(()));
    let routes = listeners.install::<S>(process, &runtime, &accounts, routes, state)?;
    app.commit()?;

    // Ready: when each check has been asked once.
    process.health.settled().await;
    listeners.serve(process, &runtime)?;
    drop(starting);
    let posture = posture(&runtime, &routes);
    Ok(Started {
        address,
        management,
        runtime,
        routes,
        limits: limiter.describe(),
        posture,
        database,
        accounts,
        demo: demo.map(Arc::new),
    })
}

/// Drills misbehave on purpose.
fn refuse_drills(runtime: &Runtime) -> Result<(), StartError> {
    let forbidden = cfg!(feature = "drills") && runtime.environment.is_strict();
    if forbidden { Err(StartError::Drills) } else { Ok(()) }
}

/// Starts the watchdog, and has faulted workers degrade the service.
fn watch(process: &Process, runtime: &Runtime) -> Result<(), StartError> {
    let watchdog = Watchdog::start(Parts {
        clock: process.clock.clone(),
        runtime: Handle::current(),
        readiness: process.health.readiness().clone(),
        vitals: process.vitals.clone(),
        watched: process.watched.clone(),
        manager: process.manager.clone(),
        conductor: process.conductor.clone(),
        abort_after: runtime.watchdog.abort_after,
    });
    let watchdog =
        watchdog.map_err(|source| StartError::System { what: "thread for the watchdog", source })?;
    let stop = async move |_| {
        watchdog.stop().await;
        Ok(())
    };
    process.conductor.register(Phase::Stores, "watchdog", stop)?;
    let workers = process.workers.clone();
    let look = move || std::future::ready(workers.finding());
    process.health.register("workers", Criticality::Contributing, look);
    Ok(())
}

/// Opens the database, and starts to watch it from the health lane.
async fn connect(process: &Process, runtime: &Runtime) -> Result<Database, StartError> {
    // So that the lists of the server tell instances apart.
    let mut settings = runtime.database.clone();
    settings.application_name = format!("{}/{}", settings.application_name, runtime.process.instance_name);
    let database = Database::open(&settings, &process.clock).await?;
    let closing = database.clone();
    let close = async move |_| closing.close().await.map_err(HookError::from);
    process.conductor.register(Phase::Stores, "database", close)?;

    process.health.describe_database(&database);
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
    process.conductor.register(Phase::Stores, "health lane", stop)?;
    Ok(database)
}

/// What routes fall back on while the database is not well.
fn degraded(process: &Process, runtime: &Runtime, database: &Database) -> Degraded {
    let database = database.clone();
    let circuit = Arc::new(move || database.circuit().refuses_for);
    Degraded::new(runtime.degradation, &process.clock, circuit)
}

/// Writes down when sessions and tokens were last used, deletes what is over, and forgets what others have changed.
fn keep_accounts(process: &Process, accounts: &Accounts) -> Result<(), StartError> {
    let sessions = accounts.sessions().clone();
    process
        .workers
        .start("sessions", Restart::budgeted(), move |shutdown| sessions.clone().upkeep(shutdown))?;
    let sessions = accounts.sessions().clone();
    process
        .workers
        .start("session changes", Restart::budgeted(), move |shutdown| sessions.clone().follow(shutdown))?;
    let tokens = accounts.tokens().clone();
    let keep = move |shutdown| {
        let tokens = tokens.clone();
        async move { tokens.keep_last_used(shutdown).await.map_err(WorkerError::from) }
    };
    Ok(process.workers.start("api tokens", Restart::budgeted(), keep)?)
}

/// Folds recorded values into their buckets, and reads off what nobody counts.
fn keep_metrics(process: &Process, listeners: &Listeners) -> Result<(), StartError> {
    let (metrics, connections) = (process.metrics.clone(), listeners.connections());
    let admission = listeners.admission();
    let keep = move |shutdown: Shutdown| {
        let (metrics, connections, admission) = (metrics.clone(), connections.clone(), admission.clone());
        async move {
            loop {
                metrics.run_upkeep();
                for (listener, connections) in &connections {
                    metrics.note_connections(listener, &connections.snapshot());
                }
                for (listener, admission) in &admission {
                    metrics.note_admission(listener, &admission.snapshot());
                }
                if tokio::time::timeout(UPKEEP_INTERVAL, shutdown.begun()).await.is_ok() {
                    return Ok(());
                }
            }
        }
    };
    Ok(process.workers.start("metrics", Restart::budgeted(), keep)?)
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
    migrations.up(database, &process.clock, None, &by).await?;
    Ok(())
}
