//! HTTP/2 with prior knowledge.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Reason, RecvStream};
use http::{Request, StatusCode};
use mainstay::accept::ConnectionSettings;
use mainstay_core::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::harness::{CONNECTION_FIELDS, Drill, Memory, read_all};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

struct Client {
    requests: SendRequest<Bytes>,
    /// Ends when the connection does.
    connection: JoinHandle<Result<(), h2::Error>>,
    drill: Drill,
    context: mainstay::accept::Context,
    served: JoinHandle<()>,
}

async fn connect(settings: ConnectionSettings, builder: &Builder) -> Client {
    let Memory { stream, drill, context, served } = Memory::connect(settings);
    let (requests, connection) = builder.handshake(stream).await.unwrap();
    let connection = context.tasks.spawn("client", connection);
    Client { requests, connection, drill, context, served }
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("http://a{path}")).body(()).unwrap()
}

async fn body_of(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

impl Client {
    async fn ask(&mut self, path: &str) -> (StatusCode, Vec<u8>) {
        self.requests.clone().ready().await.unwrap();
        let (answer, _) = self.requests.send_request(get(path), true).unwrap();
        let answer = answer.await.unwrap();
        (answer.status(), body_of(answer.into_body()).await.unwrap())
    }
}

fn is_about(time: Duration, seconds: u64) -> bool {
    let expected = Duration::from_secs(seconds);
    expected <= time && time < expected + Duration::from_secs(2)
}

#[tokio::test(start_paused = true)]
async fn requests_are_answered_side_by_side() {
    let mut client = connect(ConnectionSettings::default(), &Builder::new()).await;
    let (waiting, _) = client.requests.send_request(get("/wait"), true).unwrap();
    assert_eq!(client.ask("/").await, (StatusCode::OK, b"hello".to_vec()));
    client.drill.until_waiting(1).await;
    client.drill.release.add_permits(1);
    let waited = waiting.await.unwrap();
    assert_eq!(body_of(waited.into_body()).await.unwrap(), b"waited");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_is_closed_as_a_silent_one() {
    let clock = Clock::system();
    let start = clock.now();
    let client = connect(ConnectionSettings::default(), &Builder::new()).await;
    client.connection.await.unwrap().unwrap();
    client.served.await.unwrap();
    assert!(is_about(clock.now() - start, 5), "{:?}", clock.now() - start);
    assert_eq!(client.context.connections.snapshot().timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_its_time_and_closed() {
    let clock = Clock::system();
    let mut client = connect(ConnectionSettings::default(), &Builder::new()).await;
    client.ask("/").await;
    sleep(Duration::from_mins(1)).await;
    client.ask("/").await;
    let idle_since = clock.now();
    client.connection.await.unwrap().unwrap();
    assert!(is_about(clock.now() - idle_since, 75), "{:?}", clock.now() - idle_since);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_after_its_preface_is_closed() {
    for start in [PREFACE.to_vec(), [PREFACE, SETTINGS].concat(), [PREFACE, &SETTINGS[..5]].concat()] {
        let clock = Clock::system();
        let begun = clock.now();
        let mut memory = Memory::connect(ConnectionSettings::default());
        memory.stream.write_all(&start).await.unwrap();
        read_all(&mut memory.stream).await;
        memory.served.await.unwrap();
        // The GOAWAY may stay unanswered for the time of a stall before the connection is cut.
        assert!(clock.now() - begun <= Duration::from_secs(36), "{:?}", clock.now() - begun);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_ping_is_cut() {
    let clock = Clock::system();
    let begun = clock.now();
    let mut memory = Memory::connect(ConnectionSettings::default());
    // HEADERS on stream 1: GET /wait, with literals that are not indexed.
    let mut fields = vec![0x82, 0x86, 0x04, 5];
    fields.extend_from_slice(b"/wait");
    fields.extend_from_slice(&[0x41, 1, b'a']);
    let length = u8::try_from(fields.len()).unwrap();
    let headers = [&[0, 0, length, 1, 5, 0, 0, 0, 1], fields.as_slice()].concat();
    memory.stream.write_all(&[PREFACE, SETTINGS, &headers].concat()).await.unwrap();
    memory.drill.until_waiting(1).await;
    memory.served.await.unwrap();
    assert!(is_about(clock.now() - begun, 30), "{:?}", clock.now() - begun);
    memory.drill.abandoned.subscribe().wait_for(|count| *count == 1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_is_reset_and_its_neighbours_live() {
    let clock = Clock::system();
    let begun = clock.now();
    let mut builder = Builder::new();
    builder.initial_window_size(1_000);
    let mut client = connect(ConnectionSettings::default(), &builder).await;
    let (stalled, _) = client.requests.send_request(get("/endless"), true).unwrap();
    let stalled = stalled.await.unwrap();
    let (working, _) = client.requests.send_request(get("/wait"), true).unwrap();
    client.drill.until_waiting(1).await;

    // The window is never opened, so the answer ends after the first window with a reset.
    let error = body_of(stalled.into_body()).await.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CANCEL));
    assert!(clock.now() - begun <= Duration::from_secs(61), "{:?}", clock.now() - begun);

    client.drill.release.add_permits(1);
    assert_eq!(working.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn more_streams_than_allowed_wait_for_their_turn() {
    let settings = ConnectionSettings { http2_max_streams: 2, ..ConnectionSettings::default() };
    let mut client = connect(settings, &Builder::new()).await;
    // The first answer shows that the server's settings have arrived.
    client.ask("/").await;
    let answers: Vec<_> = (0..5)
        .map(|_| client.requests.send_request(get("/wait"), true))
        .take_while(Result::is_ok)
        .map(|sent| sent.unwrap().0)
        .collect();
    client.drill.until_waiting(2).await;
    assert_eq!(*client.drill.waiting.borrow(), 2);
    client.drill.release.add_permits(5);
    for answer in answers {
        assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test(start_paused = true)]
async fn rapid_resets_end_the_connection() {
    let client = connect(ConnectionSettings::default(), &Builder::new()).await;
    let mut sent = 0;
    while sent < 10_000 {
        let Ok(mut ready) = client.requests.clone().ready().await else { break };
        let Ok((_, mut stream)) = ready.send_request(get("/wait"), false) else { break };
        sent += 1;
        // Each request reaches its handler before it is reset: this is not the flood that h2 itself counts.
        let ended = async {
            while !client.connection.is_finished() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = client.drill.until_waiting(sent) => {}
            () = ended => break,
        }
        stream.send_reset(Reason::CANCEL);
    }
    assert!((100..200).contains(&sent), "{sent}");
    client.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_header_list_far_beyond_the_limit_is_refused() {
    let mut client = connect(ConnectionSettings::default(), &Builder::new()).await;
    // Up to twice the limit it is read, so that whoever answers can say why not; more is not even read.
    let request = Request::get("http://a/").header("x", "v".repeat(100_000)).body(()).unwrap();
    let (answer, _) = client.requests.send_request(request, true).unwrap();
    match answer.await {
        Ok(answer) => assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        Err(error) => assert!(error.is_reset() || error.is_go_away(), "{error}"),
    }
    assert!(client.drill.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn stopping_says_goaway_and_finishes_what_is_in_hand() {
    let mut client = connect(ConnectionSettings::default(), &Builder::new()).await;
    let (waiting, _) = client.requests.send_request(get("/wait"), true).unwrap();
    client.drill.until_waiting(1).await;
    client.context.shutdown.begin();
    // Long enough for the GOAWAY to arrive; time is paused.
    sleep(Duration::from_secs(1)).await;
    assert!(client.requests.clone().ready().await.is_err(), "a new request is not taken any more");
    client.drill.release.add_permits(1);
    let answer = waiting.await.unwrap();
    assert_eq!(body_of(answer.into_body()).await.unwrap(), b"waited");
    client.connection.await.unwrap().unwrap();
    client.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_forced_stop_cuts_streams_too() {
    let mut client = connect(ConnectionSettings::default(), &Builder::new()).await;
    let (waiting, _) = client.requests.send_request(get("/wait"), true).unwrap();
    client.drill.until_waiting(1).await;
    client.context.shutdown.force();
    client.served.await.unwrap();
    assert!(waiting.await.is_err());
    client.drill.abandoned.subscribe().wait_for(|count| *count == 1).await.unwrap();
    client.connection.await.unwrap().ok();
    client.context.tasks.finished().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_resets_its_stream_and_nothing_else() {
    let mut client = connect(ConnectionSettings::default(), &Builder::new()).await;
    let (answer, _) = client.requests.send_request(get("/panic"), true).unwrap();
    assert!(answer.await.is_err());
    assert_eq!(client.ask("/").await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn http_1_on_the_same_port_is_recognised_late() {
    // The first byte is that of the preface as well.
    let mut memory = Memory::connect(ConnectionSettings::default());
    memory.stream.write_all(b"P").await.unwrap();
    tokio::task::yield_now().await;
    memory.stream.write_all(b"OST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
    let mut answer = vec![0; 15];
    memory.stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200 OK");
}

/// A request for `/` with a field of its own, as the frame of the first stream: names and values as they are.
fn head_with(name: &str, value: &str) -> Vec<u8> {
    // GET, http, `/` by their numbers in the static table, then `:authority` and the field as literals.
    let mut block = vec![0x82, 0x86, 0x84, 0x01, 1, b'a', 0x00];
    for text in [name, value] {
        block.push(u8::try_from(text.len()).unwrap());
        block.extend_from_slice(text.as_bytes());
    }
    let length = u8::try_from(block.len()).unwrap();
    // HEADERS, END_STREAM and END_HEADERS, stream 1.
    [&[0, 0, length, 1, 0x05, 0, 0, 0, 1], block.as_slice()].concat()
}

/// The types of the frames of the first stream, and what a reset of it says.
fn frames_of_first_stream(bytes: &[u8]) -> (Vec<u8>, Option<u32>) {
    let (mut rest, mut types, mut reset) = (bytes, Vec::new(), None);
    while let [a, b, c, kind, _, 0, 0, 0, stream, after @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if *stream == 1 {
            types.push(*kind);
            if let (3, [a, b, c, d, ..]) = (kind, after) {
                reset = Some(u32::from_be_bytes([*a, *b, *c, *d]));
            }
        }
        rest = after.get(length..).unwrap_or_default();
    }
    (types, reset)
}

#[tokio::test(start_paused = true)]
async fn requests_with_fields_of_a_connection_are_refused() {
    for (name, value) in CONNECTION_FIELDS.iter().chain(&[("te", "gzip")]) {
        let Memory { mut stream, drill, served, .. } = Memory::connect(ConnectionSettings::default());
        stream.write_all(&[PREFACE, SETTINGS, &head_with(name, value)].concat()).await.unwrap();
        let mut bytes = vec![0; 16 * 1024];
        let mut filled = 0;
        // Until the answer or the reset of the stream, or the end of the connection.
        while frames_of_first_stream(&bytes[..filled]).0.is_empty() {
            match stream.read(&mut bytes[filled..]).await.unwrap() {
                0 => break,
                count => filled += count,
            }
        }
        let (types, reset) = frames_of_first_stream(&bytes[..filled]);
        assert_eq!((types, reset), (vec![3], Some(u32::from(Reason::PROTOCOL_ERROR))), "{name}");
        assert_eq!(drill.asked(), [""; 0], "{name}");
        drop(stream);
        served.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn answers_have_no_fields_of_a_connection() {
    let mut client = connect(ConnectionSettings::default(), &Builder::new()).await;
    client.requests.clone().ready().await.unwrap();
    let (answer, _) = client.requests.send_request(get("/connection"), true).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    for (name, _) in CONNECTION_FIELDS {
        assert!(!answer.headers().contains_key(*name), "{name}: {:?}", answer.headers());
    }
}
