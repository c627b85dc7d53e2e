//! Who may be connected.

use mainstay::accept::ConnectionSettings;

use crate::harness::{Server, read_all, read_answer, send, within};

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n";

fn places(all: usize, per_address: usize) -> ConnectionSettings {
    ConnectionSettings {
        max_connections: all,
        max_connections_per_address: per_address,
        ..ConnectionSettings::default()
    }
}

#[tokio::test]
async fn newcomers_are_turned_away_while_every_place_works() {
    for (settings, by_address) in [(places(2, 10), 0), (places(10, 2), 1)] {
        let server = Server::start(settings);
        let mut busy = [server.connect().await, server.connect().await];
        for stream in &mut busy {
            send(stream, WAIT).await;
        }
        server.drill.until_waiting(2).await;

        let mut newcomer = server.connect().await;
        assert_eq!(within(read_all(&mut newcomer)).await, "");
        let figures = server.context.connections.snapshot();
        assert_eq!((figures.open, figures.evicted), (2, 0));
        assert_eq!((figures.refused_full, figures.refused_address), (1 - by_address, by_address));

        server.drill.release.add_permits(2);
        for stream in &mut busy {
            assert!(read_answer(stream).await.ends_with("waited"));
        }
        let mut newcomer = server.connect().await;
        send(&mut newcomer, GET).await;
        assert!(read_answer(&mut newcomer).await.ends_with("hello"));
    }
}

#[tokio::test]
async fn silent_connections_give_way_first_then_idle_ones() {
    let server = Server::start(places(10, 3));
    let mut idle = server.connect().await;
    send(&mut idle, GET).await;
    read_answer(&mut idle).await;
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    send(&mut slow, "GET / HT").await;
    server.until(|figures| figures.open == 3).await;

    // Each newcomer works, so it cannot be the one that gives way to the next.
    let mut newcomers = Vec::new();
    for (count, gives_way) in [&mut silent, &mut slow, &mut idle].into_iter().enumerate() {
        let mut newcomer = server.connect().await;
        send(&mut newcomer, WAIT).await;
        server.drill.until_waiting(count + 1).await;
        assert_eq!(within(read_all(gives_way)).await, "");
        assert_eq!(server.context.connections.snapshot().evicted, count as u64 + 1);
        newcomers.push(newcomer);
    }
    server.drill.release.add_permits(3);
    for newcomer in &mut newcomers {
        assert!(read_answer(newcomer).await.ends_with("waited"));
    }
}

#[tokio::test]
async fn honest_clients_are_served_beside_more_slow_ones_than_there_are_places() {
    let server = Server::start(places(1_000, 50));
    let mut slow = Vec::new();
    for _ in 0..120 {
        let mut stream = server.connect().await;
        send(&mut stream, "GET / HTTP/1.1\r\nx: ").await;
        slow.push(stream);
    }
    for _ in 0..50 {
        let mut honest = server.connect().await;
        send(&mut honest, GET).await;
        assert!(read_answer(&mut honest).await.ends_with("hello"));
    }
    assert_eq!(server.context.connections.snapshot().refused_address, 0);
}

#[tokio::test]
async fn a_place_is_given_back() {
    let server = Server::start(places(10, 1));
    for _ in 0..20 {
        let mut stream = server.connect().await;
        send(&mut stream, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(within(read_all(&mut stream)).await.ends_with("hello"));
        server.until(|figures| figures.open == 0).await;
    }
    let figures = server.context.connections.snapshot();
    assert_eq!((figures.accepted, figures.evicted), (20, 0));
}
