//! One pair after the other, over one connection that is kept alive.

use anyhow::{Result, ensure};
use mainstay_core::Clock;
use serde_json::json;

use crate::binary::{Binary, Build};
use crate::data;
use crate::figure::Figure;
use crate::http::Request;
use crate::process;
use crate::sample::{Sample, timed};
use crate::scenarios::{SETTINGS, folder};
use crate::service::Service;

const ITEMS: usize = 1_000;
const WARM_UP: usize = 200;
const REQUESTS: usize = 5_000;

/// The round trip holds the kernel's and our own part, so it is more than the server's time, never less.
pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = folder()?;
    let service = Service::start(clock, &binary, folder.path(), &SETTINGS)?;
    data::import(&service, ITEMS)?;

    let mut connection = service.connect()?;
    let mut round_trips = Sample::default();
    let mut before = process::processor_time(service.process())?;
    for index in 0..WARM_UP + REQUESTS {
        let body = json!({
            "item1_id": data::item_id(index % ITEMS),
            "item2_id": data::item_id(index * 7 % ITEMS),
            "catalog_name": data::CATALOGUE,
            "ruleset_name": data::RULESET,
        })
        .to_string();
        if index == WARM_UP {
            before = process::processor_time(service.process())?;
        }
        let (answer, took) =
            timed(clock, || connection.exchange(&Request::post("/api/v1/evaluate/pair", &body)))?;
        ensure!(answer.starts_with(b"{\"item1_id\""), "not a comparison");
        if index >= WARM_UP {
            round_trips.add(took.as_secs_f64() * 1e6);
        }
    }
    let used = process::processor_time(service.process())?.saturating_sub(before);
    service.stop()?;

    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let each = used.as_secs_f64() * 1e6 / REQUESTS as f64;
    Ok(vec![
        Figure::new("pair, round trip, median of 5,000", round_trips.median()?, "µs").at_most(150.0),
        Figure::new("pair, round trip, 99 in 100", round_trips.quantile(0.99)?, "µs"),
        Figure::new("pair, server processor time, mean", each, "µs"),
    ])
}
