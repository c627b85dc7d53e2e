use std::time::Duration;

use mainstay_servers::MailServer;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn settings(server: &MailServer, url: &str) -> Channel {
    let ca = server.ca_file();
    channel(&[
        ("ALERT_SMTP_URL", url),
        ("ALERT_MAIL_FROM", "concord@example.org"),
        ("ALERT_MAIL_TO", "on-call@example.org, team@example.org"),
        ("ALERT_CA_FILE", text(&ca)),
    ])
}

#[tokio::test]
async fn a_mail_server_takes_it_under_its_id() {
    let server = MailServer::start();
    let channel = settings(&server, &server.url());
    for _ in 0..2 {
        channel.send(&ALERT).await.expect("taken");
        let mail = server.next_mail(PATIENCE).expect("a mail");
        assert_eq!(mail.from, "concord@example.org");
        assert_eq!(mail.to, ["on-call@example.org", "team@example.org"]);
        let (head, body) = mail.text.split_once("\n\n").expect("head and body");
        for line in [
            "From: concord@example.org",
            "To: on-call@example.org, team@example.org",
            "Subject: [concord test] stock has put item-1 aside",
            "Message-ID: <00000000-0000-0000-0000-000000000077@example.org>",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(head.lines().any(|found| found == line), "{line} in {head}");
        }
        assert!(body.contains("\"projection\": \"stock\""), "{body}");
    }
}

#[tokio::test]
async fn no_mail_goes_where_it_could_be_read_or_is_not_wanted() {
    let server = MailServer::start();
    let port = server.address().port();
    // Another name than the certificate's, another password, no encryption.
    let wrong_name = format!("smtp://alerts:the%20mail's%20own@127.0.0.1:{port}?tls=required");
    let error = refusal(settings(&server, &wrong_name).send(&ALERT).await);
    assert!(error.contains("certificate"), "{error}");
    let wrong_password = format!("smtp://alerts:guessed@localhost:{port}?tls=required");
    let error = refusal(settings(&server, &wrong_password).send(&ALERT).await);
    assert!(error.contains("535") && !error.contains("guessed"), "{error}");
    let plain = format!("smtp://localhost:{port}");
    let error = refusal(settings(&server, &plain).send(&ALERT).await);
    assert!(error.contains("530"), "{error}");
    server.kill();
    let error = refusal(settings(&server, &server.url()).send(&ALERT).await);
    assert!(error.contains("the mail server did not take it"), "{error}");
    server.start_again();
    settings(&server, &server.url()).send(&ALERT).await.expect("taken");
    server.next_mail(PATIENCE).expect("a mail");
}

/// An alert whose words come from outside cannot add headers.
#[tokio::test]
async fn a_subject_stays_one_line() {
    let server = MailServer::start();
    let alert = Alert { subject: "bad\r\nBcc: everybody@example.org\r\n\r\nhello", ..ALERT };
    settings(&server, &server.url()).send(&alert).await.expect("taken");
    let mail = server.next_mail(PATIENCE).expect("a mail");
    assert_eq!(mail.to.len(), 2);
    let (head, _) = mail.text.split_once("\n\n").expect("head and body");
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
}

/// A server that answers the beginning of TLS with these bytes, and then waits without a word.
async fn waits_after(answer: &[u8], listener: TcpListener) {
    let mut stream = BufReader::new(listener.accept().await.expect("a client").0);
    let mut line = String::new();
    for said in ["220 here\r\n", "250-here\r\n250 STARTTLS\r\n"] {
        stream.write_all(said.as_bytes()).await.expect("written");
        stream.read_line(&mut line).await.expect("a command");
    }
    stream.write_all(b"220 begin\r\n").await.expect("written");
    stream.read_exact(&mut [0; 32]).await.expect("the beginning of TLS");
    stream.write_all(answer).await.expect("written");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn that_tls_failed_is_said_at_once_also_of_a_server_that_waits() {
    const HANDSHAKE_FAILURE: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
    for (answer, said) in [(HANDSHAKE_FAILURE, "HandshakeFailure"), (b"421 no\r\n", "corrupt message")] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let channel = channel(&[
            ("ALERT_SMTP_URL", &format!("smtp://localhost:{port}?tls=required")),
            ("ALERT_MAIL_FROM", "concord@example.org"),
            ("ALERT_MAIL_TO", "on-call@example.org"),
        ]);
        let outcome = tokio::select! {
            outcome = channel.send(&ALERT) => outcome,
            () = waits_after(answer, listener) => unreachable!("it waits for ever"),
        };
        let error = refusal(outcome);
        assert!(error.contains(said), "{error}");
    }
}
