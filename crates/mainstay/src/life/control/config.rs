//! The settings of the control socket, and of what it is most used for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_core::settings::{Invalid, Reader, Section, Setting};

/// Longest path of a Unix socket, in bytes; the system's own limit is 107.
const LONGEST_PATH_BYTES: usize = 100;

/// The settings of the control socket.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ControlSettings {
    /// `CONTROL_SOCKET`: where it is; none where it is off.
    pub address: ControlAddress,
    /// `RELOAD_TIMEOUT`: how long a new process has to be ready.
    pub reload_timeout: Duration,
}

/// Where the control socket is, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlAddress {
    path: Option<PathBuf>,
}

impl ControlAddress {
    /// At this path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()) }
    }

    /// The path, unless it is off.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl ControlSettings {
    /// Reads the settings for a service of this name.
    pub fn read_named(reader: &mut Reader<'_>, name: &str) -> Self {
        let address = reader
            .field::<ControlAddress>("CONTROL_SOCKET")
            .doc("A Unix socket for its owner alone, by which `worker` and `reload` reach the running process; `off` for none.")
            .default_text("data/{app}.sock")
            .optional();
        let reload_timeout = reader
            .field("RELOAD_TIMEOUT")
            .doc("How long a new process has to be ready when this one hands over to it.")
            .default(Duration::from_mins(1))
            .bounds(Duration::from_secs(1)..=Duration::from_mins(15))
            .too_low("a start that takes its time is given up")
            .too_high("one that hangs is noticed that much later; the old process serves meanwhile")
            .read();
        let usual = || ControlAddress::at(format!("data/{name}.sock"));
        Self { address: address.unwrap_or_else(usual), reload_timeout }
    }
}

impl Section for ControlSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self::read_named(reader, "app")
    }
}

impl Setting for ControlAddress {
    fn kind() -> &'static str {
        "path"
    }

    fn expected() -> String {
        "a path of 100 bytes at most, or `off`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        if text == "off" {
            return Ok(Self { path: None });
        }
        let path = <PathBuf as Setting>::parse(text)?;
        if path.as_os_str().len() > LONGEST_PATH_BYTES {
            return Err(Invalid::new("is longer than the path of a socket may be"));
        }
        Ok(Self::at(path))
    }

    fn show(&self) -> String {
        self.path.as_ref().map_or_else(|| "off".to_owned(), |path| path.display().to_string())
    }
}
