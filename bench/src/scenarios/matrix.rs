//! A matrix of 1,000 items and 4 rules: every pair with its reasons, and the compact form.

use std::time::Duration;

use anyhow::{Result, ensure};
use mainstay_core::Clock;

use crate::binary::{Binary, Build};
use crate::data;
use crate::figure::Figure;
use crate::http::{Request, Tail};
use crate::process;
use crate::sample::{Sample, mebibytes, milliseconds, timed};
use crate::scenarios::{COMPACT, SETTINGS, folder, matrix_request};
use crate::service::Service;

const ITEMS: usize = 1_000;
const PAIRS: usize = ITEMS * (ITEMS - 1) / 2;
const RUNS: usize = 3;
const COMPACT_RUNS: usize = 21;

/// Measures after a restart, so that nothing of the import is in memory or in the peak.
pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = folder()?;
    let service = Service::start(clock, &binary, folder.path(), &SETTINGS)?;
    data::import(&service, ITEMS)?;
    service.stop()?;

    let service = Service::start(clock, &binary, folder.path(), &SETTINGS)?;
    let idle = process::memory(service.process())?;
    process::forget_peak(service.process())?;
    let body = matrix_request();
    let request = Request::post("/api/v1/evaluate/matrix", &body);
    let mut connection = service.connect()?;

    let (mut processor, mut wall) = <(Sample, Sample)>::default();
    let mut bytes = 0;
    for _ in 0..RUNS {
        let mut tail = Tail::default();
        let before = process::processor_time(service.process())?;
        let ((), took) = timed(clock, || connection.exchange_into(&request, &mut tail))?;
        let used: Duration = process::processor_time(service.process())?.saturating_sub(before);
        ensure!(tail.holds(&format!("\"total_comparisons\":{PAIRS}")), "the matrix lacks its totals");
        processor.add(used.as_secs_f64());
        wall.add(took.as_secs_f64());
        bytes = tail.length;
    }
    let peak = process::memory(service.process())?.peak.saturating_sub(idle.resident);

    let compact = request.accepting(COMPACT);
    let (mut compact_wall, mut compact_bytes) = (Sample::default(), 0);
    for _ in 0..COMPACT_RUNS {
        let (answer, took) = timed(clock, || connection.exchange(&compact))?;
        compact_wall.add(milliseconds(took));
        compact_bytes = answer.len();
    }
    service.stop()?;
    Ok(vec![
        Figure::new("matrix 1,000 × 4, server processor time, median of 3", processor.median()?, "s")
            .at_most(1.0),
        Figure::new("matrix 1,000 × 4, whole answer, median of 3", wall.median()?, "s"),
        Figure::new("matrix 1,000 × 4, size of the answer", mebibytes(bytes), "MiB"),
        Figure::new("matrix 1,000 × 4, peak memory above idle", mebibytes(peak), "MiB").at_most(64.0),
        Figure::new("matrix 1,000 × 4, compact, median of 21", compact_wall.median()?, "ms").at_most(30.0),
        Figure::new("matrix 1,000 × 4, compact, size", mebibytes(compact_bytes as u64), "MiB"),
    ])
}
