//! What is measured. Each scenario builds and starts the service itself, and can be run alone.

pub(crate) mod drain;
pub(crate) mod large;
pub(crate) mod limits;
pub(crate) mod matrix;
pub(crate) mod overload;
pub(crate) mod pair;
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
