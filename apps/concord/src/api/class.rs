//! The classes of routes that share a rate.

use mainstay::{Class, Rate};

/// All of them.
pub const ALL: &[Class] = &[MATRIX, CLUSTERS, PAIR, ITEM, IMPORT];

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
