//! The side of the running process.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::Tasks;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::{ControlSocket, LONGEST_BYTES, Reply, Request};
use crate::life::admin::WorkerBody;
use crate::life::{Acknowledgement, Workers};

/// Most commands at once.
const MOST: usize = 8;

/// How long a command has for its request, and for taking the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between attempts to accept while that fails.
const RETRY: Duration = Duration::from_secs(1);

/// Somebody wants the process to hand over, and waits to hear what came of it.
pub(in crate::life) type ReloadWish = oneshot::Sender<Result<u32, String>>;

/// What commands may reach.
#[derive(Clone)]
struct Reach {
    workers: Workers,
    reloads: mpsc::Sender<ReloadWish>,
}

/// Answers commands, until this is dropped. Wishes to reload go to `reloads`.
///
/// # Errors
///
/// When the system refuses to wait for the socket.
pub(in crate::life) fn serve(
    socket: &ControlSocket,
    workers: Workers,
    reloads: mpsc::Sender<ReloadWish>,
    tasks: &Tasks,
) -> io::Result<impl Future<Output = ()> + Send + use<>> {
    let listener = socket.listener()?;
    let (reach, tasks) = (Reach { workers, reloads }, tasks.clone());
    Ok(accept(listener, reach, tasks))
}

async fn accept(listener: UnixListener, reach: Reach, tasks: Tasks) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) if is_owner(&stream) => {
                let reach = reach.clone();
                tasks.spawn("control", async move {
                    let _place = place;
                    if let Err(error) = converse(stream, reach).await {
                        tracing::debug!(%error, "a command left the control socket early");
                    }
                });
            }
            Ok(_) => tracing::warn!("a stranger was turned away from the control socket"),
            Err(error) => {
                tracing::warn!(%error, "the control socket does not accept");
                sleep(RETRY).await;
            }
        }
    }
}

/// Whether the other end is the user that this process runs as, or root.
fn is_owner(stream: &UnixStream) -> bool {
    let us = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == us || peer.uid() == 0)
}

async fn converse(stream: UnixStream, reach: Reach) -> io::Result<()> {
    let by = stream.peer_cred().map_or_else(
        |_| "control socket".to_owned(),
        |peer| format!("user {} at the control socket", peer.uid()),
    );
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    timeout(PATIENCE, BufReader::new(reading.take(LONGEST_BYTES)).read_line(&mut line)).await??;
    let reply = match serde_json::from_str(&line) {
        Ok(request) => reach.carry_out(request, &by).await,
        Err(error) => Reply::Refused(format!("the request is not understood: {error}")),
    };
    let mut text = serde_json::to_vec(&reply)?;
    text.push(b'\n');
    timeout(PATIENCE, writing.write_all(&text)).await??;
    writing.shutdown().await
}

impl Reach {
    async fn carry_out(&self, request: Request, by: &str) -> Reply {
        match request {
            Request::Who {} => Reply::Done(json!({ "process": std::process::id() })),
            Request::Workers {} => {
                let workers: Vec<_> = self.workers.list().into_iter().map(WorkerBody::from).collect();
                done(&json!({ "workers": workers }))
            }
            Request::Restart { worker, acknowledge, reason } => {
                let said = Acknowledgement { acknowledge, reason };
                match self.workers.restart(&worker, &said, by) {
                    Ok(worker) => done(&WorkerBody::from(worker)),
                    Err(refused) => Reply::Refused(refused.to_string()),
                }
            }
            Request::Reload {} => self.reload(by).await,
        }
    }

    async fn reload(&self, by: &str) -> Reply {
        tracing::info!(by, "told to reload");
        let (told, outcome) = oneshot::channel();
        // Never waits: one wish is carried out at a time, and who comes meanwhile is told so.
        if self.reloads.try_send(told).is_err() {
            return Reply::Refused("a reload is under way, or the process is stopping".to_owned());
        }
        match outcome.await {
            Ok(Ok(process)) => Reply::Done(json!({ "process": process })),
            Ok(Err(reason)) => Reply::Refused(reason),
            Err(_) => Reply::Refused("the process is stopping".to_owned()),
        }
    }
}

fn done(value: &impl serde::Serialize) -> Reply {
    match serde_json::to_value(value) {
        Ok(value) => Reply::Done(value),
        Err(error) => Reply::Refused(error.to_string()),
    }
}
