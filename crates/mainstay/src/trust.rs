//! Whom to believe that they are who they say: the authorities of clients that speak TLS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};

/// A connection cannot be secured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file of authorities cannot be read.
    #[error("the certificates in {} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A certificate of the file is none of an authority, or there is none at all.
    #[error("{} holds no certificate of an authority", path.display())]
    NoAuthority {
        /// The file.
        path: PathBuf,
    },
    /// The system has no authorities.
    #[error("the system has no certificates of authorities; name a file of them in the settings")]
    NoSystemAuthorities(#[source] Option<io::Error>),
    /// The library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Setup(#[from] rustls::Error),
}

/// A client that believes the authorities of a file alone, or those of the system.
pub(crate) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = match ca_file {
        Some(path) => of_file(path)?,
        None => of_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn of_file(path: &Path) -> Result<RootCertStore, TlsError> {
    let failed = |source| TlsError::File { path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let added = roots.add(certificate.map_err(failed)?);
        added.map_err(|_| TlsError::NoAuthority { path: path.to_owned() })?;
    }
    if roots.is_empty() { Err(TlsError::NoAuthority { path: path.to_owned() }) } else { Ok(roots) }
}

fn of_system() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some of a system's certificates are too old to be read; the others are what counts.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let error = found.errors.into_iter().next().map(io::Error::other);
        return Err(TlsError::NoSystemAuthorities(error));
    }
    Ok(roots)
}
