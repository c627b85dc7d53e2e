//! Values to and from the server's own types.

use std::error::Error;
use std::fmt;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type};

use crate::{DbError, Row, Value};

/// Microseconds from 1970 to 2000, where PostgreSQL's times begin.
const EPOCH_OF_THE_SERVER: i64 = 946_684_800_000_000;

type Failure = Box<dyn Error + Sync + Send>;

/// A value on its way to a placeholder. Printed without the value: the driver writes parameters to its own log.
pub(super) struct Parameter<'a>(pub(super) &'a Value);

/// A value that does not fit the type that the statement wants.
#[derive(Debug, thiserror::Error)]
pub(super) enum Misfit {
    #[error("{found} for a placeholder of the type {wanted}")]
    Kind { found: &'static str, wanted: String },
    #[error("a number beyond the range of the type {wanted}")]
    Range { wanted: String },
    /// Text of PostgreSQL has no character of the code 0.
    #[error("a text with the character of the code 0, which PostgreSQL cannot store")]
    NulCharacter,
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        if let Kind::Domain(inner) = ty.kind() {
            return self.to_sql(inner, out);
        }
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Integer(number) => put_integer(*number, ty, out)?,
            Value::Real(number) => match *ty {
                Type::FLOAT8 => out.put_f64(*number),
                #[expect(clippy::cast_possible_truncation, reason = "the column has been declared so")]
                Type::FLOAT4 => out.put_f32(*number as f32),
                _ => return Err(misfit("a real", ty)),
            },
            Value::Text(text) => put_text(text, ty, out)?,
            Value::Blob(bytes) => match *ty {
                Type::BYTEA => out.put_slice(bytes),
                Type::UUID if bytes.len() == 16 => out.put_slice(bytes),
                _ => return Err(misfit("a blob", ty)),
            },
            Value::List(values) => {
                if !matches!(ty.kind(), Kind::Array(_)) {
                    return Err(misfit("a list", ty));
                }
                let values: Vec<_> = values.iter().map(Parameter).collect();
                return values.as_slice().to_sql(ty, out);
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        self.to_sql(ty, out)
    }
}

impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

fn put_integer(number: i64, ty: &Type, out: &mut BytesMut) -> Result<(), Failure> {
    let range = || Failure::from(Misfit::Range { wanted: ty.name().to_owned() });
    match *ty {
        Type::INT8 => out.put_i64(number),
        Type::INT4 => out.put_i32(i32::try_from(number).map_err(|_| range())?),
        Type::INT2 => out.put_i16(i16::try_from(number).map_err(|_| range())?),
        Type::BOOL => out.put_u8(match number {
            0 => 0,
            1 => 1,
            _ => return Err(range()),
        }),
        Type::TIMESTAMPTZ | Type::TIMESTAMP => {
            out.put_i64(number.checked_sub(EPOCH_OF_THE_SERVER).ok_or_else(range)?);
        }
        Type::OID => out.put_u32(u32::try_from(number).map_err(|_| range())?),
        #[expect(clippy::cast_precision_loss, reason = "as SQL itself converts")]
        Type::FLOAT8 => out.put_f64(number as f64),
        _ => return Err(misfit("an integer", ty)),
    }
    Ok(())
}

fn put_text(text: &str, ty: &Type, out: &mut BytesMut) -> Result<(), Failure> {
    if text.contains('\0') {
        return Err(Misfit::NulCharacter.into());
    }
    match *ty {
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => {}
        // The version of its binary form.
        Type::JSONB => out.put_u8(1),
        _ if matches!(ty.kind(), Kind::Enum(_)) => {}
        _ => return Err(misfit("a text", ty)),
    }
    out.put_slice(text.as_bytes());
    Ok(())
}

fn misfit(found: &'static str, ty: &Type) -> Failure {
    Misfit::Kind { found, wanted: ty.name().to_owned() }.into()
}

pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row, DbError> {
    let values = (0..row.len())
        .map(|index| row.try_get::<_, Column>(index).map(|column| column.0).map_err(DbError::bug))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Row::new(values))
}

/// A value on its way from a column.
struct Column(Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        if let Kind::Domain(inner) = ty.kind() {
            return Self::from_sql(inner, raw);
        }
        let value = match *ty {
            Type::INT8 => Value::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Value::Integer(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Value::Integer(i16::from_be_bytes(raw.try_into()?).into()),
            Type::OID => Value::Integer(u32::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Value::Integer(i64::from(raw != [0])),
            Type::TIMESTAMPTZ | Type::TIMESTAMP => {
                Value::Integer(i64::from_be_bytes(raw.try_into()?).saturating_add(EPOCH_OF_THE_SERVER))
            }
            Type::FLOAT8 => Value::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::FLOAT4 => Value::Real(f32::from_be_bytes(raw.try_into()?).into()),
            Type::BYTEA | Type::UUID => Value::Blob(raw.to_vec()),
            Type::VOID => Value::Null,
            Type::JSONB => Value::Text(std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned()),
            _ => match ty.kind() {
                Kind::Array(_) => {
                    let columns: Vec<Self> = FromSql::from_sql(ty, raw)?;
                    Value::List(columns.into_iter().map(|column| column.0).collect())
                }
                _ if reads_as_text(ty) => Value::Text(std::str::from_utf8(raw)?.to_owned()),
                _ => return Err(format!("a column of the type {}: cast it to another one", ty.name()).into()),
            },
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn reads_as_text(ty: &Type) -> bool {
    let texts = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::JSON, Type::UNKNOWN, Type::CHAR];
    texts.contains(ty) || matches!(ty.kind(), Kind::Enum(_))
}
