//! `/api/v1/events`

use std::net::SocketAddr;
use std::time::Duration;

use concord::service::Concord;
use http::Method;
use mainstay::Role;
use mainstay_testkit::{Client, TestService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Api, item, on_service};

/// A client that stays.
struct Listener {
    stream: TcpStream,
    heard: String,
}

impl Listener {
    async fn join(client: &Client, last_event_id: Option<u64>) -> Self {
        let last = last_event_id.map_or_else(String::new, |id| format!("Last-Event-ID: {id}\r\n"));
        let token = client.token().unwrap();
        Self::join_with(client.address(), &format!("Authorization: Bearer {token}\r\n{last}")).await
    }

    /// Joins with these header fields.
    async fn join_with(address: SocketAddr, fields: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\n{fields}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut listener = Self { stream, heard: String::new() };
        listener.until("retry: 2000").await;
        listener
    }

    /// Listens until something was said; false when the stream ends before.
    async fn until(&mut self, wanted: &str) -> bool {
        let patient = async {
            while !self.heard.contains(wanted) {
                let mut buffer = [0; 4096];
                match self.stream.read(&mut buffer).await.unwrap() {
                    0 => return false,
                    count => self.heard.push_str(&String::from_utf8_lossy(&buffer[..count])),
                }
            }
            true
        };
        tokio::time::timeout(Duration::from_secs(10), patient).await.unwrap()
    }

    /// The ids so far, in order.
    fn ids(&self) -> Vec<u64> {
        let lines = self.heard.lines().filter_map(|line| line.strip_prefix("id: "));
        lines.map(|id| id.trim().parse().unwrap()).collect()
    }
}

#[tokio::test]
async fn what_happens_is_heard_and_a_client_goes_on_where_it_was() {
    on_service(async |api| {
        api.fill().await;
        let mut live = Listener::join(&api.client, None).await;
        assert!(live.heard.contains("content-type: text/event-stream"), "{}", live.heard);
        api.post("/catalogs/garage/items", &item("mini")).await;
        assert!(live.until("event: item_created").await);
        assert_eq!(live.ids(), [5]);

        let mut later = Listener::join(&api.client, Some(2)).await;
        assert!(later.until("event: item_created").await);
        assert_eq!(later.ids(), [3, 4, 5]);
        let data = later.heard.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
        let happening: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!((&happening["name"], &happening["position"]), (&"mini".into(), &5.into()));
    })
    .await;
}

#[tokio::test]
async fn a_client_of_another_log_is_told_to_begin_anew() {
    on_service(async |api| {
        let mut listener = Listener::join(&api.client, Some(1_000)).await;
        assert!(listener.until("event: reset").await);
        assert_eq!(listener.ids(), [0]);
        let headers = [("last-event-id", "x")];
        assert_eq!(api.send(Method::GET, "/events", &headers, None).await.status, 400);
    })
    .await;
}

/// Whoever is signed out hears nothing more, at once; others hear on.
#[tokio::test]
async fn the_end_of_a_session_ends_its_stream() {
    let service = TestService::start(Concord, &[]).await;
    {
        let mut browser = service.browser_as(Role::Viewer).await;
        let client = service.client_as(Role::Operator).await;
        let fields = format!("Cookie: {}\r\n", browser.cookies());
        let mut theirs = Listener::join_with(client.address(), &fields).await;
        let mut ours = Listener::join(&client, None).await;
        assert_eq!(browser.delete("/api/v1/auth/sessions").await.status, 204);
        // The last chunk: the connection itself may be used again.
        assert!(theirs.until("\r\n0\r\n\r\n").await);
        Api { client }.fill().await;
        assert!(ours.until("event: schema_created").await);
        assert!(!theirs.heard.contains("schema_created"));
    }
    service.stop().await;
}

#[tokio::test]
async fn a_stop_ends_the_stream() {
    let service = TestService::start(Concord, &[]).await;
    let client = service.client_as(Role::Viewer).await;
    let mut listener = Listener::join(&client, None).await;
    let (ended, report) = tokio::join!(listener.until("never said"), service.drain());
    assert!(!ended);
    assert!(report.is_clean(), "{report:?}");
    let _ = Api { client };
}
