//! The socket as a file.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Its owner alone.
const MODE: u32 = 0o600;

/// A control socket that listens. The file is removed when this is dropped, unless another process has put its own
/// there meanwhile.
#[derive(Debug)]
pub(in crate::life) struct ControlSocket {
    path: PathBuf,
    file: (u64, u64),
    listener: UnixListener,
}

impl ControlSocket {
    /// Listens at a path. Whoever finds the file there finds a socket that listens and that only its owner may use:
    /// it is made under another name, and put in place of what is there in one step.
    ///
    /// # Errors
    ///
    /// Where another process answers there, unless it is the one that this one takes over from; or where the file
    /// cannot be made.
    pub(in crate::life) fn open(path: &Path, process: u32, takes_over: bool) -> io::Result<Self> {
        if !takes_over && UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process answers there"));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{process}"));
        let unfinished = PathBuf::from(unfinished);
        let opened = Self::make(&unfinished, path);
        if opened.is_err() {
            // Fails where it was never made.
            let _ = fs::remove_file(&unfinished);
        }
        opened
    }

    fn make(unfinished: &Path, path: &Path) -> io::Result<Self> {
        // What a process of the same number left behind.
        match fs::remove_file(unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(unfinished)?;
        listener.set_nonblocking(true)?;
        fs::set_permissions(unfinished, Permissions::from_mode(MODE))?;
        let file = identity(unfinished)?;
        fs::rename(unfinished, path)?;
        Ok(Self { path: path.to_owned(), file, listener })
    }

    pub(super) fn listener(&self) -> io::Result<tokio::net::UnixListener> {
        tokio::net::UnixListener::from_std(self.listener.try_clone()?)
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            // Whoever comes next replaces it anyway.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}
