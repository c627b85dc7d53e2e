//! How a PostgreSQL is started.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Postgres;
use super::admin::Admin;
use super::disk;
use super::programs::Programs;
use super::template::Template;
use crate::certificates::Certificates;
use crate::process::{Launch, Stop};
use crate::{Account, Port, folder};

/// How a PostgreSQL differs from the fast one without TLS.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    durable: bool,
    tls: Tls,
    settings: Vec<(String, String)>,
    disk: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tls {
    #[default]
    No,
    Offered,
    Demanded,
}

/// For speed, where nobody's power fails; `durable` leaves them away.
const NOT_DURABLE: [(&str, &str); 3] =
    [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")];

const SETTINGS: [(&str, &str); 9] = [
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "300"),
    ("shared_buffers", "32MB"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("jit", "off"),
    ("log_checkpoints", "off"),
    ("TimeZone", "UTC"),
    ("lc_messages", "C"),
];

/// Ports are tried until nobody was quicker.
const ATTEMPTS: u32 = 10;

impl PostgresOptions {
    /// `fsync` and everything else as in production, for tests that kill it.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Offers TLS, with a certificate for `localhost` of an authority of its own ([`Postgres::authority`]).
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = Tls::Offered;
        self
    }

    /// Refuses connections without TLS.
    #[must_use]
    pub fn tls_only(mut self) -> Self {
        self.tls = Tls::Demanded;
        self
    }

    /// Sets one of the server's own settings, such as `max_connections`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps the tables of databases on a disk of their own, of so many mebibytes: [`Postgres::fill_disk`] fills it. The
    /// server's log stays elsewhere, so that a full disk is an error, and not the end of the server.
    #[must_use]
    pub fn small_disk(mut self, mebibytes: u32) -> Self {
        self.disk = Some(mebibytes);
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed or does not start.
    pub fn start(self) -> Postgres {
        let programs = Programs::find();
        // It refuses to run as root, for good reasons.
        let account = Account::instead_of_root(&["postgres", "nobody"]);
        let template = Template::get(&programs, account);
        let folder = folder::temporary("postgres", None);
        let data = folder.path().join("data");
        template.copy_to(&data);
        let access = match self.tls {
            Tls::Demanded => "hostssl all all 127.0.0.1/32 scram-sha-256\n",
            Tls::No | Tls::Offered => "host all all 127.0.0.1/32 scram-sha-256\n",
        };
        // Through the socket comes only who may enter the folder.
        fs::write(data.join("pg_hba.conf"), format!("local all all trust\n{access}"))
            .expect("a file of ours");
        fs::set_permissions(data.join("pg_hba.conf"), Permissions::from_mode(0o600)).expect("a file of ours");
        let certificates = (self.tls != Tls::No).then(|| Certificates::write(folder.path()));
        let disk = self.disk.map(|_| disk::place(folder.path()));
        folder::hand_over(folder.path(), account);

        for _ in 1..ATTEMPTS {
            let port = Port::reserve();
            let admin = Admin::new(programs.psql(), port.address(), &template.password);
            let launch = self.launch(&programs, folder.path(), &port, certificates.as_ref(), account);
            let asked = Admin::by_socket(programs.psql(), folder.path(), port.number());
            match launch.ready(move |_| asked.answers()).start() {
                Ok(process) => {
                    let disk = disk.inspect(|disk| disk::use_for_tables(disk, &admin));
                    return Postgres { process, port, admin, certificates, disk, folder };
                }
                Err(error) if error.is_address_in_use() => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("somebody else took the port, {ATTEMPTS} times")
    }

    fn launch(
        &self,
        programs: &Programs,
        folder: &Path,
        port: &Port,
        certificates: Option<&Certificates>,
        account: Option<Account>,
    ) -> Launch {
        let mut settings: Vec<(&str, String)> = vec![
            ("port", port.number().to_string()),
            ("unix_socket_directories", folder.display().to_string()),
        ];
        let not_durable = NOT_DURABLE.iter().filter(|_| !self.durable);
        settings.extend(SETTINGS.iter().chain(not_durable).map(|(name, value)| (*name, (*value).to_owned())));
        if let Some(Certificates { certificate, key, .. }) = certificates {
            let files = [("ssl_cert_file", certificate), ("ssl_key_file", key)];
            settings.push(("ssl", "on".to_owned()));
            settings.extend(files.map(|(name, path)| (name, path.display().to_string())));
        }
        // Last, so that they win.
        settings.extend(self.settings.iter().map(|(name, value)| (name.as_str(), value.clone())));

        let data = folder.join("data").display().to_string();
        let set = settings.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
        let launch = match self.disk {
            Some(mebibytes) => disk::launch(programs.postgres(), mebibytes, folder, account),
            None => Launch::new(programs.postgres()).account(account),
        };
        // Quit: nobody needs a last checkpoint of data that is thrown away.
        launch.arguments(["-D".to_owned(), data]).arguments(set).temporary_folder(folder).stop_by(Stop::Quit)
    }
}
