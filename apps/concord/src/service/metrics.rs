//! What the log and those who follow it count: the crate of events knows no catalogue of metrics.

use mainstay::telemetry::metrics::Family;

/// The metrics, for the help of `/metrics` and the reference.
pub const FAMILIES: &[Family] = &[
    Family::counter("events_appended_total", &[], "Events that were stored."),
    Family::seconds("append_seconds", &[], "Appends, from the call to the answer."),
    Family::seconds("append_queue_seconds", &[], "Waits of appends for their batch."),
    Family::sizes("append_batch_size", &[], "Appends that one transaction stored together."),
    Family::counter(
        "append_batch_splits_total",
        &[],
        "Batches that were cut because an append in them failed.",
    ),
    Family::counter("append_refused_total", &[], "Appends that found the queue full."),
    Family::gauge("projection_lag_events", &["projection"], "Events that a projection has not applied yet."),
    Family::gauge(
        "projection_lag_seconds",
        &["projection"],
        "The age of the oldest of them; 0 when there is none.",
    ),
    Family::gauge(
        "projection_loop_age_seconds",
        &["projection"],
        "How long ago a projection last looked for events.",
    ),
    Family::gauge(
        "projection_quarantined_keys",
        &["projection"],
        "Keys that were put aside because an event fails.",
    ),
    Family::counter(
        "projection_failures_total",
        &["projection", "kind"],
        "Failures of projections: `transient` ones are tried again, the others stop a key or the projection.",
    ),
    Family::counter("projection_skipped_total", &["projection"], "Events that an operator had left out."),
    Family::seconds("projection_batch_seconds", &["projection"], "Transactions of projections."),
    Family::seconds(
        "projection_swap_seconds",
        &["projection"],
        "Exchanges of a read model for its rebuilt one.",
    ),
    Family::counter("outbox_attempts_total", &["destination", "outcome"], "Tries to hand over a message."),
    Family::seconds("outbox_attempt_seconds", &["destination"], "Tries to hand over a message."),
    Family::counter("outbox_dropped_total", &["destination"], "Messages for which there was no room."),
    Family::counter("outbox_given_up_total", &["destination"], "Messages that nobody took in time."),
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
