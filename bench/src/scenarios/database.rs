//! The same service on SQLite and on a PostgreSQL of its own, with everything durable: migrations from nothing, a
//! catalogue of 10,000 items that is imported and listed, the way back after the server was killed; and what the order
//! of events costs, by the example `append_bench` of the log.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use mainstay_core::Clock;
use mainstay_servers::Postgres;
use serde_json::Value;

use crate::binary::{Binary, Build};
use crate::cargo::example;
use crate::data;
use crate::disk;
use crate::figure::Figure;
use crate::http::{Connection, Request};
use crate::sample::{Sample, milliseconds, timed};
use crate::scenarios::{SETTINGS, folder, number};
use crate::service::Service;

const ITEMS: usize = 10_000;
const PAGES: usize = 201;
const MIGRATIONS: usize = 5;
const RECOVERIES: usize = 5;
/// As the promises name them.
const CLIENTS: &str = "64";
const SECONDS: &str = "5";

pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let postgres = Postgres::options().durable().start();
    let database = postgres.create_database();
    let mut figures = vec![disk::flush(clock)?];
    figures.push(migrations("SQLite", clock, &binary, |folder| {
        Ok((format!("sqlite://{}", folder.join("migrated.db").display()), ()))
    })?);
    figures.push(migrations("PostgreSQL", clock, &binary, |_| {
        let fresh = postgres.create_database();
        Ok((fresh.url(), fresh))
    })?);
    let on_file = folder()?;
    let file = format!("sqlite://{}", on_file.path().join("bench.db").display());
    let service = start(clock, &binary, on_file.path(), &file)?;
    figures.extend(catalogue("SQLite", clock, &service)?);
    service.stop()?;
    let on_server = folder()?;
    let mut service = start(clock, &binary, on_server.path(), &database.url())?;
    figures.extend(catalogue("PostgreSQL", clock, &service)?);
    figures.push(recovery(clock, &postgres, &mut service)?);
    service.stop()?;
    drop(database);
    for kind in ["sqlite", "postgres"] {
        figures.extend(appends(kind)?);
    }
    Ok(figures)
}

fn start(clock: &Clock, binary: &Binary, folder: &Path, url: &str) -> Result<Service> {
    let settings: Vec<_> = SETTINGS.into_iter().chain([("DATABASE_URL", url)]).collect();
    Service::start(clock, binary, folder, &settings)
}

/// `concord migrate up` on databases that were just made: the whole process, from its start to its end.
fn migrations<Kept>(
    kind: &str,
    clock: &Clock,
    binary: &Binary,
    make: impl Fn(&Path) -> Result<(String, Kept)>,
) -> Result<Figure> {
    let mut sample = Sample::default();
    for _ in 0..MIGRATIONS {
        let folder = folder()?;
        let (url, kept) = make(folder.path())?;
        let mut command = Command::new(&binary.path);
        command.args(["migrate", "up"]).current_dir(folder.path()).env_clear().env("DATABASE_URL", url);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let (status, took) = timed(clock, || command.status().context("cannot start concord"))?;
        ensure!(status.success(), "concord migrate up ended with {status}");
        sample.add(took.as_secs_f64());
        drop(kept);
    }
    let name = format!("{kind}: migrations from nothing, slowest of {MIGRATIONS}");
    Ok(Figure::new(name, sample.quantile(1.0)?, "s").at_most(2.0))
}

/// Imports a catalogue, and lists it page by page.
fn catalogue(kind: &str, clock: &Clock, service: &Service) -> Result<Vec<Figure>> {
    let ((), import) = timed(clock, || data::import(service, ITEMS))?;
    let mut connection = service.connect()?;
    let (mut first, mut middle) = (Sample::default(), Sample::default());
    for _ in 0..PAGES {
        first.add(page(clock, &mut connection, 0)?);
        middle.add(page(clock, &mut connection, ITEMS / 2)?);
    }
    Ok(vec![
        Figure::new(format!("{kind}: import of 10,000 items"), import.as_secs_f64(), "s").at_most(3.0),
        Figure::new(format!("{kind}: page of 100 items of 10,000, first, median"), first.median()?, "ms")
            .at_most(5.0),
        Figure::new(format!("{kind}: the same, 99 of 100 are faster"), first.quantile(0.99)?, "ms"),
        Figure::new(
            format!("{kind}: page of 100 items of 10,000, from the middle, median"),
            middle.median()?,
            "ms",
        )
        .at_most(5.0),
    ])
}

/// One page; milliseconds.
fn page(clock: &Clock, connection: &mut Connection, skip: usize) -> Result<f64> {
    let path = format!("/api/v1/catalogs/{}/items?limit=100&skip={skip}", data::CATALOGUE);
    let (answer, took) = timed(clock, || connection.exchange(&Request::get(&path)))?;
    let items: Value = serde_json::from_slice(&answer).context("a page is JSON")?;
    ensure!(items.as_array().is_some_and(|items| items.len() == 100), "a page of 100 items");
    ensure!(items[0]["item_id"] == data::item_id(skip), "the page from {skip} on begins elsewhere");
    Ok(milliseconds(took))
}

/// The server is killed and started again; from its first answer to the first `ready` of the service.
fn recovery(clock: &Clock, postgres: &Postgres, service: &mut Service) -> Result<Figure> {
    let mut sample = Sample::default();
    for _ in 0..RECOVERIES {
        postgres.kill();
        service.wait("not ready", |service| Ok(!service.is_ready()))?;
        postgres.start_again();
        let ((), took) = timed(clock, || service.wait("ready again", |service| Ok(service.is_ready())))?;
        sample.add(took.as_secs_f64());
    }
    let name = format!("PostgreSQL: ready again after the server is back, slowest of {RECOVERIES}");
    Ok(Figure::new(name, sample.quantile(1.0)?, "s").at_most(2.0))
}

/// Appends in order beside appends without, in one run.
fn appends(kind: &str) -> Result<Vec<Figure>> {
    let printed = example("mainstay-events", "append_bench", &[CLIENTS, SECONDS, kind])?;
    let number = |what: &str| {
        number(&printed, what, "").with_context(|| format!("append_bench printed no {what:?}:\n{printed}"))
    };
    let name = if kind == "sqlite" { "SQLite" } else { "PostgreSQL" };
    let rate = |what: &str, value| Figure::new(format!("{name}: {what}, {CLIENTS} clients"), value, "/s");
    Ok(vec![
        rate("ordered appends", number("ordered")?),
        rate("unordered appends", number("unordered")?),
        rate("a counter row and a transaction for each", number("one by one")?),
        Figure::new(format!("{name}: ordered appends to unordered"), number("ordered to unordered")?, "")
            .at_least(0.7),
        Figure::new(format!("{name}: ordered appends to one by one"), number("ordered to one by one")?, "")
            .at_least(7.0),
    ])
}
