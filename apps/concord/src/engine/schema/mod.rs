//! Schemas: which attributes an item has, and of which kind.

mod attributes;
mod dimension;

use std::collections::HashMap;

use serde_json::Value;

use self::dimension::Dimension;
use super::content::{ContentError, check_version};
use super::problem::{Path, Problem};

pub use attributes::AttributeReport;

/// A schema, read once.
///
/// ```
/// use concord::engine::Schema;
/// use serde_json::json;
///
/// let dimensions = [json!({"name": "socket", "type": "string", "required": true})];
/// let schema = Schema::compile("parts", "1.0.0", &dimensions)?;
/// let report = schema.check_attributes(json!({"colour": "red"}).as_object().unwrap());
/// assert_eq!(report.problems[0].message, "Required dimension 'socket' is missing");
/// assert_eq!(report.warnings[0].field, "attributes.colour");
/// # Ok::<(), concord::engine::ContentError>(())
/// ```
#[derive(Debug)]
pub struct Schema {
    name: Box<str>,
    dimensions: Vec<Dimension>,
    by_name: HashMap<Box<str>, usize>,
}

impl Schema {
    /// A schema has no more dimensions: each is a column, as long as the catalogue.
    pub const MOST_DIMENSIONS: usize = 1_000;

    /// Reads a schema.
    ///
    /// # Errors
    ///
    /// Every problem of the name, the version and the dimensions at once.
    pub fn compile(name: &str, version: &str, dimensions: &[Value]) -> Result<Self, ContentError> {
        let mut problems = Vec::new();
        let schema = Self::read(name, version, dimensions, &mut problems);
        if problems.is_empty() {
            return Ok(schema);
        }
        Err(ContentError { kind: "Schema", name: name.into(), problems })
    }

    /// What is wrong with a schema that is about to be stored. Empty if nothing is.
    pub fn check(name: &str, version: &str, dimensions: &[Value]) -> Vec<Problem> {
        let mut problems = Vec::new();
        Self::read(name, version, dimensions, &mut problems);
        problems
    }

    fn read(name: &str, version: &str, dimensions: &[Value], problems: &mut Vec<Problem>) -> Self {
        if name.trim().is_empty() {
            problems.push(Problem::new(&Path::root("name"), "blank", "name must not be empty"));
        }
        check_version(version, problems);
        let mut schema = Self { name: name.into(), dimensions: Vec::new(), by_name: HashMap::new() };
        let path = Path::root("dimensions");
        if dimensions.len() > Self::MOST_DIMENSIONS {
            let message = format!("a schema has at most {} dimensions", Self::MOST_DIMENSIONS);
            problems.push(Problem::new(&path, "too_many", message));
            return schema;
        }
        for (index, value) in dimensions.iter().enumerate() {
            let Some(dimension) = Dimension::read(value, path.index(index), problems) else {
                continue;
            };
            let place = schema.dimensions.len();
            if schema.by_name.insert(dimension.name.clone(), place).is_some() {
                let message = format!("dimension name '{}' is used twice", dimension.name);
                problems.push(Problem::new(&path.index(index).key("name"), "duplicate", message));
            }
            schema.dimensions.push(dimension);
        }
        schema
    }

    /// The schema's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the dimensions, in order.
    pub fn dimension_names(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().map(|dimension| &*dimension.name)
    }

    /// Whether every item must have the dimension.
    pub fn requires(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|place| self.dimensions[*place].required)
    }

    pub(super) fn defines(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}

#[cfg(test)]
mod tests;
