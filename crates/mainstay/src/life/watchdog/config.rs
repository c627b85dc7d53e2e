//! The settings of the watchdog.

use std::time::Duration;

use mainstay_core::settings::{Reader, Section};

/// The settings of the watchdog.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct WatchdogSettings {
    /// `WATCHDOG_ABORT_AFTER`: after how long a stall the process aborts; never where there is none.
    pub abort_after: Option<Duration>,
}

impl Section for WatchdogSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        let abort_after = reader
            .field("WATCHDOG_ABORT_AFTER")
            .doc("The process aborts after its runtime stood still for so long. For supervisors that start it again.")
            .default_text("never: a stall takes the service out of readiness, and systemd's WatchdogSec may end it")
            .bounds(Duration::from_secs(5)..=Duration::from_hours(1))
            .too_low("work that blocks for a moment costs every request in flight")
            .too_high("a service that does nothing stays that much longer")
            .example("60s")
            .optional();
        Self { abort_after }
    }
}
