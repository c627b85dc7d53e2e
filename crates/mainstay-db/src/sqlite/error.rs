//! SQLite's result codes, reduced to kinds. See <https://www.sqlite.org/rescode.html>.

use crate::{Constraint, DbError, DbErrorKind};

pub(super) fn classify(error: sqlx::Error) -> DbError {
    let code = match &error {
        sqlx::Error::Database(database) => database.code().and_then(|code| code.parse().ok()),
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => {
            return DbError::new(DbErrorKind::Unreachable).because(error);
        }
        _ => None,
    };
    code.map_or_else(|| DbError::new(DbErrorKind::Bug), from_code).because(error)
}

fn from_code(code: i32) -> DbError {
    match code {
        787 => return DbError::constrained(Constraint::ForeignKey),
        1299 => return DbError::constrained(Constraint::NotNull),
        1555 | 2067 | 2579 => return DbError::constrained(Constraint::Unique),
        _ => {}
    }
    DbError::new(match code & 0xff {
        5 | 6 => DbErrorKind::Busy,
        8 => DbErrorKind::ReadOnly,
        9 => DbErrorKind::TimedOut,
        // Out of memory, I/O, cannot open, no permission, no shared memory for the WAL index.
        7 | 10 | 14 | 3 | 15 | 23 => DbErrorKind::Unreachable,
        11 | 26 => DbErrorKind::Corrupt,
        13 => DbErrorKind::Full,
        19 => return DbError::constrained(Constraint::Check),
        _ => DbErrorKind::Bug,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_kind() {
        let table = [
            (1, DbErrorKind::Bug),
            (5, DbErrorKind::Busy),
            (517, DbErrorKind::Busy),
            (8, DbErrorKind::ReadOnly),
            (9, DbErrorKind::TimedOut),
            (10, DbErrorKind::Unreachable),
            (266, DbErrorKind::Unreachable),
            (11, DbErrorKind::Corrupt),
            (26, DbErrorKind::Corrupt),
            (13, DbErrorKind::Full),
            (14, DbErrorKind::Unreachable),
            (19, DbErrorKind::Constraint),
            (2067, DbErrorKind::Constraint),
            (3091, DbErrorKind::Constraint),
        ];
        for (code, kind) in table {
            assert_eq!(from_code(code).kind(), kind, "code {code}");
        }
    }

    #[test]
    fn constraints_are_told_apart() {
        let table = [
            (787, Constraint::ForeignKey),
            (1299, Constraint::NotNull),
            (1555, Constraint::Unique),
            (2067, Constraint::Unique),
            (2579, Constraint::Unique),
            (275, Constraint::Check),
            (1811, Constraint::Check),
        ];
        for (code, constraint) in table {
            assert_eq!(from_code(code).constraint(), Some(constraint), "code {code}");
        }
    }
}
