//! A catalogue of 10,000 items.

use anyhow::{Result, ensure};
use mainstay_core::Clock;
use serde_json::json;

use crate::binary::{Binary, Build};
use crate::data;
use crate::figure::Figure;
use crate::http::Request;
use crate::process;
use crate::sample::{Sample, mebibytes, milliseconds, timed};
use crate::scenarios::{COMPACT, SETTINGS, folder, matrix_request};
use crate::service::Service;

const ITEMS: usize = 10_000;
const MATRIX_RUNS: usize = 5;
const ITEM_RUNS: usize = 21;

/// Measures import, compact matrix and one item against all others.
pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = folder()?;
    let service = Service::start(clock, &binary, folder.path(), &SETTINGS)?;
    let ((), import) = timed(clock, || data::import(&service, ITEMS))?;

    let mut connection = service.connect()?;
    let body = matrix_request();
    let (mut matrix, mut bytes) = (Sample::default(), 0);
    for _ in 0..MATRIX_RUNS {
        let request = Request::post("/api/v1/evaluate/matrix", &body).accepting(COMPACT);
        let (answer, took) = timed(clock, || connection.exchange(&request))?;
        matrix.add(took.as_secs_f64());
        bytes = answer.len();
    }
    let mut item = Sample::default();
    for index in 0..ITEM_RUNS {
        let body = json!({
            "item_id": data::item_id(index * 101),
            "catalog_name": data::CATALOGUE,
            "ruleset_name": data::RULESET,
        })
        .to_string();
        let (answer, took) =
            timed(clock, || connection.exchange(&Request::post("/api/v1/evaluate/item", &body)))?;
        ensure!(answer.starts_with(b"[{") && answer.ends_with(b"}]"), "not an array of comparisons");
        item.add(milliseconds(took));
    }
    let resident = process::memory(service.process())?.resident;
    service.stop()?;
    Ok(vec![
        Figure::new("10,000 items, import", import.as_secs_f64(), "s"),
        Figure::new("10,000 items, compact matrix, median of 5", matrix.median()?, "s").at_most(1.0),
        Figure::new("10,000 items, compact matrix, size", mebibytes(bytes as u64), "MiB"),
        Figure::new("10,000 items, one against all, median of 21", item.median()?, "ms").at_most(50.0),
        Figure::new("10,000 items, resident memory afterwards", mebibytes(resident), "MiB"),
    ])
}
