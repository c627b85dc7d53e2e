//! What is measured. Each scenario builds and starts the service itself, and can be run alone.

pub(crate) mod chaos;
pub(crate) mod database;
pub(crate) mod drain;
pub(crate) mod events;
pub(crate) mod large;
pub(crate) mod limits;
pub(crate) mod matrix;
pub(crate) mod overload;
pub(crate) mod pair;
pub(crate) mod projections;
pub(crate) mod reload;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod start;

use anyhow::{Context, Result};
use mainstay_core::Clock;
use serde_json::json;
use tempfile::TempDir;

use crate::data;
use crate::figure::Figure;

/// A scenario returns its figures.
pub(crate) type Scenario = fn(&Clock) -> Result<Vec<Figure>>;

/// Settings of every scenario: no demo data beside ours, and no limit that belongs to other measurements.
const SETTINGS: [(&str, &str); 11] = [
    ("DEMO_DATA", "no"),
    ("MAX_IMPORT_ITEMS", "10000"),
    ("MAX_REQUEST_SIZE_MB", "64"),
    ("MAX_CONNECTIONS_PER_ADDRESS", "1000"),
    ("RATE_LIMIT_AUTH", "1000000/s"),
    ("RATE_LIMIT_DEFAULT", "1000000/s"),
    ("RATE_LIMIT_EVALUATE_CLUSTERS", "1000000/s"),
    ("RATE_LIMIT_EVALUATE_ITEM", "1000000/s"),
    ("RATE_LIMIT_EVALUATE_MATRIX", "1000000/s"),
    ("RATE_LIMIT_EVALUATE_PAIR", "1000000/s"),
    ("RATE_LIMIT_IMPORT", "1000000/s"),
];

/// The compact form of a matrix.
const COMPACT: &str = "application/vnd.concord.matrix+json";

fn folder() -> Result<TempDir> {
    TempDir::with_prefix("concord-bench-").context("cannot make a folder")
}

/// The body that asks for a matrix of the catalogue.
fn matrix_request() -> String {
    json!({ "catalog_name": data::CATALOGUE, "ruleset_name": data::RULESET }).to_string()
}

/// The number behind `before` in the line about `what`.
fn number(printed: &str, what: &str, before: &str) -> Option<f64> {
    let line = printed.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(": "))?;
    let (_, rest) = line.split_once(before)?;
    rest.split([' ', ',']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_what_stands_before_them() {
        let printed = "one key: mean 42 ns, 0 allocations\n\
                       flood memory: 100 KiB before, 150 KiB after, the table is 7000 KiB at most\n\
                       flood: mean 77 ns over 5 keys\n";
        assert_eq!(number(printed, "one key", "mean "), Some(42.0));
        assert_eq!(number(printed, "one key", " ns, "), Some(0.0));
        assert_eq!(number(printed, "flood memory", ""), Some(100.0));
        assert_eq!(number(printed, "flood memory", ", "), Some(150.0));
        assert_eq!(number(printed, "flood", "mean "), Some(77.0));
        assert_eq!(number(printed, "nothing", "mean "), None);
    }
}
