//! The kinds of things that are stored, and what the API calls them.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// A kind of stored thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant says it by its name")]
pub enum Kind {
    Schema,
    Ruleset,
    ClusterRuleset,
    Catalog,
    Item,
}

impl Kind {
    /// As the messages of the API write it; clients look for these words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Schema => "Schema",
            Self::Ruleset => "RuleSet",
            Self::ClusterRuleset => "ClusterRuleSet",
            Self::Catalog => "Catalog",
            Self::Item => "Item",
        }
    }

    /// As running text writes it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Ruleset => "ruleset",
            Self::ClusterRuleset => "cluster ruleset",
            Self::Catalog => "catalog",
            Self::Item => "item",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
