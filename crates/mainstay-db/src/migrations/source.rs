//! Migrations as they come embedded in a binary.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

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
}

/// One migration: two files of the same number and name.
#[derive(Clone, Debug)]
pub(super) struct Migration {
    pub(super) id: MigrationId,
    pub(super) up: String,
    /// Missing where there is no way back.
    pub(super) down: Option<String>,
    pub(super) checksum: [u8; 32],
}

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

    /// Adds the files of a `migrations` folder, as a source with a name of its own.
    ///
    /// What is wrong with them is kept for [`Migrations::problems`], and refused by everything that would use
    /// them.
    #[must_use]
    pub fn and_embedded<Files: RustEmbed>(self, source: &str) -> Self {
        let files = Files::iter().filter_map(|path| {
            let name = path.strip_prefix("sqlite/")?.to_owned();
            Some((name, Files::get(&path)?.data.into_owned()))
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
        self
    }

    /// What is wrong with the files.
    pub fn problems(&self) -> &[SourceProblem] {
        &self.problems
    }

    /// The names, in the order of application.
    pub fn ids(&self) -> impl Iterator<Item = &MigrationId> {
        self.all.iter().map(|migration| &migration.id)
    }

    pub(super) fn and_files(mut self, source: &str, files: impl Iterator<Item = (String, Vec<u8>)>) -> Self {
        self.claim_source(source);
        let mut found: BTreeMap<u32, Pair> = BTreeMap::new();
        for (file, bytes) in files {
            if let Err(problem) = sort_in(&mut found, source, file, bytes) {
                self.problems.push(problem);
            }
        }
        for (number, pair) in found {
            match pair.into_migration(source, number) {
                Ok(migration) => self.all.push(migration),
                Err(problem) => self.problems.push(problem),
            }
        }
        self
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

impl Pair {
    fn into_migration(self, source: &str, number: u32) -> Result<Migration, SourceProblem> {
        let source_name = source.to_owned();
        let Some(up) = self.up else { return Err(SourceProblem::NoUp { source_name, number }) };
        if [Some(&up), self.down.as_ref()].into_iter().flatten().any(|sql| has_own_transaction(sql)) {
            return Err(SourceProblem::OwnTransaction { source_name, number });
        }
        // A checkout on Windows must not look like a changed file.
        let checksum = Sha256::digest(up.replace("\r\n", "\n")).into();
        let id = MigrationId { source: source_name, number, name: self.name };
        Ok(Migration { id, up, down: self.down, checksum })
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
