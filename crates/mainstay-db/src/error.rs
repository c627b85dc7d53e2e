//! What can go wrong between a caller and its database.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// An error of the database, reduced to what a caller can branch on.
///
/// `Display` names the kind and the statement (its text with placeholders, never the values); the driver's
/// own words are the [`source`](Error::source), for the log. A clone is the same error told to another waiter.
#[derive(Clone, Debug)]
pub struct DbError {
    kind: DbErrorKind,
    constraint: Option<Constraint>,
    statement: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`DbError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DbErrorKind {
    /// No connection became free within `DB_POOL_TIMEOUT`, or the server takes no more. Worth another try later.
    PoolExhausted,
    /// The database was closed: the process is stopping.
    Closed,
    /// The database cannot be opened, reached, read or written: a missing file, a dead disk, a server that is
    /// gone, silent or about to stop. A commit that ended so may have been made all the same.
    Unreachable,
    /// The database fails, and is not asked until it may have recovered; [`DbError::wait`] says when.
    CircuitOpen,
    /// The server knows neither user nor password, or the user may not do this.
    Denied,
    /// A statement ran longer than `DB_STATEMENT_TIMEOUT`, or than somebody waited for it, and was interrupted.
    /// A commit that timed out may have been made all the same.
    TimedOut,
    /// Somebody else held a lock for too long. Worth another try later.
    Busy,
    /// The transaction met another one, and one of the two had to give way. Worth another try at once, from its
    /// first statement. SQLite has one writer at a time and never says so.
    Serialization,
    /// A constraint refused the row; [`DbError::constraint`] says which sort.
    Constraint,
    /// The disk, or the quota of the database, is full.
    Full,
    /// A write on a connection or a file that may only be read.
    ReadOnly,
    /// The file is damaged, or is not a database.
    Corrupt,
    /// An earlier statement of this transaction failed or was cancelled: it can only be rolled back.
    Aborted,
    /// The program is wrong: bad SQL, a missing table, a value of another type than the one asked for.
    Bug,
}

/// The sorts of constraint that refuse a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Constraint {
    /// A primary key or unique index already holds these values.
    Unique,
    /// The row refers to one that is not there, or is referred to.
    ForeignKey,
    /// A required column is missing.
    NotNull,
    /// A `check`, a column type, a trigger or the encoding said no.
    Check,
}

impl DbError {
    /// What to branch on.
    pub fn kind(&self) -> DbErrorKind {
        self.kind
    }

    /// Which sort of constraint refused, for [`DbErrorKind::Constraint`].
    pub fn constraint(&self) -> Option<Constraint> {
        self.constraint
    }

    /// Whether the same call may succeed later without anybody changing the program or the data.
    pub fn is_transient(&self) -> bool {
        use DbErrorKind::{Busy, CircuitOpen, Full, PoolExhausted, Serialization, TimedOut, Unreachable};
        matches!(
            self.kind,
            PoolExhausted | Unreachable | CircuitOpen | TimedOut | Busy | Serialization | Full
        )
    }

    /// When another try makes sense, where that is known.
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn new(kind: DbErrorKind) -> Self {
        Self { kind, constraint: None, statement: None, retry_after: None, source: None }
    }

    pub(crate) fn constrained(constraint: Constraint) -> Self {
        Self { constraint: Some(constraint), ..Self::new(DbErrorKind::Constraint) }
    }

    /// A bug with its explanation as the source.
    pub(crate) fn bug(explanation: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(DbErrorKind::Bug).because(explanation)
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into().into());
        self
    }

    /// Adds the head of the statement's text, squeezed to one line.
    pub(crate) fn during(mut self, sql: &str) -> Self {
        const SHOWN: usize = 60;
        let mut line = String::with_capacity(SHOWN + 4);
        for word in sql.split_whitespace() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            if line.chars().count() > SHOWN {
                line = line.chars().take(SHOWN).chain(" …".chars()).collect();
                break;
            }
        }
        self.statement = Some(line);
        self
    }
}

impl DbErrorKind {
    /// The kind as a snake-case word, for metric labels and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PoolExhausted => "pool_exhausted",
            Self::Closed => "closed",
            Self::Unreachable => "unreachable",
            Self::CircuitOpen => "circuit_open",
            Self::Denied => "denied",
            Self::TimedOut => "timed_out",
            Self::Busy => "busy",
            Self::Serialization => "serialization",
            Self::Constraint => "constraint",
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Corrupt => "corrupt",
            Self::Aborted => "aborted",
            Self::Bug => "bug",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::PoolExhausted => "no database connection became free in time",
            Self::Closed => "the database is closed",
            Self::Unreachable => "the database cannot be reached",
            Self::CircuitOpen => "the database fails, and is given time to recover",
            Self::Denied => "the database refused the user",
            Self::TimedOut => "the statement ran for too long",
            Self::Busy => "a lock was held by somebody else for too long",
            Self::Serialization => "the transaction gave way to another one",
            Self::Constraint => "a constraint refused the row",
            Self::Full => "the database is full",
            Self::ReadOnly => "the database may only be read here",
            Self::Corrupt => "the database file is damaged",
            Self::Aborted => "the transaction was aborted by an earlier failure",
            Self::Bug => "the statement is wrong",
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.sentence())?;
        match &self.statement {
            Some(statement) => write!(f, " (in `{statement}`)"),
            None => Ok(()),
        }
    }
}

impl Error for DbError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
