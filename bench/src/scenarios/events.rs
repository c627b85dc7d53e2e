//! Ten thousand clients that listen and hear nothing: what each of them costs, and how long the one event takes that
//! comes in the end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use mainstay_core::Clock;

use crate::binary::{Binary, Build};
use crate::figure::Figure;
use crate::http::Request;
use crate::process;
use crate::sample::timed;
use crate::scenarios::{SETTINGS, folder};
use crate::service::Service;

const CLIENTS: usize = 9_900;

/// Settings that let so many in from one address.
const ROOM: [(&str, &str); 3] =
    [("MAX_CONNECTIONS", "12000"), ("MAX_CONNECTIONS_PER_ADDRESS", "12000"), ("DEMO_DATA", "no")];

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(clock: &Clock) -> Result<Vec<Figure>> {
    let binary = Binary::build(Build::Plain)?;
    let folder = folder()?;
    let settings: Vec<_> = SETTINGS
        .into_iter()
        .filter(|(name, _)| !ROOM.iter().any(|(room, _)| room == name))
        .chain(ROOM)
        .collect();
    let service = Service::start(clock, &binary, folder.path(), &settings)?;
    let token = service.token()?.to_owned();
    // The first clients pay for what is made once.
    let mut warm = listen(service.address, &token, 100)?;
    let before = process::memory(service.process())?.resident;
    let (mut clients, took) = timed(clock, || listen(service.address, &token, CLIENTS))?;
    let after = process::memory(service.process())?.resident;
    let schema = r#"{"name":"cars","version":"1.0.0","dimensions":[{"name":"colour","type":"string"}]}"#;
    let mut writer = service.connect()?;
    let (heard, hearing) = timed(clock, || {
        writer.exchange(&Request::post("/api/v1/schemas", schema))?;
        clients.iter_mut().chain(&mut warm).map(hear).sum::<Result<usize>>()
    })?;
    ensure!(heard == CLIENTS + 100, "{heard} clients heard of it");
    drop((clients, warm));
    #[expect(clippy::cast_precision_loss, reason = "a figure")]
    let each = after.saturating_sub(before) as f64 / CLIENTS as f64 / 1_024.0;
    Ok(vec![
        Figure::new(format!("memory of each of {CLIENTS} idle clients"), each, "KiB").at_most(20.0),
        Figure::new("time until they all listen", took.as_secs_f64(), "s"),
        Figure::new("time until all have heard of one event", hearing.as_secs_f64() * 1_000.0, "ms"),
    ])
}

/// Clients that listen: each has heard the first line.
fn listen(address: SocketAddr, token: &str, count: usize) -> Result<Vec<TcpStream>> {
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        let mut client = TcpStream::connect(address).context("cannot connect")?;
        client.set_read_timeout(Some(PATIENCE))?;
        let head = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        client.write_all(head.as_bytes())?;
        until(&mut client, "retry: ")?;
        clients.push(client);
    }
    Ok(clients)
}

/// Waits until a client hears of an event.
fn hear(client: &mut TcpStream) -> Result<usize> {
    until(client, "event: ").map(|()| 1)
}

/// Reads until a text comes.
fn until(client: &mut TcpStream, wanted: &str) -> Result<()> {
    let mut heard = String::new();
    let mut buffer = [0; 2_048];
    while !heard.contains(wanted) {
        match client.read(&mut buffer).context("nothing came")? {
            0 => bail!("the stream ended after: {heard}"),
            count => heard.push_str(&String::from_utf8_lossy(&buffer[..count])),
        }
    }
    Ok(())
}
