//! What is wrong with stored content, and where.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// One thing that is wrong with a schema, a ruleset or an item.
///
/// The three texts are what `details` of the error envelope holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// Where: `rules[2].condition.all[0]`, `dimensions[1].type`, `attributes.colour`.
    pub field: String,
    /// What kind of problem; stable, for programs.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(path: &Path<'_>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: path.to_string(), code, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// The messages of all problems in one line, separated by semicolons.
pub(crate) fn messages(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ")
}

/// A place inside a document, kept as a chain on the stack and written out only when a problem is found there.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(crate) const fn root(name: &'a str) -> Self {
        Self { parent: None, step: Step::Key(name) }
    }

    pub(crate) const fn key<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path { parent: Some(self), step: Step::Key(name) }
    }

    pub(crate) const fn index(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(formatter)?;
        }
        match self.step {
            Step::Index(index) => write!(formatter, "[{index}]"),
            Step::Key(name) if self.parent.is_none() => formatter.write_str(name),
            Step::Key(name) if is_plain(name) => write!(formatter, ".{name}"),
            Step::Key(name) => write!(formatter, "[{name:?}]"),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_the_document() {
        let rules = Path::root("rules");
        let rule = rules.index(2);
        let condition = rule.key("condition");
        let all = condition.key("all");
        assert_eq!(all.index(0).to_string(), "rules[2].condition.all[0]");
        assert_eq!(Path::root("attributes").key("a b").to_string(), "attributes[\"a b\"]");
    }
}
