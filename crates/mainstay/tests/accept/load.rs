//! Many clients at once on several threads: nothing hangs, nothing is mixed up, everything is given back.

use mainstay::accept::ConnectionSettings;
use tokio::io::AsyncReadExt;

use crate::harness::{Server, send, within};

const CLIENTS: usize = 40;
const ROUNDS: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_gets_its_own_answers() {
    let server = Server::start(ConnectionSettings::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let address = server.address;
            server.context.tasks.spawn("client", async move {
                let mut stream = within(tokio::net::TcpStream::connect(address)).await.unwrap();
                for round in 0..ROUNDS {
                    converse(&mut stream, &format!("{client}.{round}.")).await;
                }
            })
        })
        .collect();
    for client in clients {
        within(client).await.unwrap();
    }
    assert_eq!(server.drill.asked().len(), CLIENTS * ROUNDS * 3);
    server.until(|figures| figures.open == 0).await;
    server.context.shutdown.begin();
    server.served().await;
}

/// Three requests in one go: a sized body, a chunked one, none.
async fn converse(stream: &mut tokio::net::TcpStream, mark: &str) {
    let large = mark.repeat(5_000);
    let length = large.len();
    let sized = format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{large}");
    let chunked = format!(
        "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{mark}\r\n0\r\n\r\n",
        mark.len()
    );
    send(stream, format!("{sized}{chunked}GET / HTTP/1.1\r\nhost: a\r\n\r\n")).await;
    let mut answers = String::new();
    while !answers.ends_with("\r\n\r\nhello") {
        let mut space = vec![0; 64 * 1024];
        let count = within(stream.read(&mut space)).await.unwrap();
        assert!(count > 0, "the connection was closed after {answers}");
        answers.push_str(std::str::from_utf8(&space[..count]).unwrap());
    }
    let bodies: Vec<_> = answers.split("HTTP/1.1 200 OK\r\n").skip(1).map(body_of).collect();
    assert_eq!(bodies, [large.as_str(), mark, "hello"]);
}

fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}
