//! A catalogue as columns: each attribute once for all items, its values numbered.

mod column;
mod layers;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use self::column::ColumnBuilder;
pub(super) use self::column::{Column, MISSING};
pub(super) use self::layers::{Cover, Layers};
use super::error::{EvaluationError, InvalidItem};
use super::problem::{Path, Problem};
use super::schema::Schema;
use super::value::Text;

/// An item as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The item's id, unique inside its catalogue.
    pub id: &'a str,
    /// The item's name.
    pub name: &'a str,
    /// The item's attributes, as the client sent them.
    pub attributes: &'a Map<String, Value>,
}

/// Against what the items of a catalogue are checked.
#[derive(Clone, Copy, Debug)]
pub enum Validation<'a> {
    /// Against the schema: an attribute that it does not define makes the item unusable.
    Full(&'a Schema),
    /// Against the schema; attributes that it does not define are left out.
    Defined(&'a Schema),
    /// Not at all; the schema is known by name only.
    Off(&'a str),
}

/// The place of an item in its catalogue, from 0, in storage order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(pub(super) usize);

/// A catalogue, compiled for evaluation.
///
/// ```
/// use concord::engine::{Catalogue, Item, Validation};
/// use serde_json::json;
///
/// let attributes = json!({"socket": "AM5"});
/// let item = Item { id: "cpu", name: "A processor", attributes: attributes.as_object().unwrap() };
/// let catalogue = Catalogue::compile("pc", Validation::Off("parts"), &[item]);
/// assert!(catalogue.row("cpu").is_some());
/// ```
#[derive(Debug)]
pub struct Catalogue {
    name: Box<str>,
    schema_name: Box<str>,
    ids: Vec<Text>,
    rows: HashMap<Box<str>, usize>,
    columns: HashMap<Box<str>, Arc<Column>>,
    /// The column of every attribute that no item has.
    absent: Arc<Column>,
    invalid: BTreeMap<usize, Vec<Problem>>,
}

impl Catalogue {
    /// Compiles a catalogue. Unusable items are kept, and named by the evaluations that touch them.
    pub fn compile(name: &str, validation: Validation<'_>, items: &[Item<'_>]) -> Self {
        let mut catalogue = Self {
            name: name.into(),
            schema_name: validation.schema_name().into(),
            ids: Vec::with_capacity(items.len()),
            rows: HashMap::with_capacity(items.len()),
            columns: HashMap::new(),
            absent: Arc::new(ColumnBuilder::new(items.len()).finish()),
            invalid: BTreeMap::new(),
        };
        let mut columns: HashMap<&str, ColumnBuilder> = HashMap::new();
        for (row, item) in items.iter().enumerate() {
            let problems = catalogue.add(row, item, validation);
            if !problems.is_empty() {
                catalogue.invalid.insert(row, problems);
            }
            for (attribute, value) in item.attributes {
                if validation.keeps(attribute) && !value.is_null() {
                    columns
                        .entry(attribute)
                        .or_insert_with(|| ColumnBuilder::new(items.len()))
                        .set(row, value);
                }
            }
        }
        catalogue.columns =
            columns.into_iter().map(|(name, column)| (name.into(), Arc::new(column.finish()))).collect();
        catalogue
    }

    fn add(&mut self, row: usize, item: &Item<'_>, validation: Validation<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (field, value) in [("id", item.id), ("name", item.name)] {
            if value.trim().is_empty() {
                let message = format!("Item {field} must not be empty");
                problems.push(Problem::new(&Path::root(field), "blank", message));
            }
        }
        self.ids.push(Text::new(item.id));
        if self.rows.contains_key(item.id) {
            let message = format!("Item '{}' is in the catalog twice", item.id);
            problems.push(Problem::new(&Path::root("id"), "duplicate", message));
        } else {
            self.rows.insert(item.id.into(), row);
        }
        problems.append(&mut match validation {
            Validation::Full(schema) => schema.refusals(item.attributes),
            Validation::Defined(schema) => schema.check_attributes(item.attributes).problems,
            Validation::Off(_) => Vec::new(),
        });
        problems
    }

    /// The catalogue's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the catalogue's schema.
    pub fn schema_name(&self) -> &str {
        &self.schema_name
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The place of an item, or `None` if there is no such item.
    pub fn row(&self, id: &str) -> Option<Row> {
        self.rows.get(id).copied().map(Row)
    }

    /// The id of the item at a place of this catalogue.
    pub fn id(&self, row: Row) -> &str {
        self.ids[row.0].plain()
    }

    /// All places, in storage order.
    pub fn rows(&self) -> impl Iterator<Item = Row> + use<> {
        (0..self.ids.len()).map(Row)
    }

    pub(super) fn id_text(&self, row: usize) -> &Text {
        &self.ids[row]
    }

    pub(super) fn column(&self, attribute: Option<&str>) -> Arc<Column> {
        let column = attribute.and_then(|attribute| self.columns.get(attribute));
        Arc::clone(column.unwrap_or(&self.absent))
    }

    /// Whether an evaluation can use the items at these places.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::InvalidItems`] with those it cannot use.
    pub fn check(&self, rows: impl IntoIterator<Item = Row>) -> Result<(), EvaluationError> {
        if self.invalid.is_empty() {
            return Ok(());
        }
        let mut items: Vec<InvalidItem> = Vec::new();
        for row in rows {
            if let Some(problems) = self.invalid.get(&row.0)
                && !items.iter().any(|item| item.row == row)
            {
                items.push(InvalidItem { row, item_id: self.id(row).into(), problems: problems.clone() });
            }
            if items.len() == InvalidItem::MOST_NAMED {
                break;
            }
        }
        if items.is_empty() { Ok(()) } else { Err(EvaluationError::InvalidItems(items)) }
    }

    /// # Errors
    ///
    /// There are no items, or one of them cannot be evaluated.
    pub(super) fn usable_as_a_whole(&self) -> Result<(), EvaluationError> {
        if self.is_empty() {
            return Err(EvaluationError::EmptyCatalogue);
        }
        self.check(self.rows())
    }
}

impl Validation<'_> {
    fn schema_name(&self) -> &str {
        match self {
            Self::Full(schema) | Self::Defined(schema) => schema.name(),
            Self::Off(name) => name,
        }
    }

    /// Whether an attribute gets a column. Only what the schema defines does, so that the number of columns is
    /// bounded by the schema and not by what items happen to hold.
    fn keeps(&self, attribute: &str) -> bool {
        match self {
            Self::Full(schema) | Self::Defined(schema) => schema.defines(attribute),
            Self::Off(_) => true,
        }
    }
}
