//! A program that a test starts, breaks and ends.

mod family;
mod janitor;
mod launch;
mod output;
mod spawner;

use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_core::Clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use family::Family;
use janitor::Janitor;
use output::Output;

pub use launch::{Launch, StartError, Stop};

/// How long a program may take to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program that runs, and ends with this value.
///
/// It is asked to end first and killed when it does not; the kernel kills it when the test's own process is killed.
/// What it prints is kept (the last lines), and shown when it does not start.
pub struct Process {
    launch: Launch,
    output: Output,
    janitor: Janitor,
    child: Mutex<Option<Child>>,
}

impl Process {
    fn start(launch: Launch) -> Result<Self, StartError> {
        let janitor = Janitor::hire(launch.folder.as_deref());
        let process = Self { launch, output: Output::default(), janitor, child: Mutex::new(None) };
        process.try_start_again()?;
        Ok(process)
    }

    /// The id of its process; that of the last one when it does not run.
    pub fn id(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    /// Whether it runs (a paused one does).
    pub fn is_running(&self) -> bool {
        self.exited().is_none()
    }

    /// What it printed so far, to stdout and stderr: the last lines.
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// Waits for the next line it prints from the `cursor` on, and moves the cursor behind it; `None` when there is none in
    /// time. A cursor of 0 begins with the first line that is still kept.
    pub fn next_line(&self, cursor: &mut u64, within: Duration) -> Option<String> {
        self.output.next_line(cursor, within)
    }

    /// How many lines it printed: the cursor for what it prints from now on.
    pub fn printed_lines(&self) -> u64 {
        self.output.end()
    }

    /// Stops it where it stands, with all its children, as `SIGSTOP` does: connections stay open, and nobody answers.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn pause(&self) {
        let child = self.child();
        let family = Family::of(running(child.as_ref())).pause();
        // Who is paused does not see that its parent is gone; somebody has to wake it up for that.
        self.janitor.remember_paused(family.pids());
    }

    /// Lets it go on after [`Process::pause`].
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn resume(&self) {
        let child = self.child();
        Family::of(running(child.as_ref())).resume();
        self.janitor.remember_paused(std::iter::empty());
    }

    /// Sends it `SIGHUP`, by which many servers read their configuration again.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn hang_up(&self) {
        let child = self.child();
        kill_process(running(child.as_ref()), Signal::HUP).expect("it runs");
    }

    /// Kills it and all its children, as a power cut does it, and waits until they are gone.
    pub fn kill(&self) {
        if let Some(child) = self.child().as_mut()
            && matches!(child.try_wait(), Ok(None))
        {
            Family::of(pid(child)).kill(|| drop(child.wait()));
        }
    }

    /// Asks it to end, and kills it when it does not within ten seconds.
    pub fn stop(&self) -> Option<ExitStatus> {
        self.stop_by(self.launch.stop)
    }

    /// [`Process::stop`] with a signal of choice.
    pub fn stop_by(&self, stop: Stop) -> Option<ExitStatus> {
        if let Some(child) = self.child().as_mut()
            && matches!(child.try_wait(), Ok(None))
        {
            let family = Family::of(pid(child));
            // Refused only when it has just ended, and that is what is wanted.
            let _ = kill_process(pid(child), stop.signal());
            family.resume();
            if wait(child, PATIENCE).is_none() {
                Family::of(pid(child)).kill(|| drop(child.wait()));
            }
            family.kill_survivors();
        }
        self.exited()
    }

    /// Starts it again as it was started before, after [`Process::kill`] or [`Process::stop`].
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_again(&self) {
        self.try_start_again().unwrap_or_else(|error| panic!("{error}"));
    }

    /// [`Process::stop`] and [`Process::start_again`].
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Waits for its end.
    pub fn wait(&self, within: Duration) -> Option<ExitStatus> {
        self.child().as_mut().and_then(|child| wait(child, within))
    }

    fn try_start_again(&self) -> Result<(), StartError> {
        self.stop();
        *self.child() = Some(spawner::spawn(&self.launch, &self.output));
        let clock = Clock::system();
        let deadline = clock.now() + self.launch.patience;
        let mut cursor = self.output.end();
        while !(self.launch.ready)(self) {
            let refused = |how| {
                Err(StartError { program: self.launch.program.clone(), how, output: self.output.complete() })
            };
            if let Some(status) = self.exited() {
                return refused(format!("ended with {status}"));
            }
            if clock.now() > deadline {
                self.stop();
                return refused(format!("is not ready after {:?}", self.launch.patience));
            }
            // Whatever it prints may be the sign that it is ready; if it prints nothing, it is asked again soon.
            self.output.next_line(&mut cursor, Duration::from_millis(10));
        }
        Ok(())
    }

    fn exited(&self) -> Option<ExitStatus> {
        self.child().as_mut().and_then(|child| child.try_wait().ok().flatten())
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        self.janitor.dismiss();
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Process")
            .field("program", &self.launch.program)
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

fn running(child: Option<&Child>) -> Pid {
    pid(child.expect("the process was started"))
}

/// Its number cannot be another's meanwhile: that needs a `wait`, and only this module waits.
fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn wait(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    if let Ok(handle) = pidfd_open(pid(child), PidfdFlags::empty()) {
        let within = Timespec::try_from(within).expect("a wait of less than centuries");
        // An interrupted wait is one that was too short; it is told by the status below.
        let _ = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&within));
    }
    child.try_wait().ok().flatten()
}

impl Stop {
    fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::TERM,
            Self::Interrupt => Signal::INT,
            Self::Quit => Signal::QUIT,
        }
    }

    /// As `setpriv --pdeathsig` has it.
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Quit => "QUIT",
        }
    }
}
