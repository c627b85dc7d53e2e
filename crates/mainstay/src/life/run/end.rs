//! Everything that can end the process, and the one thing that can replace it.

use std::sync::Arc;
use std::time::Duration;

use mainstay_core::{Chain, Panicked, Tasks};
use tokio::sync::mpsc;

use super::signals::{Signals, Told};
use crate::critical;
use crate::life::control::{self, ControlSocket, ReloadWish};
use crate::life::handover::{self, Program};
use crate::life::{Exit, Process, Runtime, Started};

/// How long the connections of a process that has handed over may take for their last answers, before those without
/// a request are closed.
const FAREWELL: Duration = Duration::from_secs(2);

/// Waits for what ends the process, and ends it.
pub(super) struct End {
    process: Process,
    signals: Signals,
    program: Option<Program>,
    tasks: Tasks,
    reloads: mpsc::Sender<ReloadWish>,
    reload_wishes: mpsc::Receiver<ReloadWish>,
}

/// What brought the serving to its end.
enum Cause {
    /// Stop; whether because of a panic.
    Stop(bool),
    /// A signal, or somebody who waits to hear of it, wants a new process.
    Reload(Option<ReloadWish>),
}

impl End {
    pub(super) fn new(process: Process, signals: Signals, program: Option<Program>) -> Self {
        let (reloads, reload_wishes) = mpsc::channel(1);
        Self { process, signals, program, tasks: Tasks::new(), reloads, reload_wishes }
    }

    /// Waits for a signal to stop.
    pub(super) async fn signal(&mut self) -> &'static str {
        self.signals.stop().await
    }

    /// Why the process cannot hand over, where it cannot.
    pub(super) fn obstacle(&self, runtime: &Runtime) -> Option<String> {
        if self.program.is_none() {
            return Some("the path of the program is not known".to_owned());
        }
        handover::obstacle(runtime, std::process::id()).map(|obstacle| obstacle.to_string())
    }

    /// Opens the control socket. A process without one serves as well.
    pub(super) fn open_control(&self, runtime: &Runtime, takes_over: bool) -> Option<ControlSocket> {
        let path = runtime.control.address.path()?;
        let opened = ControlSocket::open(path, std::process::id(), takes_over).and_then(|socket| {
            let serving =
                control::serve(&socket, self.process.workers.clone(), self.reloads.clone(), &self.tasks)?;
            self.tasks.spawn("control socket", serving);
            Ok(socket)
        });
        opened
            .inspect_err(|error| {
                tracing::warn!(code = "MS0511", path = %path.display(), %error, "no control socket: `worker` and `reload` do not reach this process");
            })
            .ok()
    }

    /// Serves until something ends it.
    pub(super) async fn serve(mut self, started: Started, control: Option<ControlSocket>) -> Exit {
        metrics::gauge!("posture_info", "hash" => started.posture.clone()).set(1.0);
        let runtime = Arc::clone(&started.runtime);
        drop(started);
        loop {
            match self.cause().await {
                Cause::Stop(panicked) => {
                    drop(control);
                    self.process.manager.stopping();
                    return self.stop(panicked).await;
                }
                Cause::Reload(wish) => {
                    if let Some(exit) = self.reload(&runtime, wish).await {
                        return exit;
                    }
                }
            }
        }
    }

    async fn cause(&mut self) -> Cause {
        tokio::select! {
            told = self.signals.next() => match told {
                Told::Stop(signal) => {
                    tracing::info!(signal, "stopping");
                    Cause::Stop(false)
                }
                Told::Reload => Cause::Reload(None),
            },
            () = self.process.conductor.begun() => Cause::Stop(false),
            name = panicked(&self.process) => {
                critical!(task = name.0, "stopping: a task panicked that nobody supervises");
                Cause::Stop(true)
            }
            // The sender lives in `self`.
            Some(wish) = self.reload_wishes.recv() => Cause::Reload(Some(wish)),
        }
    }

    /// Hands over to a new process. `None` when this one goes on serving.
    async fn reload(&mut self, runtime: &Runtime, wish: Option<ReloadWish>) -> Option<Exit> {
        self.process.manager.reloading();
        let begun = self.process.clock.now();
        let outcome = tokio::select! {
            outcome = successor(&self.process, self.program.as_ref(), runtime) => outcome,
            // Whatever else would end the process ends the reload first, and is found again by the next look.
            () = self.process.conductor.begun() => Err("the process is stopping".to_owned()),
            _ = panicked(&self.process) => Err("the process is stopping".to_owned()),
            signal = self.signals.stop() => {
                tracing::info!(signal, "stopping, and no reload");
                self.process.manager.stopping();
                return Some(self.stop(false).await);
            }
        };
        let took_ms = millis(self.process.clock.now() - begun);
        match &outcome {
            Ok(process) => {
                tracing::info!(process, took_ms, "a new process serves: this one ends");
                self.process.manager.handed_over(*process);
            }
            Err(reason) => {
                tracing::error!(
                    code = "MS0512",
                    reason,
                    took_ms,
                    "not reloaded: this process goes on serving"
                );
                self.process.manager.ready("not reloaded: the new process did not start");
            }
        }
        let is_handed_over = outcome.is_ok();
        if let Some(wish) = wish {
            // Fails where nobody waits any more.
            let _ = wish.send(outcome);
        }
        if is_handed_over { Some(self.leave().await) } else { None }
    }

    /// Ends after another process has taken over. One signal is expected: whoever stops a service signals all its
    /// processes, and this one is stopping already.
    async fn leave(&mut self) -> Exit {
        tokio::select! {
            () = self.process.hand_over(FAREWELL) => {}
            signal = self.signals.stop() => tracing::info!(signal, "stopping already"),
        }
        self.stop(false).await
    }

    /// Stops in order, unless a further signal demands the end at once.
    pub(super) async fn stop(&mut self, panicked: bool) -> Exit {
        let report = tokio::select! {
            report = self.process.stop() => report,
            signal = self.signals.stop() => {
                tracing::warn!(signal, running = ?self.process.tasks.running(), "stopped at once: a second signal");
                return Exit::Forced;
            }
        };
        let took_ms = millis(report.took);
        if report.is_clean() && !panicked {
            tracing::info!(took_ms, "stopped");
            Exit::Clean
        } else {
            tracing::error!(took_ms, late = %report, "stopped, but not cleanly");
            Exit::Unclean
        }
    }
}

/// Waits for a panic in a task that nobody supervises.
async fn panicked(process: &Process) -> Panicked {
    tokio::select! {
        panicked = process.tasks.panicked() => panicked,
        panicked = process.operators.panicked() => panicked,
    }
}

/// Starts a new process, and waits until it serves.
async fn successor(process: &Process, program: Option<&Program>, runtime: &Runtime) -> Result<u32, String> {
    if let Some(obstacle) = handover::obstacle(runtime, std::process::id()) {
        return Err(obstacle.to_string());
    }
    let program = program.ok_or("the path of the program is not known")?;
    let sockets = process.heirlooms.copies();
    let sockets = sockets.map_err(|error| format!("the sockets could not be copied: {error}"))?;
    let started = program.start(sockets, runtime.control.reload_timeout).await;
    started.map_err(|error| Chain(&error).to_string())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
