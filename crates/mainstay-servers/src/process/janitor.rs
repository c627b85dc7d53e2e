//! Who cleans up when nobody else can.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::Pid;

/// Reads until its pipe is closed, which it is when the test's process is gone, however that came. Only "done" lets it
/// leave without doing anything.
const SCRIPT: &str = r#"
paused=
while read -r word rest; do
    case $word in
        paused) paused=$rest ;;
        done) exit 0 ;;
    esac
done
[ -z "$paused" ] || kill -CONT $paused
[ -n "$1" ] || exit 0
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$1" && exit 0
    sleep 1
done
"#;

/// A small process that outlives a test whose own process is killed: it wakes up what was paused (who is paused does not
/// hear the kernel's call to end), and removes the folder.
pub(super) struct Janitor {
    child: Mutex<Option<(Child, ChildStdin)>>,
}

impl Janitor {
    pub(super) fn hire(folder: Option<&Path>) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "janitor"]).arg(folder.unwrap_or(Path::new("")));
        command.env_clear().env("PATH", "/usr/bin:/bin").current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a shell");
        let orders = child.stdin.take().expect("its pipe");
        Self { child: Mutex::new(Some((child, orders))) }
    }

    /// These stand still, and nobody else.
    pub(super) fn remember_paused(&self, paused: impl Iterator<Item = Pid>) {
        let numbers: Vec<String> = paused.map(|pid| pid.as_raw_pid().to_string()).collect();
        if let Some((_, orders)) = self.child.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            writeln!(orders, "paused {}", numbers.join(" ")).expect("the janitor listens");
        }
    }

    /// Everything is in order; it may go.
    pub(super) fn dismiss(&self) {
        if let Some((mut child, mut orders)) =
            self.child.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            let _ = orders.write_all(b"done\n");
            drop(orders);
            let _ = child.wait();
        }
    }
}
