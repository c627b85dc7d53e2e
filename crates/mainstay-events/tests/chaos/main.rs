//! The log under everything at once: 32 writers in processes of their own, appends that are refused, panic, sleep, are
//! given up half way and repeated, processes that are killed with `kill -9` and started again or frozen past their leases, projections that change
//! hands with them. A reader follows meanwhile by nothing but the last position it has seen.
//!
//! In the end nothing that was acknowledged may be missing, nothing may be there twice, and the read model must be the
//! log, added up. The same examination must find the mistake of a log that draws positions from a sequence.
//!
//! `MAINSTAY_CHAOS_EVENTS` says how many events there are to be; `cargo xtask bench chaos` runs it with 200,000, in a
//! release build, on both databases.

#[cfg(test)]
mod child;
#[cfg(test)]
mod examine;
#[cfg(test)]
mod log;
#[cfg(test)]
mod real;
#[cfg(test)]
mod sequence;

#[cfg(test)]
mod tests {
    use mainstay_servers::Postgres;

    use crate::examine::Verdict;
    use crate::{child, real, sequence};

    /// Events where nobody says how many.
    const EVENTS: usize = 4_000;

    fn events() -> usize {
        #[expect(
            clippy::disallowed_methods,
            reason = "it comes from whoever runs the tests, not from an operator"
        )]
        let said = std::env::var("MAINSTAY_CHAOS_EVENTS");
        said.map_or(EVENTS, |said| said.parse().expect("a number of events"))
    }

    fn judge(name: &str, verdict: &Verdict) {
        println!("{name}: {verdict}");
        assert_eq!((verdict.skipped, verdict.doubled, verdict.wrong_rows), (0, 0, 0), "{verdict}");
        assert!(verdict.appended >= events() && verdict.kills >= 3, "it was too quiet: {verdict}");
    }

    #[test]
    fn sqlite_skips_and_doubles_nothing() {
        if child::was_asked_for() {
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("log.db").display());
        judge("SQLite", &real::run(&url, "tests::sqlite_skips_and_doubles_nothing", events()));
    }

    #[test]
    fn postgres_skips_and_doubles_nothing() {
        if child::was_asked_for() {
            return;
        }
        let database = Postgres::shared();
        judge(
            "PostgreSQL",
            &real::run(&database.url(), "tests::postgres_skips_and_doubles_nothing", events()),
        );
    }

    /// The examination is worth something: it finds the mistake that it is there for.
    #[test]
    fn a_plain_sequence_is_caught() {
        let database = Postgres::shared();
        let verdict = sequence::run(&database.url(), events().min(20_000));
        println!("a plain sequence: {verdict}");
        assert!(verdict.skipped > 0, "{verdict}");
    }
}
