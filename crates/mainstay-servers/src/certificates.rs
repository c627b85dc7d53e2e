//! An authority of one's own, and a certificate of it for the loopback.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The files of a server's TLS.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// The authority that a client has to trust.
    pub(crate) authority: PathBuf,
    /// The server's certificate, for `localhost`.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Makes an authority and a certificate for `localhost`; not for 127.0.0.1, so that tests have a name that is wrong.
    pub(crate) fn write(folder: &Path) -> Self {
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).expect("a file in a folder of ours");
            // PostgreSQL refuses a key that others can read.
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a file of ours");
            path
        };
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        // Two names: who finds the same name as subject and as issuer takes a certificate for self-signed.
        authority.distinguished_name.push(DnType::CommonName, "Authority of a test");
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().expect("a key");
        let authority_file =
            write("ca.pem", authority.self_signed(&authority_key).expect("a certificate").pem());
        let issuer = Issuer::new(authority, authority_key);

        let mut server = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        server.distinguished_name.push(DnType::CommonName, "localhost");
        server.use_authority_key_identifier_extension = true;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().expect("a key");
        let certificate = server.signed_by(&key, &issuer).expect("a certificate").pem();
        Self {
            authority: authority_file,
            certificate: write("server.pem", certificate),
            key: write("server.key", key.serialize_pem()),
        }
    }
}
