//! Migrations as they come embedded in a binary.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

use super::text::statements;
use crate::Dialect;

/// All migrations of a service, in the order in which they are applied.
///
/// ```
/// # mod elsewhere { pub fn migrations() -> mainstay_db::Migrations { mainstay_db::Migrations::new() } }
/// use mainstay_db::Migrations;
///
/// #[derive(rust_embed::RustEmbed)]
/// #[folder = "tests/migrations"]
/// struct Files;
///
/// let migrations = elsewhere::migrations().and_embedded::<Files>("shop");
/// assert!(migrations.problems().is_empty());
/// assert_eq!(migrations.ids().count(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Migrations {
    pub(super) all: Vec<Migration>,
    problems: Vec<SourceProblem>,
    left_behind: Vec<fn(&str) -> bool>,
}

/// One migration: for each database, two files of the same number and name.
#[derive(Clone, Debug)]
pub(super) struct Migration {
    pub(super) id: MigrationId,
    sqlite: Option<Script>,
    postgres: Option<Script>,
}

/// One migration in the words of one database.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) up: String,
    /// Missing where there is no way back.
    pub(super) down: Option<String>,
    pub(super) checksum: [u8; 32],
    /// Whether the way up cannot run in a transaction: `create index concurrently`.
    pub(super) is_outside: bool,
}

/// The first line of a file of PostgreSQL that cannot run in a transaction.
pub(super) const OUTSIDE: &str = "-- outside a transaction";

/// The name of a migration, unique in its service. Prints as `shop/0003_add_prices`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MigrationId {
    /// The source that brings it.
    pub source: String,
    /// Its number in the source, from 1.
    pub number: u32,
    /// What it does, in snake case.
    pub name: String,
}

/// Where to stop on the way up: after migration `number` of `source`, or of the last source when none is
/// named. Reads `3`, `0003` and `shop/3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The source, if it is not the application's own.
    pub source: Option<String>,
    /// The number.
    pub number: u32,
}

/// What is wrong with embedded files: a mistake of the build, found at the first use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceProblem {
    /// A file that is not named `0001_name.up.sql` or `0001_name.down.sql`.
    #[error("{source_name}: `{file}` is not named like 0001_what_it_does.up.sql")]
    Name {
        /// The source.
        source_name: String,
        /// The file.
        file: String,
    },
    /// A file that is not text in UTF-8.
    #[error("{source_name}: `{file}` is not UTF-8 text")]
    Encoding {
        /// The source.
        source_name: String,
        /// The file.
        file: String,
    },
    /// Two migrations of one number.
    #[error("{source_name}: number {number} is taken twice")]
    TakenTwice {
        /// The source.
        source_name: String,
        /// The number.
        number: u32,
    },
    /// A way down without a way up.
    #[error("{source_name}: number {number} has no .up.sql")]
    NoUp {
        /// The source.
        source_name: String,
        /// The number.
        number: u32,
    },
    /// A file that begins or ends transactions itself.
    #[error("{source_name}: number {number} begins or ends a transaction; it already runs in one")]
    OwnTransaction {
        /// The source.
        source_name: String,
        /// The number.
        number: u32,
    },
    /// A migration that one database has and the other has not, in a source that has files for both.
    #[error("{source_name}: number {number} is missing for {}, or has another name there", dialect.name())]
    OneDatabase {
        /// The source.
        source_name: String,
        /// The number.
        number: u32,
        /// The database without it.
        dialect: Dialect,
    },
    /// A source that has no files for the database in use.
    #[error("{source_name} has no migrations for {}", dialect.name())]
    NotFor {
        /// The source.
        source_name: String,
        /// The database in use.
        dialect: Dialect,
    },
    /// A file outside a transaction with more than one statement.
    #[error("{source_name}: number {number} runs outside a transaction, and so may hold one statement only")]
    NotAlone {
        /// The source.
        source_name: String,
        /// The number.
        number: u32,
    },
    /// Two sources of one name.
    #[error("two sources are named {source_name}")]
    SourceTwice {
        /// The source.
        source_name: String,
    },
}

impl Migrations {
    /// No migrations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the files of a `migrations` folder, with the folders `sqlite` and `postgres` in it, as a source with a
    /// name of its own. A service that knows one database only leaves the other folder away.
    ///
    /// What is wrong with them is kept for [`Migrations::problems`], and refused by everything that would use
    /// them.
    #[must_use]
    pub fn and_embedded<Files: RustEmbed>(self, source: &str) -> Self {
        let files = Files::iter().filter_map(|path| {
            let (folder, name) = path.split_once('/')?;
            let dialect =
                [Dialect::Sqlite, Dialect::Postgres].into_iter().find(|one| one.folder() == folder)?;
            Some((dialect, name.to_owned(), Files::get(&path)?.data.into_owned()))
        });
        self.and_files(source, files)
    }

    /// Adds all of `others` behind these.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        for migration in &others.all {
            self.claim_source(&migration.id.source);
        }
        self.all.extend(others.all);
        self.problems.extend(others.problems);
        self.left_behind.extend(others.left_behind);
        self
    }

    /// Names tables that [`Migrations::copy`] leaves behind: what ends with a process, or is made anew from the rest.
    #[must_use]
    pub fn leaving_behind(mut self, is_left: fn(table: &str) -> bool) -> Self {
        self.left_behind.push(is_left);
        self
    }

    pub(super) fn leaves_behind(&self, table: &str) -> bool {
        self.left_behind.iter().any(|is_left| is_left(table))
    }

    /// What is wrong with the files.
    pub fn problems(&self) -> &[SourceProblem] {
        &self.problems
    }

    /// The names, in the order of application.
    pub fn ids(&self) -> impl Iterator<Item = &MigrationId> {
        self.all.iter().map(|migration| &migration.id)
    }

    pub(super) fn and_files(
        mut self,
        source: &str,
        files: impl Iterator<Item = (Dialect, String, Vec<u8>)>,
    ) -> Self {
        self.claim_source(source);
        let mut found: [BTreeMap<u32, Pair>; 2] = Default::default();
        for (dialect, file, bytes) in files {
            let pairs = &mut found[usize::from(dialect == Dialect::Postgres)];
            if let Err(problem) = sort_in(pairs, source, file, bytes) {
                self.problems.push(problem);
            }
        }
        let serves_both = found.iter().all(|pairs| !pairs.is_empty());
        let [mut sqlite, mut postgres] = found;
        let numbers: BTreeSet<u32> = sqlite.keys().chain(postgres.keys()).copied().collect();
        for number in numbers {
            let pairs = (sqlite.remove(&number), postgres.remove(&number));
            match self.join(source, number, pairs, serves_both) {
                Ok(migration) => self.all.push(migration),
                Err(problem) => self.problems.push(problem),
            }
        }
        self
    }

    /// One migration out of what each database has of it.
    fn join(
        &mut self,
        source: &str,
        number: u32,
        (sqlite, postgres): (Option<Pair>, Option<Pair>),
        serves_both: bool,
    ) -> Result<Migration, SourceProblem> {
        let name = sqlite.as_ref().or(postgres.as_ref()).map(|pair| pair.name.clone()).unwrap_or_default();
        let fits = |pair: &Option<Pair>| pair.as_ref().is_some_and(|pair| pair.name == name) || !serves_both;
        for (dialect, pair) in [(Dialect::Sqlite, &sqlite), (Dialect::Postgres, &postgres)] {
            if !fits(pair) {
                self.problems.push(SourceProblem::OneDatabase {
                    source_name: source.to_owned(),
                    number,
                    dialect,
                });
            }
        }
        let script = |pair: Option<Pair>| pair.map(|pair| pair.into_script(source, number)).transpose();
        let (sqlite, postgres) = (script(sqlite)?, script(postgres)?);
        let id = MigrationId { source: source.to_owned(), number, name };
        Ok(Migration { id, sqlite, postgres })
    }

    /// What is wrong with the files for this database.
    pub(super) fn problems_on(&self, dialect: Dialect) -> Vec<SourceProblem> {
        let mut problems = self.problems.clone();
        for migration in &self.all {
            let source_name = migration.id.source.clone();
            let problem = SourceProblem::NotFor { source_name, dialect };
            if migration.script(dialect).is_none() && self.problems.is_empty() && !problems.contains(&problem)
            {
                problems.push(problem);
            }
        }
        problems
    }

    fn claim_source(&mut self, source: &str) {
        let problem = SourceProblem::SourceTwice { source_name: source.to_owned() };
        if self.all.iter().any(|known| known.id.source == source) && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

#[derive(Default)]
struct Pair {
    name: String,
    up: Option<String>,
    down: Option<String>,
}

impl Migration {
    /// The migration in the words of one database.
    pub(super) fn script(&self, dialect: Dialect) -> Option<&Script> {
        match dialect {
            Dialect::Sqlite => self.sqlite.as_ref(),
            Dialect::Postgres => self.postgres.as_ref(),
        }
    }
}

impl Pair {
    fn into_script(self, source: &str, number: u32) -> Result<Script, SourceProblem> {
        let source_name = source.to_owned();
        let Some(up) = self.up else { return Err(SourceProblem::NoUp { source_name, number }) };
        if [Some(&up), self.down.as_ref()].into_iter().flatten().any(|sql| has_own_transaction(sql)) {
            return Err(SourceProblem::OwnTransaction { source_name, number });
        }
        let is_outside = up.trim_start().starts_with(OUTSIDE);
        if is_outside && statements(&up).len() > 1 {
            return Err(SourceProblem::NotAlone { source_name, number });
        }
        // A checkout on Windows must not look like a changed file.
        let checksum = Sha256::digest(up.replace("\r\n", "\n")).into();
        Ok(Script { up, down: self.down, checksum, is_outside })
    }
}

fn sort_in(
    found: &mut BTreeMap<u32, Pair>,
    source: &str,
    file: String,
    bytes: Vec<u8>,
) -> Result<(), SourceProblem> {
    let source_name = source.to_owned();
    let Some((number, name, is_up)) = parse_name(&file) else {
        return Err(SourceProblem::Name { source_name, file });
    };
    let name = name.to_owned();
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(SourceProblem::Encoding { source_name, file });
    };
    let pair = found.entry(number).or_default();
    let half = if is_up { &mut pair.up } else { &mut pair.down };
    if half.is_some() || !(pair.name.is_empty() || pair.name == name) {
        return Err(SourceProblem::TakenTwice { source_name, number });
    }
    *half = Some(text);
    pair.name = name;
    Ok(())
}

/// `0001_name.up.sql` → `(1, "name", true)`.
pub(super) fn parse_name(file: &str) -> Option<(u32, &str, bool)> {
    let (stem, is_up) = match file.strip_suffix(".up.sql") {
        Some(stem) => (stem, true),
        None => (file.strip_suffix(".down.sql")?, false),
    };
    let (number, name) = stem.split_once('_')?;
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let number = (number.len() == 4).then(|| number.parse().ok())??;
    (number > 0 && plain && !name.is_empty()).then_some((number, name, is_up))
}

/// Whether a line is a statement that would end the transaction around the migration. A heuristic for honest
/// mistakes; `begin` and `end` inside a trigger are lines without `;` or with other words.
fn has_own_transaction(sql: &str) -> bool {
    sql.lines().any(|line| {
        let line = line.split("--").next().unwrap_or("").trim().to_ascii_lowercase();
        let Some(statement) = line.strip_suffix(';') else { return false };
        let mut words = statement.split_whitespace();
        let first = words.next();
        let begins = matches!(first, Some("begin" | "commit" | "rollback"));
        begins && words.all(|word| matches!(word, "transaction" | "immediate" | "exclusive" | "deferred"))
    })
}

impl fmt::Display for MigrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:04}_{}", self.source, self.number, self.name)
    }
}

impl FromStr for Target {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (source, number) = match text.split_once('/') {
            Some((source, number)) => (Some(source.to_owned()), number),
            None => (None, text),
        };
        Ok(Self { source, number: number.parse()? })
    }
}
