//! The directory that the settings name, if this build can ask one.

use std::error::Error;
use std::sync::Arc;

use mainstay_core::settings::{Reader, Section};

#[cfg(feature = "ldap")]
use super::ldap::{LdapProvider, LdapSettings};
use super::provider::IdentityProvider;

/// The settings of the directory: those of LDAP where the feature `ldap` is built in, and none else.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DirectorySettings {
    /// An LDAP directory.
    #[cfg(feature = "ldap")]
    pub ldap: Option<LdapSettings>,
}

/// The directory cannot be asked at all.
#[derive(Debug, thiserror::Error)]
#[error("the directory cannot be asked")]
pub struct DirectoryError(#[source] Box<dyn Error + Send + Sync>);

impl DirectorySettings {
    /// What asks the directory, if there is one. The directory itself is asked at the first sign-in: a service starts
    /// without it.
    ///
    /// # Errors
    ///
    /// When the connection to it cannot be secured.
    #[cfg_attr(
        not(feature = "ldap"),
        expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as where there is a directory")
    )]
    pub fn open(&self) -> Result<Option<Arc<dyn IdentityProvider>>, DirectoryError> {
        #[cfg(feature = "ldap")]
        if let Some(settings) = &self.ldap {
            let provider =
                LdapProvider::new(settings.clone()).map_err(|error| DirectoryError(error.into()))?;
            return Ok(Some(Arc::new(provider)));
        }
        Ok(None)
    }

    /// Looks whether the directory can be asked at all, for [`LdapProvider::look`](super::ldap::LdapProvider::look);
    /// `None` where there is no directory.
    ///
    /// # Errors
    ///
    /// When it cannot.
    #[cfg(feature = "ldap")]
    pub async fn look(&self) -> Result<Option<Vec<String>>, DirectoryError> {
        let Some(settings) = &self.ldap else { return Ok(None) };
        let provider = LdapProvider::new(settings.clone()).map_err(|error| DirectoryError(error.into()))?;
        provider.look().await.map(Some).map_err(|error| DirectoryError(error.into()))
    }

    /// There is none that this build could ask.
    ///
    /// # Errors
    ///
    /// Never.
    #[cfg(not(feature = "ldap"))]
    #[expect(clippy::unused_async, reason = "as where there is a directory")]
    pub async fn look(&self) -> Result<Option<Vec<String>>, DirectoryError> {
        Ok(None)
    }
}

impl Section for DirectorySettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        #[cfg(not(feature = "ldap"))]
        refuse(reader);
        Self {
            #[cfg(feature = "ldap")]
            ldap: LdapSettings::read(reader),
        }
    }
}

/// Somebody relies on a directory that this build would never ask.
#[cfg(not(feature = "ldap"))]
fn refuse(reader: &mut Reader<'_>) {
    use mainstay_core::settings::Problem;

    const LDAP_URL: &str = "LDAP_URL";
    reader.group("LDAP", "A directory that knows the passwords of people; this build asks none.");
    let url: Option<String> = reader.field(LDAP_URL).doc("Not for this build.").optional();
    if url.is_some() {
        let problem =
            Problem::error("MS0706", "LDAP_URL is set, and this build asks no directory").at(LDAP_URL);
        let problem = problem.because("nobody whom only the directory knows could sign in");
        reader.problem(problem.help("build with the feature `ldap`, or remove LDAP_URL"));
    }
}

#[cfg(all(test, not(feature = "ldap")))]
mod tests {
    use mainstay_core::settings::{Environment, read_pairs};

    use super::*;

    #[test]
    fn a_directory_that_is_never_asked_stops_the_start() {
        let read = |pairs| read_pairs::<DirectorySettings>(Environment::Development, pairs).report;
        assert!(!read(&[]).has_errors());
        let report = read(&[("LDAP_URL", "ldaps://directory.example.org")]);
        assert!(report.has_errors());
        assert_eq!(report.problems[0].code, "MS0706");
    }
}
