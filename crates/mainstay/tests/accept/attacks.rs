//! Attacks over real sockets. Each one gets a bounded answer or a closed connection, and meanwhile everybody else is
//! served: every request of an honest client succeeds.

use std::net::Ipv4Addr;
use std::time::Duration;

use mainstay::accept::ConnectionSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

use crate::harness::{Server, read_all, read_answer, send, within};

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
const SECOND: Duration = Duration::from_secs(1);

/// Short waits, so that the end of an attack is not what a test takes long over.
fn impatient() -> ConnectionSettings {
    ConnectionSettings {
        header_read_timeout: SECOND,
        keep_alive_timeout: SECOND,
        write_stall_timeout: SECOND,
        http2_ping_interval: SECOND,
        http2_ping_timeout: SECOND,
        ..ConnectionSettings::default()
    }
}

/// Everybody on this machine has as many addresses as they like.
async fn connect_from(server: &Server, host: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, host), 0).into()).unwrap();
    within(socket.connect(server.address)).await.unwrap()
}

/// An honest client with an address of its own, which asks again and again while the attack lasts.
async fn serves_others_during<T>(server: &Server, attack: impl Future<Output = T>) -> T {
    let mut attack = std::pin::pin!(attack);
    let mut outcome = None;
    for round in 0.. {
        let honest = async {
            let mut stream = connect_from(server, 250).await;
            send(&mut stream, GET).await;
            assert!(within(read_all(&mut stream)).await.ends_with("hello"), "request {round} was not served");
        };
        if outcome.is_none() {
            tokio::select! {
                biased;
                done = within(&mut attack) => outcome = Some(done),
                () = honest => continue,
            }
        }
        // Once more when it is over, and at least a few times in all.
        if round >= 10 {
            break;
        }
    }
    outcome.unwrap()
}

/// Waits until only the connections of the honest client could be left.
async fn until_gone(server: &Server) {
    server.until(|figures| figures.open == 0).await;
}

mod floods {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn hundreds_of_dripping_heads_are_cut() {
        let server = Server::start(impatient());
        let attack = async {
            let mut drips = Vec::new();
            for _ in 0..150 {
                drips.push(server.connect().await);
            }
            let mut open = drips.len();
            while open > 0 {
                open = 0;
                for drip in &mut drips {
                    open += usize::from(drip.write_all(b"X").await.is_ok());
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        serves_others_during(&server, attack).await;
        until_gone(&server).await;
        assert!(server.context.connections.snapshot().timed_out >= 150);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_address_cannot_take_the_places_of_others() {
        let settings = ConnectionSettings { max_connections_per_address: 20, ..impatient() };
        let server = Server::start(settings);
        let attack = async {
            let mut working = Vec::new();
            for count in 1..=20 {
                let mut stream = server.connect().await;
                send(&mut stream, "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
                server.drill.until_waiting(count).await;
                working.push(stream);
            }
            for _ in 0..300 {
                let mut turned_away = server.connect().await;
                assert_eq!(read_all(&mut turned_away).await, "");
            }
            assert!(server.context.connections.snapshot().open <= 21);
            server.drill.release.add_permits(20);
            for stream in &mut working {
                assert!(read_answer(stream).await.ends_with("waited"));
            }
        };
        serves_others_during(&server, attack).await;
        assert_eq!(server.context.connections.snapshot().refused_address, 300);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_thousand_idle_connections_give_way() {
        let settings = ConnectionSettings {
            max_connections: 150,
            keep_alive_timeout: Duration::from_mins(1),
            header_read_timeout: Duration::from_mins(1),
            ..ConnectionSettings::default()
        };
        let server = Server::start(settings);
        let attack = async {
            let mut idle = std::collections::VecDeque::new();
            for count in 0..1_000_u32 {
                // From many addresses, so that it is the house that is full.
                idle.push_back(connect_from(&server, u8::try_from(count % 200).unwrap() + 1).await);
                if idle.len() > 300 {
                    idle.pop_front();
                }
                assert!(server.context.connections.snapshot().open <= 150);
            }
        };
        serves_others_during(&server, attack).await;
        until_gone(&server).await;
        let figures = server.context.connections.snapshot();
        assert_eq!(figures.refused_full, 0, "{figures:?}");
        assert!(figures.evicted >= 500, "{figures:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn clients_that_never_read_are_cut() {
        let server = Server::start(impatient());
        let attack = async {
            let mut deaf = Vec::new();
            for _ in 0..50 {
                let mut stream = server.connect().await;
                send(&mut stream, "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
                deaf.push(stream);
            }
            server.until(|figures| figures.accepted >= 50 && figures.open <= 1).await;
        };
        serves_others_during(&server, attack).await;
        until_gone(&server).await;
    }
}

/// HTTP/2 by hand: what a library would never send.
mod frames {
    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const CONTINUATION: u8 = 9;
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;
    /// More than any of these attacks gets through.
    const MUCH: usize = 64 * 1024 * 1024;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        frame
    }

    /// `GET` of a path at `a`, without the dynamic table.
    fn request(path: &str) -> Vec<u8> {
        let mut fields = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        fields.extend_from_slice(path.as_bytes());
        fields.extend_from_slice(&[0x41, 1, b'a']);
        fields
    }

    async fn greet(server: &Server, settings: &[u8]) -> TcpStream {
        let mut stream = server.connect().await;
        send(&mut stream, [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat()).await;
        stream
    }

    /// Sends the same again and again, reading nothing, until the server has cut the connection. Tells how many bytes
    /// it took.
    async fn flood(stream: &mut TcpStream, piece: &[u8]) -> usize {
        let mut sent = 0;
        while sent < MUCH && stream.write_all(piece).await.is_ok() {
            sent += piece.len();
        }
        sent
    }

    /// An attack that tells how many bytes the server took is over before it has taken so many, and leaves nothing.
    async fn is_cut(server: &Server, most: usize, attack: impl Future<Output = usize>) {
        let taken = serves_others_during(server, attack).await;
        assert!(taken < most, "{taken}");
        until_gone(server).await;
    }

    /// As [`flood`], reading all the while what the server says.
    async fn flood_and_read(stream: TcpStream, pieces: impl Iterator<Item = Vec<u8>>) -> usize {
        let (mut reader, mut writer) = stream.into_split();
        let reading = async {
            let mut space = vec![0; 64 * 1024];
            while let Ok(1..) = reader.read(&mut space).await {}
        };
        let writing = async {
            let mut sent = 0;
            for piece in pieces {
                if writer.write_all(&piece).await.is_err() {
                    break;
                }
                sent += piece.len();
            }
            sent
        };
        tokio::join!(reading, writing).1
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn rapid_resets_are_cut_before_they_cost_much() {
        let server = Server::start(impatient());
        let attack = async {
            let stream = greet(&server, &[]).await;
            let fields = request("/wait");
            let resets = (0..1_000_000_u32).map(|index| {
                let id = 2 * index + 1;
                let cancel = 8_u32.to_be_bytes();
                let begin = frame(HEADERS, END_STREAM | END_HEADERS, id, &fields);
                [begin, frame(RST_STREAM, 0, id, &cancel)].concat()
            });
            flood_and_read(stream, resets).await
        };
        is_cut(&server, MUCH / 8, attack).await;
        let begun = server.drill.asked().iter().filter(|path| *path == "/wait").count();
        assert!(begun <= 300, "{begun} requests of a peer that takes no answer reached the handler");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn headers_without_an_end_are_cut() {
        let server = Server::start(impatient());
        let attack = async {
            let mut stream = greet(&server, &[]).await;
            send(&mut stream, frame(HEADERS, END_STREAM, 1, &request("/wait"))).await;
            // A field of a kilobyte, never indexed.
            let mut field = vec![0x10, 1, b'x', 0x7f, 0x81, 0x07];
            field.extend_from_slice(&[b'v'; 1_024]);
            flood(&mut stream, &frame(CONTINUATION, 0, 1, &field)).await
        };
        is_cut(&server, MUCH / 8, attack).await;
        assert!(!server.drill.asked().contains(&"/wait".to_owned()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn empty_continuations_without_an_end_are_cut() {
        let server = Server::start(impatient());
        let attack = async {
            let mut stream = greet(&server, &[]).await;
            send(&mut stream, frame(HEADERS, END_STREAM, 1, &request("/"))).await;
            flood(&mut stream, &frame(CONTINUATION, 0, 1, &[]).repeat(1_000)).await
        };
        is_cut(&server, MUCH, attack).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn pings_and_settings_whose_answers_nobody_reads_are_cut() {
        for piece in [frame(PING, 0, 0, &[7; 8]), frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255])] {
            let server = Server::start(impatient());
            let attack = async {
                let mut stream = greet(&server, &[]).await;
                flood(&mut stream, &piece.repeat(1_000)).await
            };
            is_cut(&server, MUCH, attack).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn empty_data_without_an_end_does_not_hold_a_request_for_ever() {
        let server = Server::start(impatient());
        let attack = async {
            let mut stream = greet(&server, &[]).await;
            let mut fields = request("/refuse");
            fields[0] = 0x83;
            send(&mut stream, frame(HEADERS, END_HEADERS, 1, &fields)).await;
            flood(&mut stream, &frame(DATA, 0, 1, &[]).repeat(1_000)).await
        };
        is_cut(&server, MUCH, attack).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn windows_that_never_open_are_cut() {
        let server = Server::start(impatient());
        let attack = async {
            // SETTINGS_INITIAL_WINDOW_SIZE of nothing at all.
            let mut stream = greet(&server, &[0, 4, 0, 0, 0, 0]).await;
            for index in 0..50 {
                let id = 2 * index + 1;
                send(&mut stream, frame(HEADERS, END_STREAM | END_HEADERS, id, &request("/endless"))).await;
            }
            // It does read, and so takes part in everything but the answers.
            read_all(&mut stream).await
        };
        serves_others_during(&server, attack).await;
        until_gone(&server).await;
    }
}
