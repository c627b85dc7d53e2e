use std::net::TcpListener;
use std::os::unix::net::UnixStream;

use mainstay_core::settings::{Environment, Reader, Section, read_pairs};

use super::predecessor::{Predecessor, TakeoverError};
use super::{Obstacle, obstacle, wire};
use crate::life::Runtime;

struct Named(Runtime);

impl Section for Named {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self(Runtime::read_named(reader, "sample", &[]))
    }
}

/// The table of [`obstacle`], row by row.
#[test]
fn what_would_be_lost_is_not_handed_over() {
    let of = |pairs: &[(&str, &str)], process| {
        let Named(runtime) = read_pairs(Environment::Development, pairs).settings.unwrap();
        obstacle(&runtime, process)
    };
    assert_eq!(of(&[], 1), Some(Obstacle::FirstProcess));
    assert_eq!(of(&[("DATABASE_URL", "sqlite::memory:")], 2), Some(Obstacle::Database));
    assert_eq!(of(&[("SESSION_STORE", "memory")], 2), Some(Obstacle::Sessions));
    assert_eq!(of(&[], 2), None);
}

#[test]
fn sockets_arrive_with_their_names_and_still_listen() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let sockets = [TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap()];
    let addresses = sockets.each_ref().map(|socket| socket.local_addr().unwrap());
    let [public, management] = sockets.map(Into::into);
    wire::send(&ours, &[("public", public), ("management", management)]).unwrap();
    let received = wire::receive(&theirs).unwrap();
    for ((name, socket), (expected, address)) in
        received.into_iter().zip([("public", addresses[0]), ("management", addresses[1])])
    {
        let listener = TcpListener::from(socket);
        assert_eq!((name.as_str(), listener.local_addr().unwrap()), (expected, address));
        let client = std::net::TcpStream::connect(address).unwrap();
        assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());
    }
}

#[test]
fn who_sends_nothing_or_something_else_is_no_predecessor() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(ours);
    assert!(matches!(Predecessor::at(theirs), Err(TakeoverError::Nothing(_))));
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    std::io::Write::write_all(&mut ours, br#"{"sockets":["public"]}"#).unwrap();
    assert!(matches!(Predecessor::at(theirs), Err(TakeoverError::Nothing(_))));
    let (ours, theirs) = UnixStream::pair().unwrap();
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    wire::send(&ours, &[("public", datagrams.into())]).unwrap();
    assert!(matches!(Predecessor::at(theirs), Err(TakeoverError::Socket(_))));
}
