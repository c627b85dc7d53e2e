//! A mail, by SMTP.
//!
//! The id of the alert is in `Message-ID`, so that a mail which is sent again is known as the same one.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{self, AsyncSmtpTransport};
use lettre::{AsyncTransport as _, Tokio1Executor};
use mainstay_core::Clock;

use super::config::{MailAddress, MailSecurity, MailServer};
use super::{Alert, SendError, Sender, subject, to_json};

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(15);

/// A mail server, and who gets the mails.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: MailAddress,
    to: Vec<MailAddress>,
    sender: Sender,
    clock: Clock,
}

/// The mail server did not take it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The authorities cannot be read.
    #[error("ALERT_CA_FILE cannot be read")]
    File(#[from] io::Error),
    /// The server, or the way to it.
    #[error("the server, or the way to it, says no")]
    Server(#[from] smtp::Error),
    /// The mail cannot be made.
    #[error("the mail cannot be made")]
    Message(#[from] lettre::error::Error),
    /// It took too long.
    #[error("it was not taken within {} s", LIMIT.as_secs())]
    TimedOut,
}

impl Mail {
    pub(super) fn new(
        server: &MailServer,
        from: MailAddress,
        to: Vec<MailAddress>,
        ca_file: Option<&Path>,
        sender: &Sender,
        clock: &Clock,
    ) -> Result<Self, MailError> {
        let tls = match server.security() {
            MailSecurity::None => Tls::None,
            MailSecurity::StartTls => Tls::Required(tls(server.host(), ca_file)?),
            MailSecurity::Tls => Tls::Wrapper(tls(server.host(), ca_file)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host())
            .port(server.port())
            .tls(tls)
            .timeout(Some(LIMIT));
        if let Some((user, password)) = server.credentials() {
            transport = transport
                .credentials(Credentials::new(user.expose().to_owned(), password.expose().to_owned()));
        }
        Ok(Self { transport: transport.build(), from, to, sender: sender.clone(), clock: clock.clone() })
    }

    /// Mails an alert.
    pub(super) async fn send(&self, alert: &Alert<'_>) -> Result<(), SendError> {
        let message = self.message(alert)?;
        match tokio::time::timeout(LIMIT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(MailError::from(error).into()),
            Err(_) => Err(MailError::TimedOut.into()),
        }
    }

    fn message(&self, alert: &Alert<'_>) -> Result<Message, SendError> {
        // Again as text with line breaks: people read it.
        let json: serde_json::Value = serde_json::from_str(&to_json(alert, &self.sender)?)?;
        let details = serde_json::to_string_pretty(&json["details"])?;
        let subject = subject(alert, &self.sender);
        let body = format!(
            "{subject}\n\nInstance {}, alert {} ({}).\n\n{details}\n",
            self.sender.instance, alert.id, alert.topic
        );
        let mut message = Message::builder()
            .from(Mailbox::new(None, self.from.address().clone()))
            .subject(subject)
            .date(SystemTime::from(self.clock.timestamp()))
            .message_id(Some(format!("<{}@{}>", alert.id, self.from.address().domain())))
            // Nobody is to answer it with an absence.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(Mailbox::new(None, to.address().clone()));
        }
        message.body(body).map_err(|error| MailError::from(error).into())
    }
}

fn tls(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, MailError> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        // All certificates of the file.
        let authorities = Certificate::from_pem(&fs::read(path)?)?;
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(authorities);
    }
    Ok(parameters.build_rustls()?)
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The transport knows the password.
        f.debug_struct("Mail").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}
