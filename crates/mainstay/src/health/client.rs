//! A probe from outside: what `health` of the command line does, so that an image needs no other client.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use http::StatusCode;
use mainstay_core::Clock;

/// Most bytes of an answer that are looked at.
const LIMIT_BYTES: u64 = 64 * 1024;

/// Why there is no answer to a probe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// Nobody listens there, or not in time.
    #[error("no connection to {address}")]
    Connect {
        /// The address that was tried.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke or the answer did not come in time.
    #[error("no answer from {address}")]
    Exchange {
        /// The address that was asked.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Something answered that does not speak HTTP.
    #[error("the answer of {address} is not HTTP")]
    NotHttp {
        /// The address that was asked.
        address: SocketAddr,
    },
}

/// Asks `path` of the service at `address` by HTTP, within `timeout` in all. Blocks; needs no runtime.
///
/// An unspecified address, as a server listens on, means this machine.
///
/// # Errors
///
/// See [`ProbeError`]. An answer with a status other than 200 is not an error here.
pub fn probe(
    address: SocketAddr,
    path: &str,
    timeout: Duration,
    clock: &Clock,
) -> Result<(StatusCode, String), ProbeError> {
    let address = reachable(address);
    let deadline = clock.now() + timeout;
    // A zero timeout means none to the standard library: a spent one must not become endless.
    let left = || deadline.saturating_duration_since(clock.now()).max(Duration::from_millis(1));
    let connect = |source| ProbeError::Connect { address, source };
    let exchange = |source| ProbeError::Exchange { address, source };
    let mut stream = TcpStream::connect_timeout(&address, left()).map_err(connect)?;
    stream.set_write_timeout(Some(left())).map_err(exchange)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(exchange)?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while (answer.len() as u64) < LIMIT_BYTES {
        stream.set_read_timeout(Some(left())).map_err(exchange)?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(exchange(error)),
        }
        if clock.now() >= deadline {
            return Err(exchange(io::ErrorKind::TimedOut.into()));
        }
    }
    understand(&String::from_utf8_lossy(&answer)).ok_or(ProbeError::NotHttp { address })
}

fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn understand(answer: &str) -> Option<(StatusCode, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn serve(answer: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer_one = move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(answer).unwrap();
        };
        std::thread::Builder::new().spawn(answer_one).unwrap();
        address
    }

    #[test]
    fn an_answer_is_understood() {
        let address = serve(b"HTTP/1.1 503 Service Unavailable\r\nAge: 0\r\n\r\n{\"status\":\"not_ready\"}");
        let (status, body) =
            probe(address, "/health/ready", Duration::from_secs(5), &Clock::system()).unwrap();
        assert_eq!((status.as_u16(), body.as_str()), (503, r#"{"status":"not_ready"}"#));
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let ask = |address| probe(address, "/", Duration::from_secs(5), &Clock::system());
        assert!(matches!(ask(serve(b"SSH-2.0-OpenSSH\r\n")), Err(ProbeError::NotHttp { .. })));
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(ask(closed), Err(ProbeError::Connect { .. })));
    }

    #[test]
    fn a_silent_server_is_given_up_on() {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let result = probe(listener.local_addr().unwrap(), "/", Duration::from_millis(20), &Clock::system());
        assert!(matches!(result, Err(ProbeError::Exchange { .. })), "{result:?}");
    }
}
