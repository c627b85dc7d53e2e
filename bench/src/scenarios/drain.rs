//! Stopping: with requests in flight none fails, and a hook that hangs does not hold the process.

use std::io;

use anyhow::{Context, Result};
use mainstay_core::Clock;

use crate::binary::{Binary, Build};
use crate::figure::Figure;
use crate::http::{Connection, Request};
use crate::sample::timed;
use crate::scenarios::{SETTINGS, folder};
use crate::service::Service;

const IN_FLIGHT: u32 = 200;

/// Measures both.
pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Drills)?;
    let mut figures = in_flight(clock, &binary)?;
    figures.push(hanging_hook(clock, &binary)?);
    Ok(figures)
}

/// SIGTERM while 200 requests are being worked on.
fn in_flight(clock: &Clock, binary: &Binary) -> Result<Vec<Figure>> {
    let folder = folder()?;
    // All of them are to be in flight at once, and right after the start.
    let settings = [&SETTINGS[..], &[("ADMISSION_START", "512")]].concat();
    let mut service = Service::start(clock, binary, folder.path(), &settings)?;
    let mut connections = Vec::new();
    for _ in 0..IN_FLIGHT {
        let mut connection = service.connect()?;
        connection.send(&Request::get("/drill/slow?ms=3000"))?;
        connections.push(connection);
    }
    service.wait("200 requests in flight", |service| Ok(requests_in_flight(service)? >= IN_FLIGHT))?;

    service.terminate()?;
    let (failed, until_answered) =
        timed(clock, || Ok(connections.iter_mut().map(answered).filter(|answered| !answered).count()))?;
    let (status, until_ended) = timed(clock, || service.ended())?;
    let code = status.code().context("concord was killed")?;
    let failed = u32::try_from(failed).context("there are 200")?;
    let total = (until_answered + until_ended).as_secs_f64();
    Ok(vec![
        Figure::new("drain, 200 requests of 3 s in flight, failed", f64::from(failed), "").at_most(0.0),
        Figure::new("drain, 200 requests of 3 s in flight, exit code", f64::from(code), "").at_most(0.0),
        Figure::new("drain, 200 requests of 3 s in flight, signal to end", total, "s").at_most(30.0),
    ])
}

/// SIGTERM with a hook that never returns and a budget of three seconds.
fn hanging_hook(clock: &Clock, binary: &Binary) -> Result<Figure> {
    let folder = folder()?;
    let settings = [("DRILL_HANG_HOOK", "yes"), ("SHUTDOWN_TIMEOUT", "3s"), ("DEMO_DATA", "no")];
    let mut service = Service::start(clock, binary, folder.path(), &settings)?;
    service.terminate()?;
    let (_, took) = timed(clock, || service.ended())?;
    Ok(Figure::new("drain, a hook hangs, budget 3 s, signal to end", took.as_secs_f64(), "s").at_most(4.0))
}

/// Whether a whole answer comes, and is 200.
fn answered(connection: &mut Connection) -> bool {
    connection.receive(&mut io::sink()).is_ok_and(|status| status == 200)
}

/// The gauge of the service, less the request that asks for it.
fn requests_in_flight(service: &Service) -> Result<u32> {
    let metrics = service.connect()?.exchange(&Request::get("/metrics"))?;
    Ok(gauge(&String::from_utf8_lossy(&metrics), "http_requests_in_flight").saturating_sub(1))
}

/// The sum of a gauge over its labels; 0 when it is not there.
fn gauge(metrics: &str, name: &str) -> u32 {
    metrics
        .lines()
        .filter_map(|line| line.strip_prefix(name))
        .filter(|rest| rest.starts_with([' ', '{']))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<u32>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_summed_over_its_labels() {
        let metrics = "# TYPE in_flight gauge\nin_flight{lane=\"web\"} 150\nin_flight{lane=\"slow\"} 51\n\
                       in_flight_seconds 9\n";
        assert_eq!(gauge(metrics, "in_flight"), 201);
        assert_eq!(gauge("in_flight 7\n", "in_flight"), 7);
        assert_eq!(gauge("", "in_flight"), 0);
    }
}
