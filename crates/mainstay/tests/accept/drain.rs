//! Stopping.

use std::time::Duration;

use mainstay::accept::{self, ConnectionSettings};
use mainstay_core::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use crate::harness::{Memory, Server, read_all, read_answer, send, within};

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn requests_in_hand_are_finished_and_say_close() {
    let server = Server::start(ConnectionSettings::default());
    let mut busy = server.connect().await;
    send(&mut busy, WAIT).await;
    server.drill.until_waiting(1).await;

    server.context.shutdown.begin();
    server.drill.release.add_permits(1);
    let answer = within(read_all(&mut busy)).await;
    assert!(answer.ends_with("waited"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    server.served().await;
}

#[tokio::test]
async fn idle_connections_are_closed_at_once_and_the_listener_with_them() {
    let server = Server::start(ConnectionSettings::default());
    let address = server.address;
    let mut idle = server.connect().await;
    send(&mut idle, GET).await;
    read_answer(&mut idle).await;

    server.context.shutdown.begin();
    assert_eq!(within(read_all(&mut idle)).await, "");
    server.served().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn before_it_stops_everybody_is_served_once_more() {
    let server = Server::start(ConnectionSettings::default());
    let mut early = server.connect().await;
    send(&mut early, GET).await;
    assert!(!read_answer(&mut early).await.contains("connection: close"));

    server.context.farewell.begin();
    // Whoever is there already, and whoever comes now: one answer each, and no connection closed without one.
    let mut late = server.connect().await;
    for stream in [&mut early, &mut late] {
        send(stream, GET).await;
        let answer = within(read_all(stream)).await;
        assert!(answer.ends_with("hello") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
    server.context.shutdown.begin();
    server.served().await;
}

#[tokio::test]
async fn a_listener_that_is_handed_over_leaves_its_queue_to_the_other() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = accept::adopt(other.try_clone().unwrap()).unwrap();
    let server = Server::start_at(listener, ConnectionSettings::default());
    let mut kept = server.connect().await;
    send(&mut kept, GET).await;
    read_answer(&mut kept).await;
    server.context.farewell.hand_over();
    // It still answers who is connected, and only them.
    send(&mut kept, GET).await;
    assert!(within(read_all(&mut kept)).await.contains("connection: close"));
    let mut newcomer = server.connect().await;
    // In the queue that both share, and nobody else takes it out.
    let (ours, _) = accept::adopt(other).unwrap().accept().await.unwrap();
    drop(ours);
    assert_eq!(within(read_all(&mut newcomer)).await, "");
    assert_eq!(server.drill.asked().len(), 2);
    // All its connections have ended: so has it, without being told to stop.
    server.served().await;
}

#[tokio::test]
async fn only_a_loop_that_turns_answers_its_pulse() {
    let server = Server::start(ConnectionSettings::default());
    let pulse = server.context.pulse.clone();
    // The first question finds nothing unanswered. On this single thread nothing answers it before this task waits.
    assert!(pulse.ask());
    assert!(!pulse.ask());
    within(async {
        while !pulse.ask() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.context.shutdown.begin();
    server.served().await;
    // One that has ended owes nothing.
    assert!(pulse.ask() && pulse.ask());
}

#[tokio::test]
async fn a_head_that_has_begun_is_still_served() {
    let server = Server::start(ConnectionSettings::default());
    let mut first = server.connect().await;
    let mut later = server.connect().await;
    send(&mut later, GET).await;
    read_answer(&mut later).await;
    // The answer to the second request proves that the first bytes of the two heads have been read before the
    // stop: all three come on the same connection or before it.
    send(&mut first, &GET[..10]).await;
    send(&mut later, &GET[..10]).await;
    let mut probe = server.connect().await;
    send(&mut probe, WAIT).await;
    server.drill.until_waiting(1).await;

    server.context.shutdown.begin();
    for stream in [&mut first, &mut later] {
        send(stream, &GET[10..]).await;
        let answer = within(read_all(stream)).await;
        assert!(answer.ends_with("hello") && answer.contains("connection: close"), "{answer}");
    }
    server.drill.release.add_permits(1);
    server.served().await;
}

#[tokio::test]
async fn who_stands_in_the_queue_is_still_served() {
    let server = Server::start(ConnectionSettings::default());
    // This task does not yield before the stop, so on its single thread nothing has been accepted yet.
    let mut streams: Vec<_> = (0..20)
        .map(|_| {
            use std::io::Write;
            let mut stream = std::net::TcpStream::connect(server.address).unwrap();
            stream.write_all(GET.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            tokio::net::TcpStream::from_std(stream).unwrap()
        })
        .collect();
    server.context.shutdown.begin();
    for stream in &mut streams {
        let answer = within(read_all(stream)).await;
        assert!(answer.ends_with("hello"), "{answer}");
    }
    server.served().await;
}

#[tokio::test]
async fn a_newcomer_without_a_word_delays_the_stop_for_a_moment_only() {
    let server = Server::start(ConnectionSettings::default());
    let mut silent = server.connect().await;
    server.until(|figures| figures.open == 1).await;
    server.context.shutdown.begin();
    assert_eq!(within(read_all(&mut silent)).await, "");
    server.served().await;
}

#[tokio::test]
async fn a_forced_stop_cuts_what_is_left() {
    let server = Server::start(ConnectionSettings::default());
    let mut busy = server.connect().await;
    send(&mut busy, WAIT).await;
    server.drill.until_waiting(1).await;
    let mut streaming = server.connect().await;
    send(&mut streaming, "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
    within(streaming.read_u8()).await.unwrap();

    server.context.shutdown.begin();
    server.context.shutdown.force();
    assert_eq!(within(read_all(&mut busy)).await, "");
    within(server.drill.abandoned.subscribe().wait_for(|count| *count == 1)).await.unwrap();
    server.served().await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_on_after_its_answer_does_not_delay_the_stop() {
    let clock = Clock::system();
    let mut memory = Memory::connect(ConnectionSettings::default());
    send(&mut memory.stream, "POST /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n").await;
    assert!(read_all(&mut memory.stream).await.starts_with("HTTP/1.1 413 "));
    memory.context.shutdown.begin();
    let begun = clock.now();
    while memory.stream.write_all(b"x").await.is_ok() {
        sleep(Duration::from_secs(1)).await;
    }
    memory.served.await.unwrap();
    assert!(clock.now() - begun <= Duration::from_secs(7), "{:?}", clock.now() - begun);
}
