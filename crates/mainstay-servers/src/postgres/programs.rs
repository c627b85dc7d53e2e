//! Where Debian puts PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program;

/// The newest PostgreSQL of this machine.
#[derive(Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    /// Such as `15`.
    pub(super) version: String,
}

impl Programs {
    /// # Panics
    ///
    /// When there is none.
    pub(super) fn find() -> Self {
        Self::newest_in(Path::new("/usr/lib/postgresql"))
            .unwrap_or_else(|| program::missing("postgres", "postgresql"))
    }

    fn newest_in(all: &Path) -> Option<Self> {
        let versions = fs::read_dir(all).ok()?.filter_map(Result::ok);
        let servers = versions.filter(|version| version.path().join("bin/postgres").is_file());
        let newest =
            servers.max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().ok())?;
        let version = newest.file_name().to_string_lossy().into_owned();
        Some(Self { folder: newest.path().join("bin"), version })
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn psql(&self) -> PathBuf {
        self.folder.join("psql")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_has_a_server_is_taken() {
        let all = tempfile::tempdir().unwrap();
        for (version, program) in [("9", "postgres"), ("15", "postgres"), ("17", "psql")] {
            let folder = all.path().join(version).join("bin");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(program), "").unwrap();
        }
        assert_eq!(Programs::newest_in(all.path()).unwrap().version, "15");
        assert!(Programs::newest_in(&all.path().join("9")).is_none());
    }
}
