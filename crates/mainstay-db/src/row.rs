//! One row of an answer.

use crate::{DbError, FromValue, Value};

/// One row of an answer. Columns are read by their index in the `select` list, from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    values: Box<[Value]>,
}

impl Row {
    pub(crate) fn new(values: impl Into<Box<[Value]>>) -> Self {
        Self { values: values.into() }
    }

    /// Reads a column.
    ///
    /// # Errors
    ///
    /// A [`Bug`](crate::DbErrorKind::Bug) when the column is not there or holds another type.
    pub fn get<'r, T: FromValue<'r>>(&'r self, index: usize) -> Result<T, DbError> {
        let value = self
            .values
            .get(index)
            .ok_or_else(|| DbError::bug(format!("column {index} of a row of {}", self.values.len())))?;
        T::from_value(value).ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            DbError::bug(format!("column {index} holds {}, not {wanted}", kind(value)))
        })
    }

    /// How many columns the row has.
    pub fn width(&self) -> usize {
        self.values.len()
    }

    /// All values, to be moved out without copying.
    pub fn into_values(self) -> Box<[Value]> {
        self.values
    }
}

/// The type only: a value must not reach a log.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Integer(_) => "an integer",
        Value::Real(_) => "a real",
        Value::Text(_) => "a text",
        Value::Blob(_) => "a blob",
        Value::List(_) => "a list",
    }
}
