//! Real servers, started, broken and ended.

#[cfg(test)]
mod chaos;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod process;
#[cfg(test)]
mod redis;
#[cfg(test)]
mod slapd;

use std::time::Duration;

use mainstay_core::Clock;

#[cfg(test)]
/// Waits for a state that another process brings about.
fn wait_for(what: &str, mut reached: impl FnMut() -> bool) {
    let clock = Clock::system();
    let deadline = clock.now() + Duration::from_secs(20);
    while !reached() {
        assert!(clock.now() < deadline, "not reached: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
