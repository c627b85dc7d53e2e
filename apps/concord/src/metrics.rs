//! What the log and those who follow it count, for the reader of `/metrics`.
//!
//! The crate of the log knows no catalogue of metrics, and the runtime knows no log: an application joins them.

use mainstay::telemetry::metrics::{Family, Kind};

/// The families.
pub const FAMILIES: &[Family] = &[
    Family::counter("events_appended_total", &[], "Events that were appended to the log."),
    Family::seconds("append_seconds", &[], "Appends, from the call to the commit."),
    Family::seconds("append_queue_seconds", &[], "Waits of appends for their transaction."),
    Family {
        name: "append_batch_size",
        kind: Kind::Histogram,
        labels: &[],
        help: "Appends that were committed together.",
        buckets: &[],
    },
    Family::counter(
        "append_batch_splits_total",
        &[],
        "Transactions of appends that were cut in parts because one append failed.",
    ),
    Family::counter("append_refused_total", &[], "Appends that were refused because too many waited."),
    Family::gauge("projection_lag_events", &["projection"], "Events that a read model has not seen yet."),
    Family::gauge(
        "projection_lag_seconds",
        &["projection"],
        "How long the oldest event waits that a read model has not seen yet.",
    ),
    Family::gauge(
        "projection_loop_age_seconds",
        &["projection"],
        "How long ago the slowest lane of a projection was seen alive.",
    ),
    Family::gauge(
        "projection_quarantined_keys",
        &["projection"],
        "Keys that a projection has put aside because an event could not be applied.",
    ),
    Family::counter(
        "projection_failures_total",
        &["projection", "kind"],
        "Failures of projections, by what failed: the database, an event, the code.",
    ),
    Family::counter("projection_skipped_total", &["projection"], "Events that operators had left out."),
    Family::seconds("projection_batch_seconds", &["projection"], "Transactions of projections."),
    Family::seconds("projection_swap_seconds", &["projection"], "Swaps of rebuilt read models."),
    Family::counter(
        "outbox_attempts_total",
        &["destination", "outcome"],
        "Attempts to deliver messages to the world outside.",
    ),
    Family::seconds("outbox_attempt_seconds", &["destination"], "Attempts to deliver messages."),
    Family::counter("outbox_given_up_total", &["destination"], "Messages that nobody took in time."),
    Family::counter("outbox_dropped_total", &["destination"], "Messages that there was no room for."),
    Family::gauge("rebuild_progress_ratio", &["projection"], "How far a rebuild is, from 0 to 1."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::FAMILIES;

    /// The names of metrics in all files of a folder.
    fn named(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named(&path, names);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for part in text.split("metrics::").skip(1) {
                let is_macro = ["counter!", "gauge!", "histogram!"].iter().any(|name| part.starts_with(name));
                if let (true, Some(name)) = (is_macro, part.split('"').nth(1)) {
                    names.insert(name.to_owned());
                }
            }
        }
    }

    #[test]
    fn what_the_log_counts_is_declared_and_nothing_else() {
        let mut counted = BTreeSet::new();
        let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/mainstay-events/src");
        named(&log, &mut counted);
        let declared: BTreeSet<_> = FAMILIES.iter().map(|family| family.name.to_owned()).collect();
        assert_eq!(declared, counted);
    }
}
