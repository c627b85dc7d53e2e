//! Redis.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use mainstay_servers::Redis;

/// The first line of the answer to the last command.
fn ask(mut stream: impl Read + Write, password: &str, command: &str) -> String {
    write!(stream, "AUTH {password}\r\n{command}\r\n").unwrap();
    BufReader::new(stream).lines().nth(1).unwrap().unwrap()
}

#[test]
fn it_demands_its_password_and_answers_by_port_and_socket() {
    let redis = Redis::start();
    let tcp = || TcpStream::connect(redis.address()).unwrap();
    assert_eq!(ask(tcp(), redis.password(), "SET a 1"), "+OK");
    assert_eq!(ask(UnixStream::connect(redis.socket()).unwrap(), redis.password(), "EXISTS a"), ":1");
    assert!(ask(tcp(), "wrong", "EXISTS a").starts_with("-NOAUTH"));
    assert!(
        redis.url().starts_with("redis://:") && redis.url().ends_with(&format!("@{}/0", redis.address()))
    );
}

#[test]
fn it_comes_back_empty_on_the_same_port() {
    let redis = Redis::start();
    let tcp = || TcpStream::connect(redis.address()).unwrap();
    assert_eq!(ask(tcp(), redis.password(), "SET a 1"), "+OK");
    redis.kill();
    assert!(TcpStream::connect(redis.address()).is_err());
    redis.start_again();
    assert_eq!(ask(tcp(), redis.password(), "EXISTS a"), ":0");
    redis.pause();
    let waiting = tcp();
    redis.resume();
    assert_eq!(ask(waiting, redis.password(), "PING"), "+PONG");
}
