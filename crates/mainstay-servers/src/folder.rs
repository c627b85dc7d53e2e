//! The temporary folder of a server.

use std::path::Path;

use tempfile::TempDir;

use crate::Account;

/// A temporary folder that the account can enter, and nobody else.
pub(crate) fn temporary(name: &str, account: Option<Account>) -> TempDir {
    let folder = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir().expect("a temporary folder");
    hand_over(folder.path(), account);
    folder
}

/// Gives a folder with all it holds to the account of the server.
pub(crate) fn hand_over(folder: &Path, account: Option<Account>) {
    if let Some(account) = account {
        account.take_over(folder);
    }
}
