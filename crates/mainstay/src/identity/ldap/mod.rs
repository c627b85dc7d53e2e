//! An LDAP directory as the one who knows passwords.
//!
//! For each sign-in there is one connection, made and closed, on which the same happens whoever it is:
//!
//! 1. TLS: `ldaps:`, or `StartTLS` before anything else is said. The certificate is verified, by the system's
//!    authorities or by those in `LDAP_CA_FILE` alone.
//! 2. Bind as the service (`LDAP_BIND_DN`), if it has an account there.
//! 3. Search for the name (`LDAP_USER_FILTER` below `LDAP_BASE_DN`), which must find exactly one entry.
//! 4. Search for the entry's groups (`LDAP_GROUP_FILTER`), which decide the role.
//! 5. Bind as the entry, with the password.
//!
//! Where no entry was found, the last two steps are made with a name that nobody has, so that neither the answer nor
//! the number of steps tells who is in the directory. An empty password is refused before anything is connected:
//! directories take a bind without one for an anonymous visitor, and say yes. Names are escaped in filters, referrals
//! are not followed, and all of it together has to end within `LDAP_TIMEOUT`.
//!
//! At most 32 sign-ins ask at once. One more waits a second for its turn, and is refused then: a directory that hangs
//! holds up so many requests, each for `LDAP_TIMEOUT`, and no more.

mod config;
mod directory;
mod dn;
#[cfg(test)]
mod tests;
mod url;

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings};
use mainstay_resilience::Bulkhead;
use tokio::time::timeout;

use super::password::Password;
use super::provider::{Answer, IdentityProvider, ProviderError};
use super::user::{Provider, UserName};

pub use crate::trust::TlsError;
use crate::trust::client_config;
pub use config::{LdapRoles, LdapSettings};
pub use url::LdapUrl;

/// How many sign-ins ask the directory at once. More would only queue there.
const AT_ONCE: usize = 32;

/// How many wait for their turn. Admission lets in less than that by itself, unless it is off.
const MOST_WAITING: usize = 1_024;

/// How long one more waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Asks an LDAP directory.
pub struct LdapProvider {
    settings: LdapSettings,
    connect: LdapConnSettings,
    places: Bulkhead,
}

impl LdapProvider {
    /// A provider by these settings. The directory itself is asked at the first sign-in.
    ///
    /// # Errors
    ///
    /// See [`TlsError`].
    pub fn new(settings: LdapSettings) -> Result<Self, TlsError> {
        let connect = LdapConnSettings::new()
            .set_conn_timeout(settings.timeout)
            .set_starttls(settings.starttls)
            .set_config(client_config(settings.ca_file.as_deref())?);
        Ok(Self { settings, connect, places: Bulkhead::new(AT_ONCE, MOST_WAITING) })
    }

    /// Looks whether the directory can be asked at all: connects, binds as the service, and reads the entries that the
    /// settings name. Gives the names of those that are not there, or that the service may not see.
    ///
    /// # Errors
    ///
    /// See [`ProviderError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn look(&self) -> Result<Vec<String>, ProviderError> {
        self.converse(async |ldap| directory::look(ldap, &self.settings).await).await
    }

    async fn ask(&self, name: &UserName, password: &Password) -> Result<Answer, ProviderError> {
        if password.expose().is_empty() {
            return Ok(Answer::No);
        }
        self.converse(async |ldap| directory::ask(ldap, &self.settings, name, password).await).await
    }

    /// Connects, talks, and hangs up; all within the time of the settings.
    async fn converse<T>(
        &self,
        talk: impl AsyncFnOnce(&mut Ldap) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let Ok(_place) = self.places.enter(LONGEST_WAIT).await else { return Err(ProviderError::Overloaded) };
        let conversation = async {
            let url = self.settings.url.as_str();
            let (connection, mut ldap) =
                LdapConnAsync::with_settings(self.connect.clone(), url).await.map_err(unavailable)?;
            let mut driving = pin!(connection.drive());
            let answer = tokio::select! {
                biased;
                answer = talk(&mut ldap) => answer,
                ended = &mut driving => return Err(match ended {
                    Err(error) => unavailable(error),
                    Ok(()) => unavailable(Closed),
                }),
            };
            // A courtesy: the connection ends here in any case.
            tokio::select! {
                _ = ldap.unbind() => {}
                _ = &mut driving => {}
            }
            answer
        };
        // The library panics on some answers that are not LDAP.
        let conversation = AssertUnwindSafe(conversation).catch_unwind();
        match timeout(self.settings.timeout, conversation).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(unavailable(Babble)),
            Err(_) => Err(ProviderError::TimedOut(self.settings.timeout)),
        }
    }
}

impl IdentityProvider for LdapProvider {
    fn provider(&self) -> Provider {
        Provider::Ldap
    }

    fn verify<'a>(
        &'a self,
        name: &'a UserName,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        Box::pin(self.ask(name, password))
    }
}

/// The other end hung up.
#[derive(Debug, thiserror::Error)]
#[error("the directory closed the connection")]
struct Closed;

/// The other end does not speak LDAP.
#[derive(Debug, thiserror::Error)]
#[error("the directory's answer is not LDAP")]
struct Babble;

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Unavailable(Box::new(error))
}
