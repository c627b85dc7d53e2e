//! Programs of any kind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mainstay_servers::{Launch, Postgres};
use rustix::process::{Pid, Signal, kill_process};

use crate::wait_for;

/// Set for the process that is killed with a server in its hands.
const VICTIM: &str = "MAINSTAY_SERVERS_TEST_VICTIM";

fn shell(script: &str) -> Launch {
    Launch::new("/bin/sh").arguments(["-c", script])
}

fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

fn is_gone(pid: u32) -> bool {
    state(pid).is_none_or(|state| state == 'Z')
}

#[test]
fn what_ends_before_it_is_ready_is_an_error_that_shows_its_output() {
    let error =
        shell("echo to stdout; echo to stderr >&2; exit 3").ready(|_| false).start().unwrap_err().to_string();
    for part in ["/bin/sh", "3", "to stdout", "to stderr"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn lines_are_seen_as_they_come() {
    let process = shell("echo first; echo second; exec sleep 60").start().unwrap();
    let mut cursor = 0;
    let mut next = || process.next_line(&mut cursor, Duration::from_secs(20));
    assert_eq!([next().as_deref(), next().as_deref()], [Some("first"), Some("second")]);
}

#[test]
fn the_environment_of_the_test_is_not_that_of_the_program() {
    let process = shell("env").variable("GIVEN", "1").start().unwrap();
    assert!(process.wait(Duration::from_secs(20)).unwrap().success());
    wait_for("the output", || process.output().contains("GIVEN=1"));
    assert!(!process.output().contains("CARGO"), "{}", process.output());
}

#[test]
fn who_does_not_listen_is_killed_with_its_children() {
    let deaf = "trap '' TERM; sleep 60 & echo $!; while :; do wait; done";
    let process = shell(deaf).ready(|process| process.output().ends_with('\n')).start().unwrap();
    let child: u32 = process.output().trim().parse().unwrap();
    let head = process.id().unwrap();
    process.kill();
    assert!(is_gone(head) && is_gone(child));
}

#[test]
fn a_pause_holds_the_children_as_well() {
    let process =
        shell("sleep 60 & echo $!; wait").ready(|process| process.output().ends_with('\n')).start().unwrap();
    let family = [process.output().trim().parse().unwrap(), process.id().unwrap()];
    process.pause();
    assert!(family.iter().all(|pid| state(*pid) == Some('T')));
    process.resume();
    wait_for("both go on", || family.iter().all(|pid| state(*pid) == Some('S')));
    // A paused one can be ended, too.
    process.pause();
    drop(process);
    assert!(family.iter().all(|pid| is_gone(*pid)));
}

#[test]
fn it_can_be_started_again() {
    let process = shell("exec sleep 60").start().unwrap();
    let first = process.id().unwrap();
    process.restart();
    assert!(is_gone(first) && process.is_running());
    process.kill();
    assert!(!process.is_running());
    process.start_again();
    assert!(process.is_running());
}

/// Not a test: the process that the test below kills.
#[test]
#[expect(clippy::disallowed_methods, reason = "the way a test talks to a process of its own")]
fn victim() {
    let Ok(mode) = std::env::var(VICTIM) else { return };
    let postgres = Postgres::start();
    // A pause of a server with connections is the hardest to clean up.
    if mode == "paused" {
        postgres.pause();
    }
    let folder = postgres.folder().to_owned();
    println!("\nvictim {} {}", postgres.process().id().unwrap(), folder.display());
    std::thread::sleep(Duration::from_mins(5));
}

#[test]
fn a_test_that_is_killed_leaves_neither_processes_nor_files() {
    for mode in ["running", "paused"] {
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["process::victim", "--exact", "--nocapture"]).env(VICTIM, mode);
        let mut test = test.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(test.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.into_iter().find(|line| line.starts_with("victim ")).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let (server, folder) = (words[1].parse().unwrap(), Path::new(words[2]));
        assert!(state(server).is_some() && folder.is_dir(), "{mode}");
        kill_process(Pid::from_child(&test), Signal::KILL).unwrap();
        test.wait().unwrap();
        wait_for("the server is gone", || is_gone(server));
        wait_for("its folder is gone", || !folder.exists());
    }
}
