//! A running Concord.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mainstay_core::Clock;
use rustix::process::{Pid, Signal, kill_process};

use crate::binary::Binary;
use crate::http::{Connection, Request};
use crate::token;

/// How often a state is asked for while it is waited for; far below what is measured by it.
const INTERVAL: Duration = Duration::from_micros(500);
/// What the service says, in its folder.
const LOG: &str = "concord.log";
/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process that answers. It is killed when dropped.
pub(crate) struct Service {
    child: Child,
    clock: Clock,
    program: PathBuf,
    folder: PathBuf,
    settings: Vec<(String, String)>,
    token: OnceCell<String>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From before the process was made to the first `ready`.
    pub(crate) start_to_ready: Duration,
}

impl Service {
    /// Starts the service in `folder`, where its database is, and waits until it says that it is ready.
    ///
    /// Nothing of this process's environment is handed on: only `settings` count.
    ///
    /// # Errors
    ///
    /// When it ends, or is not ready in time; its log is shown.
    pub(crate) fn start(
        clock: &Clock,
        binary: &Binary,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let address = free_address()?;
        let output = File::create(folder.join(LOG)).context("cannot make the log")?;
        let before = clock.now();
        let child = Command::new(&binary.path)
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .env("PORT", address.port().to_string())
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("cannot share the log")?)
            .stderr(output)
            .spawn()
            .context("cannot start concord")?;
        let mut service = Self {
            child,
            clock: clock.clone(),
            program: binary.path.clone(),
            folder: folder.to_owned(),
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            token: OnceCell::new(),
            address,
            start_to_ready: Duration::ZERO,
        };
        service.wait("ready", |service| Ok(service.is_ready()))?;
        service.start_to_ready = clock.now() - before;
        Ok(service)
    }

    /// The process's id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// A new connection, that may do everything.
    ///
    /// # Errors
    ///
    /// When the service does not listen, or there is no token to be had.
    pub(crate) fn connect(&self) -> Result<Connection> {
        let token = self.token()?;
        let connection = Connection::open(self.address);
        let connection = connection.with_context(|| format!("cannot connect to {}", self.address))?;
        Ok(connection.with_token(token))
    }

    /// The token of all connections. It is made when first asked for: a start is measured without it.
    ///
    /// # Errors
    ///
    /// When there is none to be had.
    pub(crate) fn token(&self) -> Result<&str> {
        if self.token.get().is_none() {
            let token = token::create(&self.program, &self.folder, &self.settings);
            let token = token.context("cannot make a token")?;
            // Nobody else sets it: there is one thread.
            let _ = self.token.set(token);
        }
        self.token.get().map(String::as_str).context("the token was just set")
    }

    /// Waits until `reached`.
    ///
    /// # Errors
    ///
    /// When the process ends meanwhile, or after [`PATIENCE`]; its log is shown.
    pub(crate) fn wait(
        &mut self,
        what: &str,
        mut reached: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        let begun = self.clock.now();
        while !reached(self)? {
            if let Some(status) = self.child.try_wait().context("cannot look after the process")? {
                bail!("concord ended with {status} before: {what}\n{}", self.end_of_log());
            }
            if self.clock.now() - begun > PATIENCE {
                bail!("waited {PATIENCE:?} in vain for: {what}\n{}", self.end_of_log());
            }
            thread::sleep(INTERVAL);
        }
        Ok(())
    }

    /// Asks the process to stop.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub(crate) fn terminate(&self) -> Result<()> {
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(process.context("a process has a positive id")?, Signal::TERM).context("cannot signal")
    }

    /// Waits for the process to end.
    ///
    /// # Errors
    ///
    /// After [`PATIENCE`].
    pub(crate) fn ended(&mut self) -> Result<ExitStatus> {
        let begun = self.clock.now();
        loop {
            if let Some(status) = self.child.try_wait().context("cannot look after the process")? {
                return Ok(status);
            }
            if self.clock.now() - begun > PATIENCE {
                bail!("concord did not end within {PATIENCE:?}\n{}", self.end_of_log());
            }
            thread::sleep(INTERVAL);
        }
    }

    /// Stops the process in order.
    ///
    /// # Errors
    ///
    /// When it does not end, or not cleanly.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.terminate()?;
        let status = self.ended()?;
        if !status.success() {
            bail!("concord stopped with {status}\n{}", self.end_of_log());
        }
        Ok(())
    }

    /// Whether it says that it is ready.
    pub(crate) fn is_ready(&self) -> bool {
        Connection::open(self.address)
            .is_ok_and(|mut connection| connection.exchange(&Request::get("/health/ready")).is_ok())
    }

    fn end_of_log(&self) -> String {
        let text = fs::read_to_string(self.folder.join(LOG)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody listens on: free a moment ago, which is as good as it gets.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    listener.local_addr().context("a listener has an address")
}
