//! Start to ready on a migrated file, and memory at rest.

use anyhow::Result;
use mainstay_core::Clock;

use crate::binary::{Binary, Build};
use crate::figure::Figure;
use crate::process;
use crate::sample::{Sample, mebibytes, milliseconds};
use crate::scenarios;
use crate::service::Service;

const STARTS: usize = 11;

/// Measures with the demo catalogue, as a bare `cargo run` has it.
pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = scenarios::folder()?;

    let first = Service::start(clock, &binary, folder.path(), &[])?;
    let first_start = milliseconds(first.start_to_ready);
    first.stop()?;

    let (mut starts, mut resident, mut anonymous) = <(Sample, Sample, Sample)>::default();
    for _ in 0..STARTS {
        let service = Service::start(clock, &binary, folder.path(), &[])?;
        starts.add(milliseconds(service.start_to_ready));
        let memory = process::memory(service.process())?;
        resident.add(mebibytes(memory.resident));
        anonymous.add(mebibytes(memory.anonymous));
        service.stop()?;
    }
    Ok(vec![
        Figure::new("start to ready, migrated file, median of 11", starts.median()?, "ms").at_most(150.0),
        Figure::new("start to ready, migrated file, slowest", starts.quantile(1.0)?, "ms"),
        Figure::new("first start: migrations and demo catalogue", first_start, "ms"),
        Figure::new("memory at rest, resident, median of 11", resident.median()?, "MiB").at_most(25.0),
        Figure::new("memory at rest, anonymous part", anonymous.median()?, "MiB"),
    ])
}
