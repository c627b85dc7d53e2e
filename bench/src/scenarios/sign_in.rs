//! 200 sign-ins at once, over and over, while the service is asked whether it is alive.
//!
//! Each attempt is of another name and comes from another address, as if through a proxy that is trusted, so that
//! nobody is refused for having tried before. The names are unknown: that costs the service the same hash as a wrong
//! password, and what it has no time for it refuses as overloaded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use mainstay_core::Clock;
use serde_json::json;

use crate::binary::{Binary, Build};
use crate::figure::Figure;
use crate::http::{Connection, Request};
use crate::process;
use crate::sample::{Sample, timed};
use crate::scenarios::folder;
use crate::service::Service;

const AT_ONCE: usize = 200;
const ROUNDS: usize = 5;
/// The most that all hashes together may take, for two at once.
const CEILING_MIB: f64 = 38.0;
/// What the connections themselves and their answers may take beside it.
const CONNECTIONS_MIB: f64 = 16.0;
const SETTINGS: [(&str, &str); 5] = [
    ("DEMO_DATA", "no"),
    ("PASSWORD_HASH_MEMORY_MB", "38"),
    ("TRUSTED_PROXIES", "127.0.0.1/32"),
    ("MAX_CONNECTIONS_PER_ADDRESS", "1000"),
    ("RATE_LIMIT_AUTH", "100000/s"),
];

/// What became of the attempts.
#[derive(Default)]
struct Tally {
    judged: u32,
    overloaded: u32,
}

pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = folder()?;
    let service = Service::start(clock, &binary, folder.path(), &SETTINGS)?;
    let mut connections = (0..AT_ONCE)
        .map(|index| {
            let address = format!("198.18.{}.{}", index / 256, index % 256);
            Ok(service.connect()?.with_field("X-Forwarded-For", &address))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut probe = service.connect()?;
    let at_rest = process::memory(service.process())?.resident;
    process::forget_peak(service.process())?;

    let is_over = AtomicBool::new(false);
    let (tally, probes) = thread::scope(|scope| {
        let attempts = thread::Builder::new().name("sign-ins".to_owned()).spawn_scoped(scope, || {
            let tally = sign_in(&mut connections);
            is_over.store(true, Ordering::Relaxed);
            tally
        })?;
        let mut probes = Sample::default();
        while !is_over.load(Ordering::Relaxed) {
            let (_, took) = timed(clock, || probe.exchange(&Request::get("/health/live")))?;
            probes.add(took.as_secs_f64() * 1e3);
        }
        let tally = attempts.join().map_err(|_| anyhow::anyhow!("the sign-ins panicked"))??;
        anyhow::Ok((tally, probes))
    })?;
    let peak = process::memory(service.process())?.peak;
    service.stop()?;

    ensure!(tally.judged > 0, "not one sign-in was judged");
    #[expect(clippy::cast_precision_loss, reason = "a few hundred mebibytes")]
    let grown = peak.saturating_sub(at_rest) as f64 / (1024.0 * 1024.0);
    Ok(vec![
        Figure::new("200 sign-ins at once, /health/live, median", probes.median()?, "ms"),
        Figure::new("200 sign-ins at once, /health/live, 99 in 100", probes.quantile(0.99)?, "ms")
            .at_most(20.0),
        Figure::new("200 sign-ins at once, memory above rest, ceiling 38 MiB of hashes", grown, "MiB")
            .at_most(CEILING_MIB + CONNECTIONS_MIB),
        Figure::new("1,000 sign-ins, judged", f64::from(tally.judged), ""),
        Figure::new("1,000 sign-ins, refused as overloaded", f64::from(tally.overloaded), ""),
    ])
}

/// Rounds of attempts, all of a round sent before the first answer is read.
fn sign_in(connections: &mut [Connection]) -> Result<Tally> {
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        for (index, connection) in connections.iter_mut().enumerate() {
            let body =
                json!({ "username": format!("nobody-{round}-{index}"), "password": "seven green bottles" });
            connection
                .send(&Request::post("/api/v1/auth/login", &body.to_string()))
                .context("cannot send")?;
        }
        for connection in &mut *connections {
            let mut answer = Vec::new();
            match connection.receive(&mut answer)? {
                401 => tally.judged += 1,
                503 => tally.overloaded += 1,
                status => anyhow::bail!("a sign-in got {status}: {}", String::from_utf8_lossy(&answer)),
            }
        }
    }
    Ok(tally)
}
