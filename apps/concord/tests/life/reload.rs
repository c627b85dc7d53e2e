//! Handing over to a new process.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::load::Load;
use crate::program::Program;

#[test]
fn a_reload_under_load_loses_nothing() {
    let mut program = Program::start(&[]);
    let load = Load::on(&program);
    load.wait_for(&program, 50);

    let ran = program.run(&["reload"]);
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.talk, program.log());
    let second = program.process();
    assert_ne!(second, program.first());
    assert!(ran.talk.contains(&format!("process {second} serves")), "{}", ran.talk);
    load.wait_for(&program, 50);
    assert_eq!(program.first_ended().code(), Some(0), "{}", program.log());

    // The one that took over can hand over as well; this time by the signal.
    program.signal(Signal::HUP);
    program.wait_for("a third process", |program| program.process() != second);
    load.wait_for(&program, 50);

    let outcome = load.end();
    assert_eq!((outcome.refused, outcome.failed), (0, 0), "{outcome:?}\n{}", program.log());
    assert!(outcome.answered >= 150, "{outcome:?}");
    let log = program.stop();
    assert_eq!(log.matches("\"message\":\"stopped\"").count(), 3, "{log}");
    assert_eq!(log.matches("not cleanly").count(), 0, "{log}");
}

#[test]
fn a_new_process_that_does_not_start_changes_nothing() {
    let program = Program::start(&[]);
    let load = Load::on(&program);
    let first = program.process();

    // Wrong settings: it ends before it says anything to the old one.
    program.write_env("LOG_LEVEL=nonsense\n");
    let ran = program.run(&["--set", "LOG_LEVEL=info", "reload"]);
    assert_eq!(ran.code, Some(1), "{}", ran.talk);
    assert!(ran.talk.contains("exit status: 2"), "{}", ran.talk);

    // A start that fails says why.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    program.write_env(&format!("MANAGEMENT_ADDR={}\n", taken.local_addr().unwrap()));
    let ran = program.run(&["reload"]);
    assert_eq!(ran.code, Some(1), "{}", ran.talk);
    assert!(ran.talk.contains("MS0502"), "{}", ran.talk);
    load.wait_for(&program, 50);
    assert_eq!(program.process(), first);

    // Cured, it goes through, and the new settings hold.
    drop(taken);
    program.write_env("RELOAD_TIMEOUT=59s\n");
    let ran = program.run(&["reload"]);
    assert_eq!(ran.code, Some(0), "{}", ran.talk);
    assert_ne!(program.process(), first);
    let outcome = load.end();
    assert_eq!((outcome.refused, outcome.failed), (0, 0), "{outcome:?}\n{}", program.log());
    program.stop();
}

#[test]
fn what_lives_in_the_process_is_not_handed_over() {
    for (setting, value, word) in
        [("DATABASE_URL", "sqlite::memory:", "DATABASE_URL"), ("SESSION_STORE", "memory", "SESSION_STORE")]
    {
        let program = Program::start(&[(setting, value)]);
        let ran = program.run(&["reload"]);
        assert_eq!(ran.code, Some(1), "{}", ran.talk);
        assert!(ran.talk.contains(word), "{}", ran.talk);
        assert_eq!(program.process(), program.first());
        program.stop();
    }
}
