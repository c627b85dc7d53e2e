//! How long files and crates may be.

use super::Finding;
use super::sources::Source;

/// No file is longer, without its tests.
const LONGEST: usize = 600;
/// Nine files in ten are no longer.
const NINE_IN_TEN: usize = 400;
/// Half of the files are no longer.
const MEDIAN: usize = 150;
/// Inline tests that are longer move to a file of their own.
const INLINE_TESTS: usize = 200;
/// `mainstay-core` holds only what siblings share; lines of code, without comments and tests.
const CORE: usize = 1_500;

/// Violations for what is over a limit, notes for what is on its way there.
pub(crate) fn check(files: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Source { path, lines } in files {
        if lines.before_tests > LONGEST {
            let length = lines.before_tests;
            findings.push(Finding::Violation(format!(
                "{path} has {length} lines without its tests (at most {LONGEST}); cut it into modules"
            )));
        }
        if lines.tests > INLINE_TESTS {
            findings.push(Finding::Note(format!(
                "{path} has {} lines of inline tests; move them to a sibling tests.rs",
                lines.tests
            )));
        }
    }
    findings.extend(core(files));
    findings.extend(distribution(files));
    findings
}

fn core(files: &[Source]) -> Option<Finding> {
    let own = |file: &&Source| file.path.starts_with("crates/mainstay-core/src/");
    let code: usize = files.iter().filter(own).map(|file| file.lines.code).sum();
    (code > CORE).then(|| {
        Finding::Violation(format!(
            "mainstay-core has {code} lines of code without comments and tests (at most {CORE}); \
             it holds only what siblings share"
        ))
    })
}

fn distribution(files: &[Source]) -> Vec<Finding> {
    let mut lengths: Vec<usize> = files.iter().map(|file| file.lines.before_tests).collect();
    lengths.sort_unstable();
    let Some(last) = lengths.len().checked_sub(1) else { return Vec::new() };
    let (median, ninth) = (lengths[last / 2], lengths[last * 9 / 10]);
    let verdict = if median <= MEDIAN && ninth <= NINE_IN_TEN { "" } else { ": TOO LONG" };
    vec![Finding::Note(format!(
        "{} files, median {median} lines (aim: {MEDIAN}), nine in ten within {ninth} (aim: {NINE_IN_TEN}), \
         longest {}{verdict}",
        lengths.len(),
        lengths[last]
    ))]
}

#[cfg(test)]
mod tests {
    use super::super::sources::Lines;
    use super::*;

    fn file(path: &str, before_tests: usize, tests: usize) -> Source {
        Source { path: path.to_owned(), lines: Lines { before_tests, code: before_tests, tests } }
    }

    fn violations(files: &[Source]) -> Vec<String> {
        let text = |finding| match finding {
            Finding::Violation(text) => Some(text),
            Finding::Note(_) => None,
        };
        check(files).into_iter().filter_map(text).collect()
    }

    #[test]
    fn a_file_of_exactly_the_limit_is_fine_and_one_line_more_is_not() {
        assert_eq!(violations(&[file("a.rs", LONGEST, 5_000)]), [""; 0]);
        let found = violations(&[file("a.rs", LONGEST + 1, 0)]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("a.rs has 601 lines"), "{}", found[0]);
    }

    #[test]
    fn long_inline_tests_are_noted() {
        let findings = check(&[file("a.rs", 10, INLINE_TESTS + 1)]);
        assert!(
            matches!(&findings[0], Finding::Note(text) if text.contains("sibling tests.rs")),
            "{findings:?}"
        );
    }

    #[test]
    fn core_has_a_budget_over_all_its_files() {
        let files = |each| {
            [
                file("crates/mainstay-core/src/a.rs", each, 0),
                file("crates/mainstay-core/src/settings/b.rs", each, 0),
                file("crates/mainstay/src/c.rs", 500, 0),
                file("crates/mainstay-core/src/d.rs", 500, 0),
            ]
        };
        assert_eq!(violations(&files(500)), [""; 0]);
        assert!(violations(&files(501))[0].starts_with("mainstay-core has 1502 lines"));
    }

    #[test]
    fn the_distribution_is_told_and_judged() {
        let note = |lengths: &[usize]| {
            let files: Vec<Source> = lengths.iter().map(|length| file("a.rs", *length, 0)).collect();
            let findings = distribution(&files);
            let [Finding::Note(text)] = findings.as_slice() else { panic!("{findings:?}") };
            text.clone()
        };
        assert!(note(&[10, 100, 300]).starts_with("3 files, median 100 lines"), "{}", note(&[10, 100, 300]));
        assert!(!note(&[10, 100, 300]).contains("TOO LONG"));
        assert!(note(&[10, 151, 300]).ends_with("TOO LONG"));
        assert_eq!(distribution(&[]), []);
    }
}
