//! Stopping under load.

use rustix::process::Signal;

use crate::load::Load;
use crate::program::Program;

/// A balancer asks whether the instance is ready, and sends it nothing more once it is not.
#[test]
fn a_stop_loses_no_request_that_a_balancer_sends() {
    for _ in 0..3 {
        let mut program = Program::start(&[("SHUTDOWN_GRACE", "2s")]);
        let load = Load::on(&program);
        load.wait_for(&program, 100);
        let first = program.first();
        program.signal(Signal::TERM);
        program.wait_for("it to say so", |program| program.get("/health/ready").0 == 503);
        // Everything is still served while balancers notice.
        load.wait_for(&program, 20);
        assert!(program.get("/health/ready").1.contains("draining"));
        let outcome = load.end();
        assert_eq!((outcome.refused, outcome.failed), (0, 0), "{outcome:?}\n{}", program.log());
        assert_eq!(program.first_ended().code(), Some(0), "process {first}\n{}", program.log());
    }
}
