//! Directories that are not there, say nothing, or babble.

use std::sync::Arc;

use mainstay_core::Tasks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::*;
use crate::identity::tests::PASSWORD;

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://127.0.0.1:{}", listener.local_addr().unwrap().port());
    (listener, url)
}

#[tokio::test]
async fn nobody_there() {
    let (listener, url) = listener().await;
    drop(listener);
    let refused = ask(settings(&url), "alice", PASSWORD).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Unavailable(_)), "{refused:?}");
}

#[tokio::test]
async fn silence_ends_in_time() {
    let (_listener, url) = listener().await;
    let impatient = LdapSettings { timeout: Duration::from_millis(100), ..settings(&url) };
    let refused = ask(impatient, "alice", PASSWORD).await.unwrap_err();
    assert!(matches!(refused, ProviderError::TimedOut(_)), "{refused:?}");
}

#[tokio::test]
async fn babble_is_an_error_and_no_panic() {
    let bind_response_of_text = b"\x30\x0c\x02\x01\x01\x61\x07\x04\x01\x00\x04\x00\x04\x00";
    let empty_sequence = b"\x30\x00";
    let other_number = b"\x30\x0c\x02\x01\x63\x61\x07\x0a\x01\x00\x04\x00\x04\x00";
    for answer in
        [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", bind_response_of_text, empty_sequence, other_number]
    {
        let (listener, url) = listener().await;
        let answering = Tasks::new().spawn("directory", async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 512];
            assert!(socket.read(&mut request).await.unwrap() > 0);
            socket.write_all(answer).await.unwrap();
        });
        let impatient = LdapSettings { timeout: Duration::from_secs(2), ..settings(&url) };
        let refused = ask(impatient, "alice", PASSWORD).await.unwrap_err();
        let expected = matches!(refused, ProviderError::Unavailable(_) | ProviderError::TimedOut(_));
        assert!(expected, "{answer:?}: {refused:?}");
        answering.await.unwrap();
    }
}

#[tokio::test]
async fn so_many_and_no_more_ask_at_once() {
    let (listener, url) = listener().await;
    let tasks = Tasks::new();
    let (held, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (full, end) = (Arc::clone(&held), Arc::clone(&release));
    tasks.spawn("directory", async move {
        let mut sockets = Vec::new();
        while sockets.len() < super::super::AT_ONCE {
            sockets.push(listener.accept().await.unwrap());
        }
        full.notify_one();
        end.notified().await;
    });
    let provider = Arc::new(LdapProvider::new(settings(&url)).unwrap());
    let attempts: Vec<_> = (0..super::super::AT_ONCE)
        .map(|_| {
            let provider = Arc::clone(&provider);
            tasks.spawn("attempt", async move {
                provider.verify(&"alice".parse().unwrap(), &Password::new(PASSWORD)).await
            })
        })
        .collect();
    held.notified().await;
    let one_more = provider.verify(&"alice".parse().unwrap(), &Password::new(PASSWORD)).await;
    assert!(matches!(one_more, Err(ProviderError::Overloaded)), "{one_more:?}");
    release.notify_one();
    for attempt in attempts {
        assert!(attempt.await.unwrap().is_err());
    }
}
