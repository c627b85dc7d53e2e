//! When the database is not asked any more for a while.

use std::time::Duration;

use mainstay_core::settings::Reader;
use mainstay_resilience::BreakerSettings;

pub(super) fn read(reader: &mut Reader<'_>, defaults: BreakerSettings) -> BreakerSettings {
    let least_calls = reader
        .field("DB_BREAKER_MIN_CALLS")
        .doc("Fewer uses of the database in ten seconds are not judged.")
        .default(defaults.least_calls)
        .bounds(1..=100_000)
        .too_low("a single failure turns everybody away")
        .too_high("a database that is gone is asked by everybody until the probes of health notice")
        .read();
    let failure_percent = reader
        .field("DB_BREAKER_FAILURE_PERCENT")
        .doc("From this share of failed uses on, the database is not asked for a while: requests get 503 at once.")
        .unit("percent")
        .default(defaults.failure_percent)
        .bounds(1..=100)
        .read();
    let slow_call = reader
        .field("DB_BREAKER_SLOW_CALL")
        .doc("A statement that takes as long is slow. When four uses in five are, the database is not asked for a while.")
        .default(defaults.slow_call)
        .bounds(Duration::from_millis(10)..=Duration::from_hours(1))
        .too_low("honest work is taken for trouble")
        .read();
    let open_for = reader
        .field("DB_BREAKER_OPEN")
        .doc(
            "How long the database is not asked then. Doubled up to a minute each time it has not recovered; ends early \
             when health finds it well again.",
        )
        .default(defaults.open_for)
        .bounds(Duration::from_millis(100)..=Duration::from_mins(1))
        .read();
    BreakerSettings { least_calls, failure_percent, slow_call, open_for, ..defaults }
}
