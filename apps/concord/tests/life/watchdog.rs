//! What the watchdog makes of a process that is held up from outside.

use std::time::Duration;

use rustix::process::Signal;

use crate::program::Program;

#[test]
fn a_process_that_was_stopped_for_a_while_did_not_stall() {
    let program = Program::start(&[("WATCHDOG_ABORT_AFTER", "5s")]);
    let process = program.process();
    program.signal(Signal::STOP);
    // Longer than the limit, and nobody looks meanwhile: not the watchdog either.
    std::thread::park_timeout(Duration::from_secs(7));
    program.signal_to(process, Signal::CONT);
    assert_eq!(program.get("/health/live").0, 200);
    program.wait_for("it to be ready", |program| program.get("/health/ready").0 == 200);
    assert_eq!(program.process(), process);
    let log = program.stop();
    assert!(!log.contains("stands still"), "{log}");
}
