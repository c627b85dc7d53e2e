//! The file of a database, and what it lies on.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

/// Where a database lies.
#[derive(Clone, Debug)]
pub(crate) enum Location {
    /// A file that stays.
    File(PathBuf),
    /// A file in a folder that goes with its last owner.
    Temporary(Arc<TempDir>),
}

/// The folder or file cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be created", path.display())]
pub(crate) struct PrepareError {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

/// The name of a network file system, on which SQLite's locks cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NetworkFilesystem(pub(crate) &'static str);

impl Location {
    /// A file in a new folder of the system's temporary directory.
    pub(crate) fn temporary() -> Result<Self, PrepareError> {
        let folder = tempfile::Builder::new()
            .prefix("mainstay-")
            .tempdir()
            .map_err(|source| PrepareError { path: std::env::temp_dir(), source })?;
        Ok(Self::Temporary(Arc::new(folder)))
    }

    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Temporary(folder) => folder.path().join("database.sqlite"),
        }
    }

    /// Whether commits must outlive the process.
    pub(crate) fn is_durable(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Creates the folder and an empty file that only the owner may read. SQLite gives its side files (`-wal`,
    /// `-shm`) the mode of the file.
    pub(crate) fn prepare(&self) -> Result<(), PrepareError> {
        let path = self.path();
        let fail = |source| PrepareError { path: path.clone(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder).map_err(fail)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(fail).map(drop)
    }
}

/// Names the file system of `path` when it is one across the network.
#[cfg(target_os = "linux")]
pub(crate) fn network_filesystem(path: &Path) -> Option<NetworkFilesystem> {
    let status = rustix::fs::statfs(path).ok()?;
    // Numbers of `statfs(2)`; their type differs by architecture.
    let name = match u32::try_from(i128::from(status.f_type) & 0xffff_ffff).ok()? {
        0x6969 => "NFS",
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x0102_1997 => "9P",
        0x00C3_6400 => "Ceph",
        0x5346_414F | 0x6B41_4653 => "AFS",
        _ => return None,
    };
    Some(NetworkFilesystem(name))
}

/// Names the file system of `path` when it is one across the network. Not known on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn network_filesystem(_path: &Path) -> Option<NetworkFilesystem> {
    None
}
