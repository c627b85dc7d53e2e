//! Where alerts go.

mod address;
mod url;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use mainstay_core::settings::{Explanation, Invalid, Problem, Reader, Section};
use mainstay_core::{Chain, Secret};

pub use address::MailAddress;
pub use url::{MailSecurity, MailServer, WebhookUrl};

use crate::trust::client_config;

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0801",
        title: "alerts travel in the clear",
        text: "ALERT_WEBHOOK_URL begins with http://, or ALERT_SMTP_URL says tls=none, and names another machine.\n\
               Alerts say what is broken and where, and the URL of a webhook is its password: whoever listens\n\
               in between has both. Use https://, or smtps://, or smtp:// without tls=none.\n\n\
               On the same machine, nothing can be listened to: http://localhost and smtp://localhost are fine.",
    },
    Explanation {
        code: "MS0802",
        title: "a mail has no sender or no receiver",
        text: "ALERT_SMTP_URL says through which server alerts are mailed. A mail also needs ALERT_MAIL_FROM and\n\
               ALERT_MAIL_TO:\n\n\
               \u{20}   ALERT_SMTP_URL=smtps://user:password@mail.example.org\n\
               \u{20}   ALERT_MAIL_FROM=concord@example.org\n\
               \u{20}   ALERT_MAIL_TO=on-call@example.org,team@example.org",
    },
    Explanation {
        code: "MS0803",
        title: "the program for alerts cannot be started",
        text: "ALERT_COMMAND is the absolute path of a program, and nothing else: there is no shell, so no\n\
               arguments, no variables and no pipes. The alert comes on its standard input, as JSON. Write a\n\
               script where more is needed:\n\n\
               \u{20}   #!/bin/sh\n\
               \u{20}   exec /usr/local/bin/page --team storage\n\n\
               Everybody who may write to the file decides what the service runs: chmod o-w.",
    },
    Explanation {
        code: "MS0804",
        title: "alerts are configured, and off",
        text: "There is a way for alerts, and ALERTS_ENABLED is not `yes`: nobody is told of anything. Set\n\
               ALERTS_ENABLED=yes, or remove the others.",
    },
    Explanation {
        code: "MS0805",
        title: "ALERT_CA_FILE cannot be used",
        text: "The file holds the authorities that may vouch for the receivers of alerts, as PEM: receivers\n\
               inside a company often have a certificate of its own authority. It is not there, cannot be read,\n\
               or holds none.",
    },
];

const WAYS: [&str; 3] = ["ALERT_WEBHOOK_URL", "ALERT_SMTP_URL", "ALERT_COMMAND"];

/// Where alerts go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AlertSettings {
    /// `ALERTS_ENABLED`: whether alerts are sent at all.
    pub enabled: bool,
    /// `ALERT_WEBHOOK_URL`: takes a POST with the alert as JSON.
    pub webhook_url: Option<WebhookUrl>,
    /// `ALERT_WEBHOOK_SECRET`: what those are signed with.
    pub webhook_secret: Option<Secret>,
    /// `ALERT_SMTP_URL`: the mail server.
    pub smtp_url: Option<MailServer>,
    /// `ALERT_MAIL_FROM`: who mails come from.
    pub mail_from: Option<MailAddress>,
    /// `ALERT_MAIL_TO`: who they go to.
    pub mail_to: Vec<MailAddress>,
    /// `ALERT_COMMAND`: a program that gets the alert on its standard input.
    pub command: Option<PathBuf>,
    /// `ALERT_CA_FILE`: the only authorities to believe; else those of the system.
    pub ca_file: Option<PathBuf>,
}

impl Section for AlertSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Alerts", "Who is told when something needs a human.");
        let enabled = reader.field("ALERTS_ENABLED").doc("Whether alerts are sent.").default(false).read();
        let webhook_url = reader
            .field::<Secret>("ALERT_WEBHOOK_URL")
            .doc("Where alerts are posted to, as JSON.")
            .optional()
            .and_then(|text| judged(reader, WAYS[0], WebhookUrl::parse(text.expose())));
        let webhook_secret = reader
            .field::<Secret>("ALERT_WEBHOOK_SECRET")
            .doc("What the posts are signed with, as Standard Webhooks say. Without it they are not.")
            .cure("make one with `secret generate`, and give it to the receiver too")
            .optional();
        let smtp_url = reader
            .field::<Secret>("ALERT_SMTP_URL")
            .doc("The mail server that alerts go through: smtps://, or smtp:// with STARTTLS.")
            .optional()
            .and_then(|text| judged(reader, WAYS[1], MailServer::parse(text.expose())));
        let mail_from = reader
            .field::<MailAddress>("ALERT_MAIL_FROM")
            .doc("Who the mails come from.")
            .example("concord@example.org")
            .optional();
        let mail_to = reader
            .field::<Vec<MailAddress>>("ALERT_MAIL_TO")
            .doc("Who the mails go to.")
            .example("on-call@example.org")
            .optional()
            .unwrap_or_default();
        let command = reader
            .field::<PathBuf>("ALERT_COMMAND")
            .doc("A program, by its whole path, that is started for each alert, without a shell, and gets it on its standard input.")
            .optional();
        let ca_file = reader
            .field::<PathBuf>("ALERT_CA_FILE")
            .doc("The only authorities to believe about webhook and mail server, as PEM. Else those of the system.")
            .optional();
        let settings =
            Self { enabled, webhook_url, webhook_secret, smtp_url, mail_from, mail_to, command, ca_file };
        settings.judge(reader);
        settings
    }
}

/// The value of a secret whose text was read before. What is wrong is said without the text.
fn judged<T>(reader: &mut Reader<'_>, name: &'static str, parsed: Result<T, Invalid>) -> Option<T> {
    let invalid = match parsed {
        Ok(value) => return Some(value),
        Err(invalid) => invalid,
    };
    reader.problem(Problem::error("MS0101", format!("{name} {invalid}")).at(name));
    None
}

impl AlertSettings {
    fn judge(&self, reader: &mut Reader<'_>) {
        if self.enabled {
            let because = "an alert that nobody gets is worse than none: everyone relies on it";
            reader.at_least_one_of(&WAYS, "ALERTS_ENABLED", because);
        } else if let Some(name) = WAYS.into_iter().find(|name| reader.is_given(name)) {
            let problem = Problem::warning("MS0804", format!("{name} is set, and alerts are off")).at(name);
            reader.problem(problem.because("nobody is told of anything").help("set ALERTS_ENABLED=yes"));
        }
        let clear = [
            (WAYS[0], self.webhook_url.as_ref().is_none_or(WebhookUrl::is_private), "use https://"),
            (
                WAYS[1],
                self.smtp_url.as_ref().is_none_or(MailServer::is_private),
                "remove tls=none, or use smtps://",
            ),
        ];
        for (name, _, help) in clear.into_iter().filter(|(_, is_private, _)| !is_private) {
            let problem = Problem::error("MS0801", format!("{name} sends alerts in the clear")).at(name);
            reader.insecure(
                problem.because("whoever listens in between reads what is broken, and where").help(help),
            );
        }
        if self.smtp_url.is_some() {
            for (name, is_there) in
                [("ALERT_MAIL_FROM", self.mail_from.is_some()), ("ALERT_MAIL_TO", !self.mail_to.is_empty())]
            {
                // What was given and is wrong has its own problem.
                if !is_there && !reader.is_given(name) {
                    let problem = Problem::error("MS0802", format!("ALERT_SMTP_URL needs {name}")).at(name);
                    reader
                        .problem(problem.help(format!("set {name}, for example {name}=on-call@example.org")));
                }
            }
        }
        if let Some((error, help)) = self.command.as_deref().and_then(program_problem) {
            let problem = Problem::error("MS0803", format!("ALERT_COMMAND {error}")).at("ALERT_COMMAND");
            reader.problem(problem.help(help));
        }
        if let Some(Err(error)) = self.ca_file.as_deref().map(|file| client_config(Some(file))) {
            let problem = Problem::error("MS0805", "ALERT_CA_FILE cannot be used").at("ALERT_CA_FILE");
            reader.problem(problem.because(Chain(&error).to_string()));
        }
    }
}

/// Why a program cannot be started, and what helps.
///
/// | the path | |
/// |---|---|
/// | is not absolute | refused: what it means would depend on where the service is started |
/// | is not there, no file, or cannot be executed | refused |
/// | is a file that everybody may write to | refused |
fn program_problem(path: &Path) -> Option<(String, &'static str)> {
    if !path.is_absolute() {
        return Some(("is not an absolute path".to_owned(), "write the whole path; there is no shell"));
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Some(("is not there".to_owned(), "it is a path alone: no arguments, no shell"));
        }
        Err(error) => {
            return Some((format!("cannot be looked at: {error}"), "see the permissions of its folders"));
        }
    };
    let mode = metadata.permissions().mode();
    if !metadata.is_file() || mode & 0o111 == 0 {
        return Some(("cannot be executed".to_owned(), "name a program, and chmod +x it"));
    }
    let help = "chmod o-w it";
    (mode & 0o002 != 0).then(|| ("is a program that everybody may change".to_owned(), help))
}
