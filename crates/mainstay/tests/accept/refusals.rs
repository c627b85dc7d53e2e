//! Refusals of heads that are clear but too large, and bodies that end before their end.

use mainstay::accept::ConnectionSettings;
use tokio::io::AsyncWriteExt;

use crate::harness::{Memory, answers, read_all};

async fn status_of(request: &str) -> String {
    let (answer, drill) = Memory::exchange(ConnectionSettings::default(), request.as_bytes()).await;
    assert_eq!(answers(&answer), 1, "{answer}");
    assert!(answer.contains("\r\nx-request-id: wire\r\n"), "{answer}");
    assert!(drill.asked().is_empty());
    answer["HTTP/1.1 ".len()..].split(' ').next().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn too_large_heads_are_named() {
    let long = "a".repeat(20_000);
    let header = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}{long}\r\n\r\n");
    let fields = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101));
    assert_eq!(status_of(&format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n")).await, "414");
    assert_eq!(status_of(&header).await, "431");
    assert_eq!(status_of(&fields).await, "431");
}

#[tokio::test(start_paused = true)]
async fn the_largest_allowed_head_is_served() {
    let settings = ConnectionSettings::default();
    let target = "a".repeat(settings.max_target_bytes - 100);
    let value = "v".repeat(settings.max_header_bytes as usize - 1_000);
    let fields = "x: y\r\n".repeat(settings.max_header_fields - 3);
    let request =
        format!("GET /{target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nlong: {value}\r\n{fields}\r\n");
    let (answer, drill) = Memory::exchange(settings, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(drill.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_half_request_is_refused_when_its_peer_closes() {
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    memory.stream.shutdown().await.unwrap();
    let answer = read_all(&mut memory.stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_half_body_is_an_error_to_its_reader() {
    let bodies = [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n5\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ];
    for body in bodies {
        let mut memory = Memory::connect(ConnectionSettings::default());
        let request = format!("POST /echo HTTP/1.1\r\nhost: a\r\n{body}");
        memory.stream.write_all(request.as_bytes()).await.unwrap();
        memory.stream.shutdown().await.unwrap();
        let answer = read_all(&mut memory.stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{body}: {answer}");
        assert!(answer.contains("x-request-id: handler"), "{body}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_goes_wrong_later_is_an_error_to_its_reader_and_hides_nothing() {
    let mut memory = Memory::connect(ConnectionSettings::default());
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\ngood\r\n";
    memory.stream.write_all(head.as_bytes()).await.unwrap();
    tokio::task::yield_now().await;
    memory.stream.write_all(b"4\r\nbadGET /hidden HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let answer = read_all(&mut memory.stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(answers(&answer), 1, "{answer}");
    assert_eq!(memory.drill.asked(), ["/echo"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_connection_and_nothing_else() {
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(b"GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(read_all(&mut memory.stream).await, "");
    memory.served.await.unwrap();
    assert_eq!(memory.context.connections.snapshot().open, 0);
}
