//! How connections to a server are opened.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::error::Refused;
use super::tls::Encryption;
use crate::DatabaseSettings;
use crate::config::{Host, RequestedTls, ServerAddress};

/// Longest wait for the other end to take a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How soon a silent line is asked whether it still stands, how often, and after how many silences it is given up.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long what was sent may stay without the other end's acknowledgement.
const USER_TIMEOUT: Duration = Duration::from_secs(15);

/// A transaction between two statements for this long belongs to nobody: the server ends it and its locks.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(15);

/// How often the server looks, amid a statement, whether we are still there.
const CLIENT_CHECK: Duration = Duration::from_secs(5);

/// How much longer than our own limit the server lets a statement run: it is the one that ends what a process left
/// behind that could not cancel any more.
const SERVER_GRACE: Duration = Duration::from_secs(2);

/// Longest name that PostgreSQL keeps of an application.
const NAME_BYTES: usize = 63;

/// How connections to a server are opened.
#[derive(Clone)]
pub(crate) struct Options {
    pub(super) config: Config,
    pub(super) encryption: Encryption,
}

impl Options {
    pub(crate) fn new(settings: &DatabaseSettings, address: &ServerAddress) -> Result<Self, Refused> {
        let mut config = Config::new();
        let encrypts = match &address.host {
            Host::Name(name) => {
                config.host(name);
                address.tls
            }
            Host::Socket(folder) => {
                config.host_path(folder);
                // The kernel is the line, and the server has no certificate for it.
                RequestedTls::Disable
            }
        };
        config.ssl_mode(match encrypts {
            RequestedTls::Disable => SslMode::Disable,
            RequestedTls::Prefer => SslMode::Prefer,
            RequestedTls::Require | RequestedTls::VerifyCa | RequestedTls::VerifyFull => SslMode::Require,
        });
        if let Some(password) = &address.password {
            config.password(password.expose());
        }
        let name = address.application_name.as_ref().unwrap_or(&settings.application_name);
        let name: String = name.chars().filter(char::is_ascii_graphic).take(NAME_BYTES).collect();
        config
            .port(address.port)
            .user(&address.user)
            .dbname(&address.database)
            .application_name(name)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(USER_TIMEOUT)
            .options(session_options(settings));
        let encryption = Encryption::new(encrypts, address.root_certificate.as_deref())?;
        Ok(Self { config, encryption })
    }
}

/// What holds for each session, in the words of the server's command line.
fn session_options(settings: &DatabaseSettings) -> String {
    let milliseconds = |duration: Duration| duration.as_millis().min(i32::MAX as u128);
    let options = [
        // Only a transaction that says so may write: a reader that writes is found out on both databases.
        "default_transaction_read_only=on".to_owned(),
        "default_transaction_isolation=read\\ committed".to_owned(),
        format!("statement_timeout={}", milliseconds(settings.statement_timeout + SERVER_GRACE)),
        format!("lock_timeout={}", milliseconds(settings.pool_timeout)),
        format!("idle_in_transaction_session_timeout={}", milliseconds(IDLE_IN_TRANSACTION)),
        format!("client_connection_check_interval={}", milliseconds(CLIENT_CHECK)),
        // Texts are compared by their bytes in our tables, and numbers and times cross in binary: nothing else of
        // the session's surroundings may change an answer.
        "timezone=UTC".to_owned(),
        "search_path=public".to_owned(),
    ];
    options.map(|option| format!("-c {option}")).join(" ")
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}
