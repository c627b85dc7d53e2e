//! Where alerts go.

use mainstay_core::Secret;
use mainstay_core::settings::{Problem, Reader, Section};

/// Where alerts go.
///
/// This only validates: that whoever enables alerts also says where to. Delivery is not built yet.
#[derive(Clone, Debug)]
pub struct AlertSettings {
    /// Whether alerts are sent at all.
    pub enabled: bool,
    /// Takes a POST with the alert as JSON. Secret, because such URLs hold their own credentials.
    pub webhook_url: Option<Secret>,
    /// The mail server: `smtp://` or `smtps://`.
    pub smtp_url: Option<Secret>,
    /// A program that gets the alert on its standard input.
    pub command: Option<String>,
}

impl Section for AlertSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Alerts", "Who is told when something needs a human.");
        let enabled = reader.field("ALERTS_ENABLED").doc("Whether alerts are sent.").default(false).read();
        let webhook_url = reader
            .field::<Secret>("ALERT_WEBHOOK_URL")
            .doc("Where alerts are posted to, as JSON.")
            .optional();
        let smtp_url = reader
            .field::<Secret>("ALERT_SMTP_URL")
            .doc("The mail server that alerts go through.")
            .optional();
        let command = reader
            .field::<String>("ALERT_COMMAND")
            .doc("A program that is started for each alert, and gets it on its standard input.")
            .example("/usr/local/bin/page-someone")
            .optional();
        if enabled {
            let because = "an alert that nobody gets is worse than none: everyone relies on it";
            reader.at_least_one_of(
                &["ALERT_WEBHOOK_URL", "ALERT_SMTP_URL", "ALERT_COMMAND"],
                "ALERTS_ENABLED",
                because,
            );
        }
        demand_scheme(reader, "ALERT_WEBHOOK_URL", webhook_url.as_ref(), &["https://", "http://"]);
        demand_scheme(reader, "ALERT_SMTP_URL", smtp_url.as_ref(), &["smtps://", "smtp://"]);
        Self { enabled, webhook_url, smtp_url, command }
    }
}

fn demand_scheme(reader: &mut Reader<'_>, name: &'static str, url: Option<&Secret>, schemes: &[&str]) {
    if url.is_some_and(|url| !schemes.iter().any(|scheme| url.expose().starts_with(scheme))) {
        let problem = Problem::error("MS0101", format!("{name} begins with none of {}", schemes.join(", ")));
        reader.problem(problem.at(name));
    }
}
