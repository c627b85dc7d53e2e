//! `health`.

use std::io::Read as _;
use std::net::TcpListener;

use super::*;

/// Answers one request, and gives the port.
fn answer_one(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    };
    std::thread::Builder::new().spawn(serve).unwrap();
    port
}

fn health(port: u16) -> Ran {
    Shell::new().variable("PORT", &port.to_string()).run(&["health"])
}

#[test]
fn a_service_that_is_ready_is_well() {
    let ran = health(answer_one("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ready\"}"));
    assert_eq!((ran.code, ran.data.as_str()), (0, "{\"status\":\"ready\"}\n"), "{}", ran.talk);
}

#[test]
fn a_service_that_is_not_ready_says_why() {
    let ran = health(answer_one("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"reason\":\"migrating\"}"));
    assert_eq!((ran.code, ran.data.as_str()), (1, "{\"reason\":\"migrating\"}\n"));
}

#[test]
fn nobody_there_is_not_well() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ran = health(port);
    assert_eq!((ran.code, ran.data.as_str()), (1, ""));
    assert!(ran.talk.contains("no connection to 127.0.0.1"), "{}", ran.talk);
}

#[test]
fn a_port_that_nobody_knows_cannot_be_asked() {
    let ran = health(0);
    assert_eq!(ran.code, 2);
    assert!(ran.talk.contains("error[MS0002]"), "{}", ran.talk);
}
