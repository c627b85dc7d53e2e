//! Values to and from the driver's own.

use sqlx::sqlite::{SqliteArguments, SqliteRow, SqliteValueRef};
use sqlx::{Arguments as _, Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use crate::{DbError, Row, Value};

pub(super) fn arguments(values: Vec<Value>) -> Result<SqliteArguments, DbError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Integer(number) => arguments.add(number),
            Value::Real(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::Blob(bytes) => arguments.add(bytes),
            Value::List(_) => return Err(DbError::bug("SQLite has no lists: bind one value a placeholder")),
        }
        .map_err(DbError::bug)?;
    }
    Ok(arguments)
}

pub(super) fn row(row: &SqliteRow) -> Result<Row, DbError> {
    let width = row.columns().len();
    let values = (0..width)
        .map(|index| value(row.try_get_raw(index).map_err(DbError::bug)?))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Row::new(values))
}

fn value(raw: SqliteValueRef<'_>) -> Result<Value, DbError> {
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let storage = raw.type_info().name().to_owned();
    let value = match storage.as_str() {
        "INTEGER" | "BOOLEAN" => <i64 as Decode<'_, Sqlite>>::decode(raw).map(Value::Integer),
        "REAL" => <f64 as Decode<'_, Sqlite>>::decode(raw).map(Value::Real),
        "TEXT" => <String as Decode<'_, Sqlite>>::decode(raw).map(Value::Text),
        "BLOB" => <Vec<u8> as Decode<'_, Sqlite>>::decode(raw).map(Value::Blob),
        other => return Err(DbError::bug(format!("a column of the unknown type {other}"))),
    };
    value.map_err(DbError::bug)
}
