//! Carrying bytes between two sockets, as the weather has it.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::sleep;

use super::weather::{Direction, Ending, Rule, Weather};

const CHUNK: usize = 16 * 1024;

/// Carries until one side fails, both have ended, or the weather ends it. `since` is the change that the connection came
/// after.
pub(super) async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    weather: watch::Receiver<Weather>,
    since: u64,
) {
    let ending = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let way = |direction| Way { direction, weather: weather.clone(), since };
        let requests = way(Direction::Requests).pump(from_client, to_server);
        let replies = way(Direction::Replies).pump(from_server, to_client);
        // One side may finish before the other; an ending ends both.
        tokio::try_join!(requests, replies).err()
    };
    if let Some(ending) = ending {
        end(ending, &client);
        end(ending, &server);
    }
}

/// Makes the socket end in this way when it is dropped.
pub(super) fn end(ending: Ending, socket: &TcpStream) {
    if ending == Ending::Reset {
        // Fails only on a socket that is broken already.
        let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
    }
}

struct Way {
    direction: Direction,
    weather: watch::Receiver<Weather>,
    since: u64,
}

impl Way {
    /// Until the sender has finished: then the receiver is told so, and the other direction goes on.
    async fn pump(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Ending> {
        let mut buffer = vec![0; CHUNK];
        let mut left = usize::MAX;
        let mut seen = None;
        loop {
            let weather = *self.weather.borrow_and_update();
            if let Some(ending) = weather.ends(self.since) {
                return Err(ending);
            }
            let rule = weather.rule;
            if seen.replace(weather.number) != Some(weather.number) {
                left = match rule {
                    Rule::DropReplyAfter(bytes) if self.direction == Direction::Replies => bytes,
                    _ => usize::MAX,
                };
            }
            let size = match rule {
                // Ten pieces a second.
                Rule::Throttle(bytes) => (bytes as usize / 10).clamp(1, CHUNK),
                _ => CHUNK,
            };
            let read = tokio::select! {
                biased;
                changed = self.weather.changed() => match changed {
                    Ok(()) => continue,
                    // The proxy is gone.
                    Err(_) => return Err(Ending::Close),
                },
                read = from.read(&mut buffer[..size]), if rule.carries(self.direction) => read,
            };
            let length = read.map_err(|_| Ending::Reset)?;
            if length == 0 {
                // Fails when the receiver is gone, and then there is nobody to tell.
                let _ = to.shutdown().await;
                return Ok(());
            }
            match rule {
                Rule::Delay(by) => self.meanwhile(sleep(by)).await?,
                Rule::Throttle(bytes) => {
                    let pieces = u32::try_from(length).unwrap_or(u32::MAX);
                    self.meanwhile(sleep(Duration::from_secs(1) * pieces / bytes)).await?;
                }
                _ => {}
            }
            let sent = length.min(left);
            // The receiver may not read, and then this waits for it.
            self.meanwhile(to.write_all(&buffer[..sent])).await?.map_err(|_| Ending::Reset)?;
            left -= sent;
            if left == 0 {
                return Err(Ending::Close);
            }
        }
    }

    /// Waits for something, unless the weather ends the connection meanwhile.
    async fn meanwhile<T>(&self, work: impl Future<Output = T>) -> Result<T, Ending> {
        let (since, mut weather) = (self.since, self.weather.clone());
        tokio::select! {
            done = work => Ok(done),
            ended = weather.wait_for(|weather| weather.ends(since).is_some()) => {
                Err(ended.ok().and_then(|weather| weather.ends(since)).unwrap_or(Ending::Close))
            }
        }
    }
}
