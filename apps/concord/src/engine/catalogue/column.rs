//! One attribute of all items.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;

use super::Layers;
use crate::engine::value::{Key, Text, repr, text, to_float, type_name};

/// The number of a value that is not there: absent or null.
pub(crate) const MISSING: u32 = u32::MAX;

/// The values of one attribute, numbered twice: values that are equal share a *class* (`1`, `1.0` and `true` do),
/// values that are written alike share a *spelling*. Conditions compare classes, reasons show spellings.
#[derive(Debug)]
pub(crate) struct Column {
    /// By row; [`MISSING`] where there is no value.
    classes: Vec<u32>,
    /// By row; [`MISSING`] where there is no value.
    spellings: Vec<u32>,
    table: Vec<Spelling>,
    known: HashMap<Key, u32>,
    /// Whether some value is a number that is not one: the string `nan`.
    has_nan: bool,
    numbers: OnceLock<Vec<f64>>,
    layers: OnceLock<Layers>,
}

#[derive(Debug)]
struct Spelling {
    value: Value,
    text: Text,
    number: Option<f64>,
    class: u32,
}

impl Column {
    /// The classes of all rows.
    pub(crate) fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// The class of the row's value.
    pub(crate) fn class(&self, row: usize) -> u32 {
        self.classes[row]
    }

    /// Whether the row has no value.
    pub(crate) fn is_missing(&self, row: usize) -> bool {
        self.classes[row] == MISSING
    }

    /// The class of the values that equal `value`, if any row has one.
    pub(crate) fn class_of(&self, value: &Value) -> Option<u32> {
        self.known.get(&Key::of(value)).copied()
    }

    fn spelling(&self, row: usize) -> Option<&Spelling> {
        self.table.get(self.spellings[row] as usize)
    }

    /// The number of the row's spelling, an index into what is kept by spelling; `None` where there is no value.
    pub(crate) fn spelling_index(&self, row: usize) -> Option<usize> {
        let spelling = self.spellings[row];
        (spelling != MISSING).then_some(spelling as usize)
    }

    /// All spellings, in order of their numbers.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.table.iter().map(|spelling| &spelling.value)
    }

    /// The row's value as reasons show it.
    pub(crate) fn text(&self, row: usize) -> Option<&Text> {
        self.spelling(row).map(|spelling| &spelling.text)
    }

    /// The row's value as a number, if it is one.
    pub(crate) fn number(&self, row: usize) -> Option<f64> {
        self.spelling(row)?.number
    }

    /// By row: the value as a number; NaN where there is no value or it is not a number.
    pub(crate) fn numbers(&self) -> &[f64] {
        self.numbers.get_or_init(|| {
            (0..self.spellings.len()).map(|row| self.number(row).unwrap_or(f64::NAN)).collect()
        })
    }

    /// Whether some value counts as a number and is NaN.
    pub(crate) fn has_nan(&self) -> bool {
        self.has_nan
    }

    /// The Python type of the row's value, if values of that type cannot be members of a set.
    pub(crate) fn unhashable(&self, row: usize) -> Option<&'static str> {
        match &self.spelling(row)?.value {
            value @ (Value::Array(_) | Value::Object(_)) => Some(type_name(value)),
            _ => None,
        }
    }

    /// The values read as parts on layers.
    pub(crate) fn layers(&self) -> &Layers {
        self.layers.get_or_init(|| Layers::of(self))
    }
}

/// A column while it is filled.
pub(super) struct ColumnBuilder {
    column: Column,
    /// By `repr`, which differs wherever two spellings do.
    spelled: HashMap<String, u32>,
}

impl ColumnBuilder {
    pub(super) fn new(rows: usize) -> Self {
        let column = Column {
            classes: vec![MISSING; rows],
            spellings: vec![MISSING; rows],
            table: Vec::new(),
            known: HashMap::new(),
            has_nan: false,
            numbers: OnceLock::new(),
            layers: OnceLock::new(),
        };
        Self { column, spelled: HashMap::new() }
    }

    /// Sets the value of a row, which must not be null.
    pub(super) fn set(&mut self, row: usize, value: &Value) {
        let mut spelled = String::new();
        repr(value, &mut spelled);
        let column = &mut self.column;
        let spelling = *self.spelled.entry(spelled).or_insert_with(|| {
            let next_class = number(column.known.len());
            let class = *column.known.entry(Key::of(value)).or_insert(next_class);
            let float = to_float(value);
            column.has_nan |= float.is_some_and(f64::is_nan);
            column.table.push(Spelling {
                value: value.clone(),
                text: Text::new(text(value)),
                number: float,
                class,
            });
            number(column.table.len() - 1)
        });
        column.spellings[row] = spelling;
        column.classes[row] = column.table[spelling as usize].class;
    }

    pub(super) fn finish(self) -> Column {
        self.column
    }
}

/// Numbers values; a catalogue with four thousand million of them does not fit into memory.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(MISSING)
}
