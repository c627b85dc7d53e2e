//! Every wait for a peer has an end. Time is paused: it moves only when everybody waits.

use std::time::Duration;

use mainstay::accept::ConnectionSettings;
use mainstay_core::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use crate::harness::{Memory, read_all, read_answer};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// Connects, sends some bytes, and tells what came back and how long the connection was kept.
async fn kept(bytes: &[u8]) -> (String, Duration) {
    let clock = Clock::system();
    let start = clock.now();
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(bytes).await.unwrap();
    let answer = read_all(&mut memory.stream).await;
    memory.served.await.unwrap();
    let figures = memory.context.connections.snapshot();
    assert_eq!((figures.open, figures.timed_out), (0, 1), "{answer}");
    (answer, clock.now() - start)
}

fn is_about(time: Duration, seconds: u64) -> bool {
    let expected = Duration::from_secs(seconds);
    expected <= time && time < expected + Duration::from_secs(1)
}

#[tokio::test(start_paused = true)]
async fn silence_is_closed_without_a_word() {
    let (answer, time) = kept(b"").await;
    assert_eq!(answer, "");
    assert!(is_about(time, 5), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn half_a_preface_is_closed_without_a_word() {
    let (answer, time) = kept(b"PRI * HTTP/2.0\r\n\r\nS").await;
    assert_eq!(answer, "");
    assert!(is_about(time, 5), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_answered_with_408() {
    for part in ["G", "GET / HT", "GET / HTTP/1.1\r\nhost: a\r\nx"] {
        let (answer, time) = kept(part.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{part}: {answer}");
        assert!(is_about(time, 5), "{part}: {time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dripping_does_not_prolong_the_wait() {
    let clock = Clock::system();
    let start = clock.now();
    let Memory { mut stream, context, served, .. } = Memory::connect(ConnectionSettings::default());
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    let drip = async {
        // The end of this is the server's: writing fails when it has closed.
        while writer.write_all(b"G").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let answer = tokio::select! {
        answer = read_all(&mut reader) => answer,
        () = drip => String::new(),
    };
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(is_about(clock.now() - start, 5), "{:?}", clock.now() - start);
    served.await.unwrap();
    assert_eq!(context.connections.snapshot().timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_its_time_and_closed() {
    let clock = Clock::system();
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(GET).await.unwrap();
    read_answer(&mut memory.stream).await;
    // Far beyond the bound on a head, and another request is still welcome.
    sleep(Duration::from_mins(1)).await;
    memory.stream.write_all(GET).await.unwrap();
    read_answer(&mut memory.stream).await;
    let idle_since = clock.now();
    assert_eq!(read_all(&mut memory.stream).await, "");
    assert!(is_about(clock.now() - idle_since, 75), "{:?}", clock.now() - idle_since);
}

#[tokio::test(start_paused = true)]
async fn the_first_byte_of_a_later_head_starts_the_bound_on_heads() {
    let clock = Clock::system();
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(GET).await.unwrap();
    read_answer(&mut memory.stream).await;
    sleep(Duration::from_mins(1)).await;
    memory.stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let begun = clock.now();
    let answer = read_all(&mut memory.stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(is_about(clock.now() - begun, 5), "{:?}", clock.now() - begun);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_cut() {
    let clock = Clock::system();
    let start = clock.now();
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    memory.served.await.unwrap();
    assert!(is_about(clock.now() - start, 30), "{:?}", clock.now() - start);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_is_served_on() {
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    for _ in 0..20 {
        sleep(Duration::from_secs(20)).await;
        let mut space = [0; 16 * 1024];
        memory.stream.read_exact(&mut space).await.unwrap();
    }
    assert!(!memory.served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_its_side_is_answered_for_a_while() {
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    memory.stream.shutdown().await.unwrap();
    memory.drill.until_waiting(1).await;
    sleep(Duration::from_secs(3)).await;
    memory.drill.release.add_permits(1);
    let answer = read_all(&mut memory.stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("waited"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn work_for_a_peer_that_has_left_is_given_up() {
    let clock = Clock::system();
    let start = clock.now();
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    memory.stream.shutdown().await.unwrap();
    memory.drill.abandoned.subscribe().wait_for(|count| *count == 1).await.unwrap();
    assert!(is_about(clock.now() - start, 5), "{:?}", clock.now() - start);
    memory.served.await.unwrap();
}
