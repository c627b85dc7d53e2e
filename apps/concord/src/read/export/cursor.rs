//! Where a page of an export ended.

use std::fmt;
use std::str::FromStr;

/// The parts of an export, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant says it by its name")]
pub enum Part {
    Schemas,
    Rulesets,
    ClusterRulesets,
    Catalogs,
}

/// Where a page ended and the next one begins. Reads and prints as `catalogs.12` (behind the catalogue whose id
/// is 12) or `catalogs.12.340` (in that catalogue, behind the item whose id is 340).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) part: Part,
    /// The id of the last row that was begun.
    pub(super) after: i64,
    /// The id of its last item, if there may be more of them.
    pub(super) after_item: Option<i64>,
}

/// A text that no page ever ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cursor is not one of ours: take it from the Link header of the page before")]
pub struct CursorError;

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Schemas, Self::Rulesets, Self::ClusterRulesets, Self::Catalogs];

    /// The key in a document that holds everything.
    pub fn key(self) -> &'static str {
        match self {
            Self::Schemas => "schemas",
            Self::Rulesets => "rulesets",
            Self::ClusterRulesets => "cluster_rulesets",
            Self::Catalogs => "catalogs",
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Schemas => "schemas",
            Self::Rulesets => "rulesets",
            Self::ClusterRulesets => "cluster-rulesets",
            Self::Catalogs => "catalogs",
        }
    }
}

impl Cursor {
    /// Before the first row of a part.
    pub fn start_of(part: Part) -> Self {
        Self { part, after: 0, after_item: None }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.part.as_str(), self.after)?;
        self.after_item.map_or(Ok(()), |item| write!(f, ".{item}"))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut fields = text.split('.');
        let number = |field: Option<&str>| {
            field.map(|field| field.parse().ok().filter(|id| *id >= 0).ok_or(CursorError)).transpose()
        };
        let name = fields.next();
        let part = Part::ALL.into_iter().find(|part| Some(part.as_str()) == name).ok_or(CursorError)?;
        let after = number(fields.next())?.ok_or(CursorError)?;
        let after_item = number(fields.next())?;
        let whole = fields.next().is_none() && (after_item.is_none() || part == Part::Catalogs);
        if whole { Ok(Self { part, after, after_item }) } else { Err(CursorError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_as_they_print() {
        for text in ["schemas.0", "rulesets.7", "cluster-rulesets.1", "catalogs.12", "catalogs.12.340"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        for text in
            ["", "schemas", "schemas.", "schemas.-1", "items.1", "schemas.1.2", "catalogs.1.2.3", "x.1"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
    }
}
