//! An answer to a request that is still arriving can be read.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use mainstay::accept::{ConnectionSettings, Linger};
use tokio::io::AsyncReadExt;

use crate::harness::{FOREVER, Server, read_all, send, within};

const BODY_BYTES: usize = 20 * 1024 * 1024;

/// The simplest client there is: writes all of it, then reads.
fn write_then_read(address: SocketAddr, head: &str, frame: impl Fn(&[u8]) -> Vec<u8>, end: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(FOREVER)).unwrap();
    stream.set_write_timeout(Some(FOREVER)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let piece = frame(&vec![b'x'; 64 * 1024]);
    for _ in 0..BODY_BYTES / (64 * 1024) {
        stream.write_all(&piece).unwrap();
    }
    stream.write_all(end).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

async fn posted(path: &'static str, chunked: bool) -> (String, Server) {
    let server = Server::start(ConnectionSettings::default());
    let address = server.address;
    let client = move || {
        if chunked {
            let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
            let frame = |piece: &[u8]| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
            write_then_read(address, &head, frame, b"0\r\n\r\n")
        } else {
            let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {BODY_BYTES}\r\n\r\n");
            write_then_read(address, &head, <[u8]>::to_vec, b"")
        }
    };
    let answer = within(server.context.tasks.spawn_blocking("client", client)).await.unwrap();
    (answer, server)
}

#[tokio::test]
async fn an_early_refusal_reaches_a_client_that_writes_everything_first() {
    for chunked in [false, true] {
        let (answer, server) = posted("/refuse", chunked).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert!(answer.ends_with("too large"), "{answer}");
        // The client has closed, and so the lingering ends.
        server.until(|figures| figures.open == 0).await;
    }
}

#[tokio::test]
async fn a_refused_head_reaches_a_client_that_writes_everything_first() {
    let server = Server::start(ConnectionSettings::default());
    let address = server.address;
    let client = move || {
        let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n";
        write_then_read(address, head, <[u8]>::to_vec, b"")
    };
    let answer = within(server.context.tasks.spawn_blocking("client", client)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("x-request-id: wire"), "{answer}");
    assert!(server.drill.asked().is_empty());
}

#[tokio::test]
async fn lingering_is_bounded() {
    let bounds = [
        Linger { idle: Duration::from_millis(100), ..Linger::default() },
        Linger { total: Duration::from_millis(100), ..Linger::default() },
        Linger { bytes: 0, ..Linger::default() },
    ];
    for linger in bounds {
        let server = Server::start(ConnectionSettings { linger, ..ConnectionSettings::default() });
        let mut stream = server.connect().await;
        send(&mut stream, "POST /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n").await;
        let answer = within(read_all(&mut stream)).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        // The client neither sends nor closes.
        server.until(|figures| figures.open == 0).await;
    }
}

#[tokio::test]
async fn a_small_body_that_nobody_read_does_not_cost_the_connection() {
    let server = Server::start(ConnectionSettings::default());
    let mut stream = server.connect().await;
    for _ in 0..3 {
        send(&mut stream, "POST /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nsmall").await;
        let mut answer = String::new();
        while !answer.ends_with("too large") {
            let mut byte = [0];
            within(stream.read_exact(&mut byte)).await.unwrap();
            answer.push(char::from(byte[0]));
        }
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    assert_eq!(server.drill.asked().len(), 3);
}
