//! Whom a server runs as.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

/// An account of this machine that a server runs as, because it refuses to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Account {
    /// Whom to become when this process is root: the first of these accounts that exists. `None` for everybody else,
    /// who stays who they are.
    ///
    /// # Panics
    ///
    /// When this process is root and none of the accounts exists.
    pub fn instead_of_root(names: &[&str]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").expect("the accounts of this machine");
        let found = names.iter().find_map(|name| Self::among(&accounts, name));
        Some(found.unwrap_or_else(|| panic!("none of the accounts {names:?} exists on this machine")))
    }

    fn among(accounts: &str, name: &str) -> Option<Self> {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let own = fields.next() == Some(name);
            let (user, group) = (fields.nth(1)?, fields.next()?);
            own.then_some(Self { user: user.parse().ok()?, group: group.parse().ok()? })
        })
    }

    /// Gives a folder and everything in it to the account.
    pub(crate) fn take_over(self, folder: &Path) {
        let give =
            |path: &Path| chown(path, Some(self.user), Some(self.group)).expect("root may give files away");
        give(folder);
        for entry in fs::read_dir(folder).expect("a folder of ours") {
            let entry = entry.expect("an entry of a folder of ours");
            if entry.file_type().expect("the type of a file of ours").is_dir() {
                self.take_over(&entry.path());
            } else {
                give(&entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str =
        "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:PostgreSQL:/var:/bin/bash\nodd:x\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(Account::among(ACCOUNTS, "postgres"), Some(Account { user: 101, group: 104 }));
        for unknown in ["post", "odd", "", "x"] {
            assert_eq!(Account::among(ACCOUNTS, unknown), None, "{unknown}");
        }
    }
}
