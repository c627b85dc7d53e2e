//! Each switch of the proxy, seen from both ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use mainstay_core::Clock;
use mainstay_servers::{ChaosProxy, Direction};

use crate::wait_for;

/// Long enough to call it "in vain".
const IN_VAIN: Duration = Duration::from_millis(300);

struct Line {
    listener: TcpListener,
    proxy: ChaosProxy,
}

impl Line {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = ChaosProxy::start(listener.local_addr().unwrap());
        Self { listener, proxy }
    }

    /// Both ends of a connection through the proxy.
    fn connect(&self) -> [TcpStream; 2] {
        let client = TcpStream::connect(self.proxy.address()).unwrap();
        let (server, _) = self.listener.accept().unwrap();
        for end in [&client, &server] {
            end.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        }
        [client, server]
    }
}

/// Sends from one end and reads at the other.
fn carried(mut from: &TcpStream, mut to: &TcpStream) -> bool {
    from.write_all(b"ping").unwrap();
    let mut received = [0; 4];
    to.read_exact(&mut received).is_ok_and(|()| &received == b"ping")
}

fn reads(mut end: &TcpStream) -> Result<usize, ErrorKind> {
    end.read(&mut [0; 16]).map_err(|error| error.kind())
}

/// Nothing arrives there.
fn hears_nothing(end: &TcpStream) -> bool {
    end.set_read_timeout(Some(IN_VAIN)).unwrap();
    let heard = reads(end);
    end.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    heard == Err(ErrorKind::WouldBlock)
}

#[test]
fn it_passes_both_ways_and_tells_the_end() {
    let line = Line::new();
    let [client, server] = line.connect();
    assert!(carried(&client, &server) && carried(&server, &client));
    assert_eq!((line.proxy.accepted(), line.proxy.open()), (1, 1));
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(reads(&server), Ok(0));
    assert!(carried(&server, &client), "the other direction goes on");
    drop(server);
    assert_eq!(reads(&client), Ok(0));
    wait_for("the connection is forgotten", || line.proxy.open() == 0);
}

#[test]
fn a_cut_closes_what_is_there_and_what_comes() {
    let line = Line::new();
    let [client, server] = line.connect();
    line.proxy.cut();
    assert_eq!([reads(&client), reads(&server)], [Ok(0), Ok(0)]);
    let late = TcpStream::connect(line.proxy.address()).unwrap();
    late.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(reads(&late), Ok(0));
    line.proxy.pass();
    let [client, server] = line.connect();
    assert!(carried(&client, &server));
    line.proxy.cut_once();
    assert_eq!([reads(&client), reads(&server)], [Ok(0), Ok(0)]);
    let [client, server] = line.connect();
    assert!(carried(&client, &server));
}

#[test]
fn a_reset_is_an_error_at_both_ends() {
    let line = Line::new();
    let [client, server] = line.connect();
    line.proxy.reset();
    let reset = Err(ErrorKind::ConnectionReset);
    assert_eq!([reads(&client), reads(&server)], [reset, reset]);
}

#[test]
fn silence_keeps_connections_open_and_loses_nothing() {
    let line = Line::new();
    let [mut client, server] = line.connect();
    line.proxy.silence();
    client.write_all(b"ping").unwrap();
    assert!(hears_nothing(&server));
    // Half open: it is accepted, and nobody is there.
    let late = TcpStream::connect(line.proxy.address()).unwrap();
    assert!(hears_nothing(&late));
    line.proxy.pass();
    assert_eq!(reads(&server), Ok(4));
}

#[test]
fn one_direction_can_be_muted() {
    for (muted, other) in
        [(Direction::Replies, Direction::Requests), (Direction::Requests, Direction::Replies)]
    {
        let line = Line::new();
        let [client, server] = line.connect();
        let ends = |direction| {
            if direction == Direction::Requests { (&client, &server) } else { (&server, &client) }
        };
        line.proxy.mute(muted);
        let (from, to) = ends(other);
        assert!(carried(from, to), "{other:?}");
        let (mut from, to) = ends(muted);
        from.write_all(b"ping").unwrap();
        assert!(hears_nothing(to), "{muted:?}");
    }
}

#[test]
fn a_delay_and_a_throttle_take_their_time_and_can_be_cut() {
    let clock = Clock::system();
    let line = Line::new();
    let [client, server] = line.connect();
    line.proxy.delay(IN_VAIN);
    let begin = clock.now();
    assert!(carried(&client, &server));
    assert!(clock.now() - begin >= IN_VAIN);
    line.proxy.throttle(100);
    let begin = clock.now();
    let mut all = [0; 40];
    (&client).write_all(&[1; 40]).unwrap();
    (&server).read_exact(&mut all).unwrap();
    assert!(clock.now() - begin >= IN_VAIN);
    line.proxy.delay(Duration::from_hours(1));
    (&client).write_all(b"ping").unwrap();
    line.proxy.cut();
    wait_for("the connection has ended", || line.proxy.open() == 0);
}

#[test]
fn a_reply_is_lost_after_so_many_bytes() {
    let line = Line::new();
    let [client, mut server] = line.connect();
    assert!(carried(&server, &client));
    line.proxy.drop_reply_after(3);
    assert!(carried(&client, &server), "requests arrive whole");
    server.write_all(b"answer").unwrap();
    let mut received = Vec::new();
    (&client).read_to_end(&mut received).unwrap();
    assert_eq!(received, b"ans");
}

#[test]
fn a_receiver_that_does_not_read_does_not_hold_up_a_cut() {
    let line = Line::new();
    let [client, server] = line.connect();
    client.set_write_timeout(Some(IN_VAIN)).unwrap();
    // Until all buffers are full.
    while (&client).write(&[0; 4096]).is_ok() {}
    line.proxy.cut();
    wait_for("the connection has ended", || line.proxy.open() == 0);
    drop(server);
}

#[test]
fn a_proxy_ends_with_all_its_connections() {
    let line = Line::new();
    let [client, server] = line.connect();
    let address = line.proxy.address();
    drop(line.proxy);
    for end in [&client, &server] {
        assert!(matches!(reads(end), Ok(0) | Err(ErrorKind::ConnectionReset)));
    }
    assert!(TcpStream::connect(address).is_err());
}
