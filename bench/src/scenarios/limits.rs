//! What limits cost inside the process, and what they do to a flood of keys: the example `limits_bench` of the runtime;
//! and over HTTP, what an answer costs that is refused.

use anyhow::{Context, Result, ensure};
use mainstay_core::Clock;

use crate::binary::{Binary, Build};
use crate::cargo::example;
use crate::figure::Figure;
use crate::http::{Connection, Request};
use crate::sample::{Sample, milliseconds, timed};
use crate::scenarios::{folder, number};
use crate::service::Service;

/// Refusals over one connection.
const REFUSALS: usize = 2_000;

pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let mut figures = inside()?;
    figures.extend(over_http(clock)?);
    Ok(figures)
}

fn inside() -> Result<Vec<Figure>> {
    let printed = example("mainstay", "limits_bench", &[])?;
    let number = |line: &str, before: &str| {
        number(&printed, line, before)
            .with_context(|| format!("limits_bench printed no {before:?} of {line:?}"))
    };
    let grown = number("flood memory", ", ")? - number("flood memory", "")?;
    Ok(vec![
        Figure::new("limit check, one key", number("one key", "mean ")?, "ns").at_most(100.0),
        Figure::new("limit check, 1,000 keys", number("1000 keys", "mean ")?, "ns").at_most(100.0),
        Figure::new("limit check, 100,000 keys", number("100000 keys", "mean ")?, "ns"),
        Figure::new("limit check, two threads", number("100000 keys, two at once", "mean ")?, "ns"),
        Figure::new("allocations of 10,000,000 checks", number("1000 keys", " ns, ")?, "").at_most(0.0),
        Figure::new("check in a flood of 100,000,000 keys", number("flood", "mean ")?, "ns"),
        Figure::new("memory that the flood takes", grown, "KiB").at_most(7_168.0),
        Figure::new(
            "requests of the innocent not served",
            (number("flood innocent", " of ")? - number("flood innocent", "")?).max(0.0),
            "",
        )
        .at_most(0.0),
        Figure::new(
            "requests of the abuser beyond its rate",
            (number("flood abuser", "")? - number("flood abuser", " of ")?).max(0.0),
            "",
        )
        .at_most(0.0),
    ])
}

fn over_http(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = folder()?;
    let settings = [("DEMO_DATA", "no"), ("RATE_LIMIT_DEFAULT", "1/h")];
    let service = Service::start(clock, &binary, folder.path(), &settings)?;
    let mut connection = service.connect()?;
    let mut sample = Sample::default();
    ask(&mut connection)?;
    for _ in 0..REFUSALS {
        let (status, took) = timed(clock, || ask(&mut connection))?;
        ensure!(status == 429, "a request beyond the limit was answered with {status}");
        sample.add(milliseconds(took));
    }
    service.stop()?;
    Ok(vec![Figure::new("a refusal by a limit, over one connection", sample.median()?, "ms")])
}

/// One request, and the status of its answer.
fn ask(connection: &mut Connection) -> Result<u16> {
    connection.send(&Request::get("/api/v1/schemas")).context("cannot send")?;
    connection.receive(&mut std::io::sink())
}
