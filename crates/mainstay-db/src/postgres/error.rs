//! What a server and its line say, reduced to kinds.
//!
//! See <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;

use super::convert::Misfit;
use super::tls::TlsFailure;
use crate::{Constraint, DbError, DbErrorKind, ServerProblem};

/// What the server said, without what might hold a value: details, hints and the text of data exceptions.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}{}", of_constraint(.constraint.as_deref()))]
struct Said {
    code: String,
    message: String,
    constraint: Option<String>,
}

/// A server that cannot be used.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reason: ServerProblem,
    pub(crate) source: Option<DbError>,
}

pub(super) fn classify(error: Error) -> DbError {
    if let Some(server) = error.as_db_error() {
        let code = server.code().code();
        let is_data = code.starts_with("22");
        let message = if is_data { "a value does not fit" } else { server.message() };
        let constraint = server.constraint().map(ToOwned::to_owned);
        let said = Said { code: code.to_owned(), message: message.to_owned(), constraint };
        return from_code(code).because(said);
    }
    let misfit = error.source().and_then(|source| source.downcast_ref::<Misfit>());
    match misfit {
        Some(Misfit::NulCharacter | Misfit::Range { .. }) => {
            return DbError::constrained(Constraint::Check).because(error);
        }
        Some(Misfit::Kind { .. }) => return DbError::bug(error),
        None => {}
    }
    let is_line = error.is_closed()
        || error.source().is_some_and(|source| source.is::<io::Error>() || source.is::<TlsFailure>())
        || is_greeting(&error);
    let kind = if is_line { DbErrorKind::Unreachable } else { DbErrorKind::Bug };
    DbError::new(kind).because(error)
}

/// Failures of the greeting carry nothing but their words: no TLS on the other side, no password at hand.
fn is_greeting(error: &Error) -> bool {
    let words = error.to_string();
    ["error performing TLS handshake", "authentication error", "invalid configuration", "error connecting"]
        .iter()
        .any(|start| words.starts_with(start))
}

fn from_code(code: &str) -> DbError {
    let constraint = match code {
        "23502" => Constraint::NotNull,
        "23001" | "23503" => Constraint::ForeignKey,
        "23505" | "23P01" => Constraint::Unique,
        // A check; a value that is too long, beyond its range or not in the encoding; a trigger that says no.
        "23514" | "22001" | "22003" | "22008" | "22021" | "22P05" | "P0001" => Constraint::Check,
        _ => return DbError::new(kind_of(code)),
    };
    DbError::constrained(constraint)
}

fn kind_of(code: &str) -> DbErrorKind {
    // The first two characters are the class.
    match (code.get(..2), code) {
        (_, "40001" | "40P01") => DbErrorKind::Serialization,
        (_, "55P03") => DbErrorKind::Busy,
        (_, "57014") => DbErrorKind::TimedOut,
        (_, "53300") => DbErrorKind::PoolExhausted,
        (_, "53100") => DbErrorKind::Full,
        (_, "25006") => DbErrorKind::ReadOnly,
        (_, "25P02" | "25P03") => DbErrorKind::Aborted,
        (_, "XX001" | "XX002") => DbErrorKind::Corrupt,
        (Some("28"), _) | (_, "42501" | "3D000") => DbErrorKind::Denied,
        // The line; a server that stops, starts or broke down; no memory; the disk under the tables.
        (Some("08"), _) | (_, "57P01" | "57P02" | "57P03" | "57P05" | "53200" | "58030") => {
            DbErrorKind::Unreachable
        }
        _ => DbErrorKind::Bug,
    }
}

fn of_constraint(constraint: Option<&str>) -> String {
    constraint.map(|name| format!(" ({name})")).unwrap_or_default()
}

impl Refused {
    pub(crate) fn new(reason: ServerProblem) -> Self {
        Self { reason, source: None }
    }
}

/// What the first connection's failure means for a start.
impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        let said = error.source().and_then(|source| source.downcast_ref::<Said>());
        let cause = error.source().and_then(|source| source.downcast_ref::<Error>());
        let words = cause.map(ToString::to_string).unwrap_or_default();
        let reason = match said.map(|said| said.code.as_str()) {
            Some("3D000") => ServerProblem::NoDatabase,
            Some("53300") => ServerProblem::Full,
            // pg_hba.conf speaks of "no encryption" when the line is what it objects to.
            Some("28000") if said.is_some_and(|said| said.message.contains("no encryption")) => {
                ServerProblem::Tls
            }
            Some("42501" | "28000" | "28P01") => ServerProblem::Credentials,
            Some("57P03" | "57P01" | "57P02") => ServerProblem::Unreachable,
            None if words.starts_with("error performing TLS handshake") => ServerProblem::Tls,
            None if words.starts_with("authentication error")
                || words.starts_with("invalid configuration") =>
            {
                ServerProblem::Credentials
            }
            None if error.kind() == DbErrorKind::Unreachable => ServerProblem::Unreachable,
            Some(_) | None => ServerProblem::Other,
        };
        Self { reason, source: Some(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_kind() {
        let table = [
            ("40001", DbErrorKind::Serialization),
            ("40P01", DbErrorKind::Serialization),
            ("55P03", DbErrorKind::Busy),
            ("57014", DbErrorKind::TimedOut),
            ("53300", DbErrorKind::PoolExhausted),
            ("53100", DbErrorKind::Full),
            ("53200", DbErrorKind::Unreachable),
            ("57P01", DbErrorKind::Unreachable),
            ("57P03", DbErrorKind::Unreachable),
            ("08006", DbErrorKind::Unreachable),
            ("08P01", DbErrorKind::Unreachable),
            ("58030", DbErrorKind::Unreachable),
            ("25006", DbErrorKind::ReadOnly),
            ("25P02", DbErrorKind::Aborted),
            ("28P01", DbErrorKind::Denied),
            ("28000", DbErrorKind::Denied),
            ("3D000", DbErrorKind::Denied),
            ("42501", DbErrorKind::Denied),
            ("42601", DbErrorKind::Bug),
            ("42P01", DbErrorKind::Bug),
            ("22P02", DbErrorKind::Bug),
            ("XX000", DbErrorKind::Bug),
            ("XX001", DbErrorKind::Corrupt),
            ("23505", DbErrorKind::Constraint),
        ];
        for (code, kind) in table {
            assert_eq!(from_code(code).kind(), kind, "code {code}");
        }
    }

    #[test]
    fn constraints_are_told_apart() {
        let table = [
            ("23502", Constraint::NotNull),
            ("23503", Constraint::ForeignKey),
            ("23505", Constraint::Unique),
            ("23P01", Constraint::Unique),
            ("23514", Constraint::Check),
            ("22001", Constraint::Check),
            ("22003", Constraint::Check),
            ("22021", Constraint::Check),
            ("P0001", Constraint::Check),
        ];
        for (code, constraint) in table {
            assert_eq!(from_code(code).constraint(), Some(constraint), "code {code}");
        }
    }
}
