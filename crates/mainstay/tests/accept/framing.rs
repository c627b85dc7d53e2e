//! Heads that two parsers could read in two ways.
//!
//! Each case is followed by a second request. Were the first one not refused, or the connection not closed behind
//! it, the handler would see that hidden request.

use mainstay::accept::ConnectionSettings;

use crate::harness::{Memory, answers};

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n";

async fn is_refused(name: &str, request: &str) {
    let wire = format!("{request}{HIDDEN}");
    let (answer, drill) = Memory::exchange(ConnectionSettings::default(), wire.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{name}: {answer}");
    assert!(answer.contains("\r\nx-request-id: wire\r\n"), "{name}: not in our envelope: {answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{name}: {answer}");
    assert_eq!(answers(&answer), 1, "{name}: {answer}");
    assert_eq!(drill.asked(), Vec::<String>::new(), "{name}");
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nhost: a\r\n{fields}\r\n\r\n{body}")
}

#[tokio::test(start_paused = true)]
async fn every_ambiguous_head_is_refused_and_hides_no_request() {
    let chunked = "0\r\n\r\n";
    let cases = [
        ("length, then coding", post("content-length: 5\r\ntransfer-encoding: chunked", chunked)),
        ("coding, then length", post("transfer-encoding: chunked\r\ncontent-length: 5", chunked)),
        ("odd case", post("Content-LENGTH: 5\r\nTRANSFER-encoding: Chunked", chunked)),
        ("two equal lengths", post("content-length: 5\r\ncontent-length: 5", "12345")),
        ("two lengths", post("content-length: 5\r\ncontent-length: 0", "12345")),
        ("list of lengths", post("content-length: 5, 5", "12345")),
        ("plus", post("content-length: +5", "12345")),
        ("minus", post("content-length: -5", "12345")),
        ("hexadecimal length", post("content-length: 0x5", "12345")),
        ("space within the length", post("content-length: 1 1", "12345678901")),
        ("empty length", post("content-length:", "")),
        ("length beyond 64 bits", post("content-length: 18446744073709551616", "")),
        ("two codings", post("transfer-encoding: chunked\r\ntransfer-encoding: chunked", chunked)),
        ("unknown coding", post("transfer-encoding: xchunked", chunked)),
        ("chunked is not last", post("transfer-encoding: chunked, identity", chunked)),
        ("coding under chunked", post("transfer-encoding: gzip, chunked", chunked)),
        ("identity", post("transfer-encoding: identity", "")),
        ("empty coding", post("transfer-encoding:", "")),
        ("quoted coding", post("transfer-encoding: \"chunked\"", chunked)),
        ("vertical tab before the coding", post("transfer-encoding: \u{b}chunked", chunked)),
        ("space before the colon", post("transfer-encoding : chunked", chunked)),
        ("space before the name", post(" transfer-encoding: chunked", chunked)),
        ("folded line", post("x: a\r\n transfer-encoding: chunked", chunked)),
        ("folded coding", post("transfer-encoding:\r\n chunked", chunked)),
        ("no colon", post("transfer-encoding", chunked)),
        ("empty name", post(": chunked", chunked)),
        ("NUL in a value", post("x: a\0b", "")),
        ("lone CR in a value", post("x: a\rcontent-length: 5", "12345")),
        ("lone CR before the end of a line", post("x: a\r\r\ncontent-length: 5", "12345")),
        ("bare LF ends a field", post("x: a\ncontent-length: 5", "12345")),
        ("bare LF ends the head", "GET / HTTP/1.1\r\nhost: a\n\n".to_owned()),
        ("bare LF ends the request line", "GET / HTTP/1.1\nhost: a\r\n\r\n".to_owned()),
        (
            "chunked in HTTP/1.0",
            "POST /echo HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        ),
        ("no version", "GET /\r\nhost: a\r\n\r\n".to_owned()),
        ("unknown version", "GET / HTTP/1.2\r\nhost: a\r\n\r\n".to_owned()),
        ("HTTP/2 in words", "GET / HTTP/2.0\r\nhost: a\r\n\r\n".to_owned()),
        ("two spaces", "GET  / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        ("space in the target", "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        ("tab in the request line", "GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        ("method is no token", "G@T / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        ("target that is none", "GET :// HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        ("two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0".to_owned()),
        ("chunk size is no number", post("transfer-encoding: chunked", "zz\r\n")),
        ("chunk size is signed", post("transfer-encoding: chunked", "+5\r\n12345\r\n0\r\n\r\n")),
        ("chunk size has a prefix", post("transfer-encoding: chunked", "0x5\r\n12345\r\n0\r\n\r\n")),
        ("chunk size beyond 64 bits", post("transfer-encoding: chunked", "10000000000000000\r\n")),
        ("chunk size ends in LF", post("transfer-encoding: chunked", "5\n12345\r\n0\r\n\r\n")),
        ("LF in a chunk extension", post("transfer-encoding: chunked", "5;a\n12345\r\n0\r\n\r\n")),
        ("chunk is longer than it says", post("transfer-encoding: chunked", "4\r\n12345\r\n0\r\n\r\n")),
        ("empty chunk size", post("transfer-encoding: chunked", "\r\n\r\n")),
    ];
    for (name, request) in cases {
        is_refused(name, &request).await;
    }
}

#[tokio::test(start_paused = true)]
async fn unambiguous_requests_follow_one_another() {
    let wire = [
        post("content-length: 5", "first"),
        "\r\n".to_owned(),
        post("Transfer-Encoding:\tCHUNKED ", "6;name=\"v\"\r\nsecond\r\n0;x\r\nTrailer: t\r\n\r\n"),
        post("content-length: 0", ""),
        post("transfer-encoding: chunked", "005\r\nthird\r\n0\r\n\r\n"),
        "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        "GET /empty HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        "GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_owned(),
        HIDDEN.to_owned(),
    ]
    .concat();
    let (answer, drill) = Memory::exchange(ConnectionSettings::default(), wire.as_bytes()).await;
    assert_eq!(drill.asked(), ["/echo", "/echo", "/echo", "/echo", "/", "/empty", "/last"]);
    assert_eq!(answers(&answer), 7, "{answer}");
    for body in ["\r\n\r\nfirst", "\r\n\r\nsecond", "\r\n\r\nthird", "\r\n\r\nhello"] {
        assert!(answer.contains(body), "{body:?} in {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_mean_the_same_however_they_are_cut() {
    use tokio::io::AsyncWriteExt;

    use crate::harness::read_all;

    let wire = [
        post("transfer-encoding: chunked", "4\r\nwhol\r\n1;a=b\r\ne\r\n0\r\nx: y\r\n\r\n"),
        post("content-length: 5", "sized"),
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_owned(),
    ]
    .concat();
    for size in [1, 2, 3, 7, 64] {
        let mut memory = Memory::connect(ConnectionSettings::default());
        for piece in wire.as_bytes().chunks(size) {
            memory.stream.write_all(piece).await.unwrap();
            // The server's task runs before the next piece comes.
            tokio::task::yield_now().await;
        }
        let answer = read_all(&mut memory.stream).await;
        assert_eq!(memory.drill.asked(), ["/echo", "/echo", "/"], "pieces of {size}");
        assert!(answer.contains("\r\n\r\nwholeHTTP") && answer.contains("\r\n\r\nsizedHTTP"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_waits_for_the_answers_before_it() {
    let wire = format!("{}GET / HTTP/1.1\nhost: a\n\n", post("content-length: 5", "first"));
    let (answer, drill) = Memory::exchange(ConnectionSettings::default(), wire.as_bytes()).await;
    assert_eq!(drill.asked(), ["/echo"]);
    let (first, second) = answer.split_once("first").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(second.starts_with("HTTP/1.1 400 "), "{answer}");
}
