//! An empty cluster, made once by `initdb` and copied for each server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::programs::Programs;
use crate::{Account, Launch, cache, folder, password};

/// Changes whenever what is made below changes.
const FORMAT: u32 = 1;

/// A cluster to copy, and the password of its superuser.
pub(super) struct Template {
    folder: PathBuf,
    pub(super) password: String,
    /// Where nothing is kept, it is thrown away after the copy.
    _temporary: Option<TempDir>,
}

impl Template {
    /// That of the cache, made when it is not there yet.
    pub(super) fn get(programs: &Programs, account: Option<Account>) -> Self {
        let Some(cache) = cache::folder() else {
            let temporary = folder::temporary("postgres-template", account);
            let password = make(programs, account, temporary.path());
            return Self { folder: temporary.path().join("data"), password, _temporary: Some(temporary) };
        };
        let kept = cache.join(format!("postgres-{}-{FORMAT}", programs.version));
        // One process makes it, the others wait. It appears whole, by a rename.
        let _lock = cache::lock(&kept.with_extension("lock"));
        if !kept.is_dir() {
            // The account of the server may not be able to enter cargo's target folder.
            let temporary = folder::temporary("postgres-template", account);
            let password = make(programs, account, temporary.path());
            let unfinished = kept.with_extension("unfinished");
            let _ = fs::remove_dir_all(&unfinished);
            cache::copy(temporary.path(), &unfinished);
            fs::write(unfinished.join("password"), password).expect("a file in the cache");
            fs::rename(unfinished, &kept).expect("a rename in the cache");
        }
        let password = fs::read_to_string(kept.join("password")).expect("a file in the cache");
        Self { folder: kept.join("data"), password, _temporary: None }
    }

    pub(super) fn copy_to(&self, data: &Path) {
        cache::copy(&self.folder, data);
    }
}

/// Runs `initdb`; gives back the password of the superuser.
fn make(programs: &Programs, account: Option<Account>, folder: &Path) -> String {
    // A superuser may run programs as the server's account, and everybody on this machine can reach the port.
    let password = password::random();
    let password_file = folder.join("password");
    fs::write(&password_file, &password).expect("a file of ours");
    folder::hand_over(folder, account);
    let arguments = [
        "--username=postgres",
        "--pwfile=password",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        // 1 MB a file of the log instead of 16: less to copy.
        "--wal-segsize=1",
        "--no-sync",
        "--pgdata=data",
    ];
    let initdb =
        Launch::new(programs.initdb()).arguments(arguments).account(account).temporary_folder(folder);
    let initdb = initdb.start().unwrap_or_else(|error| panic!("{error}"));
    let ended = initdb.wait(Duration::from_mins(2));
    assert!(ended.is_some_and(|status| status.success()), "initdb failed:\n{}", initdb.output());
    password
}
