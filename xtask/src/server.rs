//! The PostgreSQL that the tests of one run share.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};

use crate::command::{self, cargo, program};
use crate::metadata::Metadata;

/// The variable that tells tests where it is; `mainstay-servers` reads it.
pub(crate) const VARIABLE: &str = "MAINSTAY_TEST_POSTGRES";

/// The example of `mainstay-servers` that runs one until its stdin ends.
const EXAMPLE: &str = "throwaway_postgres";

/// A PostgreSQL that runs, and ends with this value.
pub(crate) struct SharedServer {
    child: Child,
    /// The URL of its superuser.
    pub(crate) url: String,
}

impl SharedServer {
    /// Builds the example with what the tests are built with, and starts it.
    ///
    /// # Errors
    ///
    /// When it cannot be built or does not start.
    pub(crate) fn start() -> Result<Self> {
        // As a member of the whole workspace, so that its dependencies are not built once more with fewer features.
        let build = ["build", "--quiet", "--workspace", "--all-features", "--locked", "--example", EXAMPLE];
        command::run(cargo(build))?;
        let path = Metadata::read()?.target_directory.join("debug/examples").join(EXAMPLE);
        let mut command = program(&path.to_string_lossy(), [""; 0]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", path.display()))?;
        let mut url = String::new();
        let pipe = child.stdout.take().context("its output was asked for")?;
        BufReader::new(pipe).read_line(&mut url).context("cannot read where the server is")?;
        let url = url.trim_end().to_owned();
        ensure!(!url.is_empty(), "{EXAMPLE} did not start; it has said why");
        Ok(Self { child, url })
    }
}

impl Drop for SharedServer {
    fn drop(&mut self) {
        // The end of its stdin is its end; it takes the server with it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
