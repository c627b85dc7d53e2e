//! What a table holds, as one number.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::plan::{Kind, Table};
use crate::Value;

/// The sum of the SHA-256 of all rows, so that their order does not count: the two databases sort differently. It finds
/// accidents; nobody who could forge a row has to forge the sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    rows: u64,
    sum: [u64; 4],
}

impl Digest {
    /// Adds a row, its values in the order of the table's columns.
    pub(super) fn add(&mut self, table: &Table, row: &[Value]) {
        let mut hash = Sha256::new();
        for (column, value) in table.columns.iter().zip(row) {
            if column.kind != Kind::Normalised {
                feed(&mut hash, column.kind, value);
            }
        }
        let hash: [u8; 32] = hash.finalize().into();
        for (part, bytes) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let bytes = bytes.try_into().unwrap_or_default();
            *part = part.wrapping_add(u64::from_be_bytes(bytes));
        }
        self.rows += 1;
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

/// Each value says its sort and its length, so that no two rows look alike.
fn feed(hash: &mut Sha256, kind: Kind, value: &Value) {
    let mut part = |sort: u8, bytes: &[u8]| {
        hash.update([sort]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    match value {
        Value::Null => part(0, &[]),
        // SQLite keeps a whole number as one, also where it means a real.
        #[expect(clippy::cast_precision_loss, reason = "as it was converted on the way")]
        Value::Integer(number) if kind == Kind::Real => part(2, &(*number as f64).to_bits().to_be_bytes()),
        Value::Integer(number) => part(1, &number.to_be_bytes()),
        Value::Real(number) => part(2, &number.to_bits().to_be_bytes()),
        Value::Text(text) => part(3, text.as_bytes()),
        Value::Blob(bytes) => part(4, bytes),
        Value::List(values) => {
            part(5, &(values.len() as u64).to_be_bytes());
            for value in values {
                feed(hash, kind, value);
            }
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sum.iter().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Column, Order};
    use super::*;

    fn table(kinds: &[Kind]) -> Table {
        let column =
            |kind: &Kind| Column { name: "c".into(), sql_type: "x".into(), kind: *kind, sequence: None };
        let columns = kinds.iter().map(column).collect();
        Table { name: "t".into(), columns, order: Order::RowId, rows: 0 }
    }

    fn sum(table: &Table, rows: &[&[Value]]) -> Digest {
        let mut sum = Digest::default();
        for row in rows {
            sum.add(table, row);
        }
        sum
    }

    #[test]
    fn the_order_of_rows_does_not_count_and_everything_else_does() {
        let table = table(&[Kind::Plain, Kind::Plain]);
        let (one, two): (&[Value], &[Value]) = (&["a".into(), 1.into()], &["b".into(), Value::Null]);
        let both = sum(&table, &[one, two]);
        assert_eq!(sum(&table, &[two, one]), both);
        let others: [&[&[Value]]; 5] = [
            &[one],
            &[one, one],
            &[one, two, two],
            &[one, &["b".into(), 0.into()]],
            &[&["b".into(), 1.into()], &["a".into(), Value::Null]],
        ];
        for other in others {
            assert_ne!(sum(&table, other), both, "{other:?}");
        }
        let shifted = sum(&table, &[&["ab".into(), "c".into()]]);
        assert_ne!(sum(&table, &[&["a".into(), "bc".into()]]), shifted);
        assert_eq!(shifted.to_string().len(), 64);
    }

    #[test]
    fn values_count_as_the_target_keeps_them() {
        let real = table(&[Kind::Real]);
        assert_eq!(sum(&real, &[&[3.into()]]), sum(&real, &[&[3.0.into()]]));
        let plain = table(&[Kind::Plain]);
        assert_ne!(sum(&plain, &[&[3.into()]]), sum(&plain, &[&[3.0.into()]]));
        let normalised = table(&[Kind::Normalised]);
        assert_eq!(sum(&normalised, &[&["{ }".into()]]), sum(&normalised, &[&["{}".into()]]));
    }
}
