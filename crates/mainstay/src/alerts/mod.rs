//! Telling people: by webhook, by mail, by a program.
//!
//! A [`Channel`] hands one [`Alert`] over, once, within a bounded time, and says whether it was taken. It keeps
//! nothing and repeats nothing: whoever has to be sure, such as an outbox, sends again what was not taken, and the
//! receiver knows it by its id. The id goes along everywhere: as `webhook-id`, as `Message-ID`, as `ALERT_ID`. Its words
//! leave as they would go into the [log](crate::telemetry::log): without what looks like a secret.
//!
//! | channel | taken means | never |
//! |---|---|---|
//! | [`Webhook`] | the answer is 2xx | follows redirects, reads the answer's body, talks to [addresses that no receiver has](target) |
//! | [`Mail`] | the mail server took the mail | sends a password in the clear, or a mail to a server that cannot show its certificate |
//! | [`Program`] | it ended with 0 | asks a shell, outlives its time, inherits our environment |

mod config;
mod mail;
mod program;
pub mod target;
#[cfg(test)]
mod tests;
mod webhook;

use std::fmt;

use mainstay_core::{Clock, Tasks};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use config::EXPLANATIONS;
pub use config::{AlertSettings, MailAddress, MailSecurity, MailServer, WebhookUrl};
pub use mail::{Mail, MailError};
pub use program::{Program, ProgramError};
pub use webhook::{Webhook, WebhookError};

use crate::telemetry::log::redact;
use crate::trust::TlsError;

/// Something that people have to know.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    /// The same for the same thing, however often it is sent.
    pub id: Uuid,
    /// What sort of thing it is, in snake case.
    pub topic: &'a str,
    /// What it is, in one line.
    pub subject: &'a str,
    /// All that is known of it, as JSON.
    pub details: &'a str,
}

/// Who sends: it stands in each alert.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The name of the service.
    pub service: &'static str,
    /// `ENVIRONMENT`.
    pub environment: &'static str,
    /// `INSTANCE_NAME`.
    pub instance: String,
}

/// One way to people.
#[derive(Debug)]
pub enum Channel {
    /// A POST.
    Webhook(Webhook),
    /// A mail.
    Mail(Mail),
    /// A program.
    Program(Program),
}

/// The alert was not taken, as far as is known. Names no URL: those of webhooks and mail servers hold passwords.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The webhook did not take it.
    #[error("the webhook did not take it")]
    Webhook(#[from] WebhookError),
    /// The mail server did not take it.
    #[error("the mail server did not take it")]
    Mail(#[from] MailError),
    /// The program did not take it.
    #[error("the program did not take it")]
    Program(#[from] ProgramError),
    /// The alert cannot be written as JSON.
    #[error("the alert cannot be written as JSON")]
    Encode(#[from] serde_json::Error),
}

/// A channel cannot be made of its settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nobody's certificate can be judged.
    #[error("ALERT_CA_FILE, or the certificates of the system, cannot be used")]
    Tls(#[from] TlsError),
    /// The mail server cannot be talked to like this.
    #[error("the mail server of ALERT_SMTP_URL cannot be used")]
    Mail(#[from] MailError),
}

/// The channels that the settings name; none when alerts are off.
///
/// # Errors
///
/// See [`OpenError`].
pub fn open(
    settings: &AlertSettings,
    sender: &Sender,
    clock: &Clock,
    tasks: &Tasks,
) -> Result<Vec<Channel>, OpenError> {
    let mut channels = Vec::new();
    if !settings.enabled {
        return Ok(channels);
    }
    let ca_file = settings.ca_file.as_deref();
    if let Some(url) = &settings.webhook_url {
        let secret = settings.webhook_secret.clone();
        channels.push(Channel::Webhook(Webhook::new(url.clone(), secret, ca_file, sender, clock)?));
    }
    if let Some(url) = &settings.smtp_url
        && let Some(from) = &settings.mail_from
    {
        let to = settings.mail_to.clone();
        channels.push(Channel::Mail(Mail::new(url, from.clone(), to, ca_file, sender, clock)?));
    }
    if let Some(program) = &settings.command {
        channels.push(Channel::Program(Program::new(program.clone(), sender, tasks)));
    }
    Ok(channels)
}

impl Channel {
    /// What it is called in logs, metrics and rows.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Mail(_) => "mail",
            Self::Program(_) => "command",
        }
    }

    /// Hands an alert over, once.
    ///
    /// # Errors
    ///
    /// [`SendError`] when it was not taken within fifteen seconds, as far as is known: the answer may have been lost.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, it was taken or not; a program is ended.
    pub async fn send(&self, alert: &Alert<'_>) -> Result<(), SendError> {
        let subject = redact::text(alert.subject.to_owned());
        let details = without_secrets(serde_json::from_str(alert.details)?).to_string();
        let alert = &Alert { subject: &subject, details: &details, ..*alert };
        match self {
            Self::Webhook(webhook) => webhook.send(alert).await,
            Self::Mail(mail) => mail.send(alert).await,
            Self::Program(program) => program.send(alert).await,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Errors quote what they failed at, and receivers are further away than the log.
fn without_secrets(details: Value) -> Value {
    match details {
        Value::String(text) => Value::String(redact::text(text)),
        Value::Array(values) => values.into_iter().map(without_secrets).collect(),
        Value::Object(fields) => fields.into_iter().map(without_secret).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

fn without_secret((name, value): (String, Value)) -> (String, Value) {
    let is_shown = value.is_null() || value.is_boolean() || !redact::is_secret(&name);
    let value = if is_shown { without_secrets(value) } else { redact::REDACTED.into() };
    (name, value)
}

/// How an alert is written for programs.
fn to_json(alert: &Alert<'_>, sender: &Sender) -> Result<String, serde_json::Error> {
    #[derive(serde::Serialize)]
    struct Written<'a> {
        id: Uuid,
        topic: &'a str,
        /// Under this name, chat services show it as it is.
        text: String,
        service: &'a str,
        environment: &'a str,
        instance: &'a str,
        details: Value,
    }
    let Sender { service, environment, instance } = sender;
    serde_json::to_string(&Written {
        id: alert.id,
        topic: alert.topic,
        text: subject(alert, sender),
        service,
        environment,
        instance,
        details: serde_json::from_str(alert.details)?,
    })
}

/// The line that people see first.
fn subject(alert: &Alert<'_>, Sender { service, environment, .. }: &Sender) -> String {
    let one_line = alert.subject.replace(char::is_control, " ");
    format!("[{service} {environment}] {one_line}")
}
