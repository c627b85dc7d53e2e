//! The thread that starts programs.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::Launch;
use super::output::Output;
use crate::program;

type Order = (Command, Sender<std::io::Result<Child>>);

/// Starts the program, tied to the life of this process.
pub(super) fn spawn(launch: &Launch, output: &Output) -> Child {
    let mut child = on_thread(command(launch))
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", launch.program.display()));
    if let Some(pipe) = child.stdout.take() {
        output.follow(pipe);
    }
    if let Some(pipe) = child.stderr.take() {
        output.follow(pipe);
    }
    child
}

fn command(launch: &Launch) -> Command {
    let mut command = Command::new(program::find("setpriv", "util-linux"));
    // The kernel sends this signal when the starting thread ends.
    command.arg(format!("--pdeathsig={}", launch.stop.name()));
    if let Some(account) = launch.account {
        command.arg(format!("--reuid={}", account.user)).arg(format!("--regid={}", account.group));
        command.arg("--clear-groups");
    }
    command.arg("--").arg(&launch.program).args(&launch.arguments);
    command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.envs(launch.environment.iter().map(|(name, value)| (name, value)));
    if let Some(folder) = &launch.folder {
        command.current_dir(folder);
    }
    // A group of its own: what a terminal sends to the test is not for the server.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `PR_SET_PDEATHSIG` means the thread that started the child, not its process. So all children are started by one thread
/// that lives as long as the process: the thread of a test ends earlier.
fn on_thread(command: Command) -> std::io::Result<Child> {
    static THREAD: OnceLock<Sender<Order>> = OnceLock::new();
    let orders = THREAD.get_or_init(|| {
        let (orders, incoming) = channel::<Order>();
        let work = move || {
            for (mut command, answer) in incoming {
                let _ = answer.send(command.spawn());
            }
        };
        thread::Builder::new().name("starts servers".to_owned()).spawn(work).expect("a thread");
        orders
    });
    let (answer, outcome) = channel();
    orders.send((command, answer)).expect("the thread never ends");
    outcome.recv().expect("the thread answers")
}
