//! A process and its children: a server is often more than one process.

use std::fs;
use std::thread;
use std::time::Duration;

use mainstay_core::Clock;
use rustix::process::{Pid, Signal, kill_process};

/// How long the kernel may take to stop or to remove processes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process and its descendants, as of one moment.
pub(super) struct Family {
    head: Pid,
    members: Vec<Entry>,
}

impl Family {
    /// Looks up who belongs to this process.
    pub(super) fn of(head: Pid) -> Self {
        let processes = processes();
        let mut members: Vec<Entry> =
            processes.iter().filter(|process| process.pid == head).copied().collect();
        let mut known = 0;
        while let Some(parent) = members.get(known).map(|parent| parent.pid.as_raw_pid()) {
            members.extend(processes.iter().filter(|process| process.parent == parent));
            known += 1;
        }
        Self { head, members }
    }

    pub(super) fn pids(&self) -> impl Iterator<Item = Pid> {
        self.members.iter().map(|member| member.pid)
    }

    /// Stops all of them, and waits until they stand. The head first: then there will be no more children. Gives the whole
    /// family as it stands.
    pub(super) fn pause(self) -> Self {
        let head = self.head;
        let mut family = self;
        wait_until("all processes stand", || {
            family = Self::of(head);
            let moving: Vec<Pid> = family.moving().collect();
            for pid in &moving {
                signal(*pid, Signal::STOP);
            }
            moving.is_empty()
        });
        family
    }

    fn moving(&self) -> impl Iterator<Item = Pid> {
        self.members.iter().filter(|member| !matches!(member.state, 'T' | 'Z')).map(|member| member.pid)
    }

    pub(super) fn resume(&self) {
        for pid in self.pids() {
            signal(pid, Signal::CONT);
        }
    }

    /// Kills all of them; `reap` waits for the head.
    pub(super) fn kill(self, reap: impl FnOnce()) {
        let family = self.pause();
        signal(family.head, Signal::KILL);
        reap();
        family.kill_survivors();
    }

    /// Kills whoever is left after the head has ended, and waits until they are gone.
    pub(super) fn kill_survivors(&self) {
        wait_until("all processes are gone", || {
            let processes = processes();
            let alive = |member: &&Entry| processes.iter().any(|process| process.is_still(member));
            let survivors: Vec<&Entry> = self.members.iter().filter(alive).collect();
            for survivor in &survivors {
                signal(survivor.pid, Signal::KILL);
            }
            survivors.is_empty()
        });
    }
}

/// Refused when the process is gone, and then there is nothing to do.
fn signal(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}

fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let clock = Clock::system();
    let deadline = clock.now() + PATIENCE;
    while !reached() {
        assert!(clock.now() < deadline, "not reached within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A process of this machine.
#[derive(Clone, Copy)]
struct Entry {
    pid: Pid,
    parent: i32,
    state: char,
    /// In ticks since the machine was started: tells a process from a later one with its number.
    started: u64,
}

impl Entry {
    /// Whether it is that process, and alive. Who was adopted by an idle first process stays as a zombie: it holds nothing
    /// any more.
    fn is_still(&self, other: &Self) -> bool {
        (self.pid, self.started) == (other.pid, other.started) && self.state != 'Z'
    }
}

fn processes() -> Vec<Entry> {
    let folders = fs::read_dir("/proc").expect("the processes of this machine").filter_map(Result::ok);
    folders.filter_map(|folder| entry(&fs::read_to_string(folder.path().join("stat")).ok()?)).collect()
}

/// `pid (name) state parent …`; the name may hold blanks and brackets.
fn entry(stat: &str) -> Option<Entry> {
    let (before, after) = stat.rsplit_once(')')?;
    let pid = before.split_once(' ')?.0.parse().ok()?;
    let mut fields = after.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    // The 22nd field of all.
    let started = fields.nth(17)?.parse().ok()?;
    Some(Entry { pid: Pid::from_raw(pid)?, parent, state, started })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_confuse() {
        let entry = entry("42 (a) b) T 7 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 99 23").unwrap();
        assert_eq!((entry.pid.as_raw_pid(), entry.parent, entry.state, entry.started), (42, 7, 'T', 99));
    }
}
