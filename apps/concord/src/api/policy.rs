//! What the rows of many routes have in common: rates that they share, codes, and how old an answer may be.

use std::time::Duration;

use mainstay::{Class, ErrorCode, Rate};

/// The classes of routes that share a rate.
pub const LIMITS: &[Class] = &[MATRIX, CLUSTERS, PAIR, ITEM, IMPORT];

/// `/evaluate/matrix`: the work grows with the square of the catalogue.
pub(super) const MATRIX: Class = Class::new("evaluate_matrix", Rate::per_minute(10));

/// `/evaluate/clusters`: a search.
pub(super) const CLUSTERS: Class = Class::new("evaluate_clusters", Rate::per_minute(5));

/// `/evaluate/pair`.
pub(super) const PAIR: Class = Class::new("evaluate_pair", Rate::per_minute(20));

/// `/evaluate/item`.
pub(super) const ITEM: Class = Class::new("evaluate_item", Rate::per_minute(60));

/// `/import/…`: up to a thousand things at once.
pub(super) const IMPORT: Class = Class::new("import", Rate::per_minute(5));

/// Codes of every route that reads.
pub(super) const READING: &[ErrorCode] = &[
    ErrorCode::PoolExhausted,
    ErrorCode::QueryTimeout,
    ErrorCode::DatabaseUnavailable,
    ErrorCode::CircuitOpen,
];

/// How old a list or a thing may be that is shown while the database is out: whoever looks for something is served
/// better by what was there five minutes ago than by nothing.
pub(super) const STALE: Duration = Duration::from_mins(5);
