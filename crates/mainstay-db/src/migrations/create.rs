//! New files for a new migration.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::source::parse_name;
use crate::Dialect;

/// A new migration cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The name has no letter or digit to make a file name of.
    #[error("`{0}` is no name for a migration")]
    Name(String),
    /// The folder cannot be read or created, or the file cannot be written.
    #[error("{} cannot be used", path.display())]
    File {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// All four digits are used up.
    #[error("migration 9999 exists: there is no number after it")]
    NoNumberLeft,
}

/// Writes the files of a new migration, with the next free number, into the folders `sqlite` and `postgres` of `folder`
/// (`…/migrations`), and returns their paths: for each database first the way up, then the way down. Where only one of
/// the folders is there, only that one gets files.
///
/// The name may be a phrase: `add prices` becomes `0004_add_prices`.
///
/// # Errors
///
/// See [`CreateError`]. A file that is already there is never overwritten.
pub fn create_migration(folder: &Path, name: &str) -> Result<Vec<PathBuf>, CreateError> {
    let words: Vec<_> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(CreateError::Name(name.to_owned()));
    }
    let name = words.join("_").to_ascii_lowercase();
    let all = [Dialect::Sqlite, Dialect::Postgres].map(|dialect| folder.join(dialect.folder()));
    let there: Vec<_> = all.iter().filter(|folder| folder.is_dir()).cloned().collect();
    let folders = if there.is_empty() { all.to_vec() } else { there };
    let mut number = 1;
    for folder in &folders {
        fs::create_dir_all(folder).map_err(|source| CreateError::File { path: folder.clone(), source })?;
        number = number.max(next_number(folder)?);
    }
    let up = format!(
        "-- {name}: what changes, and why.\n\
         -- Runs in one transaction. Never edit it once it was released: write a further migration.\n"
    );
    let down = format!(
        "-- {name}: back to the schema before it.\n\
         -- Delete this file if there is no way back without losing data.\n"
    );
    let mut paths = Vec::new();
    for folder in &folders {
        paths.push(write(folder, number, &name, "up", &up)?);
        paths.push(write(folder, number, &name, "down", &down)?);
    }
    Ok(paths)
}

fn next_number(folder: &Path) -> Result<u32, CreateError> {
    let fail = |source| CreateError::File { path: folder.to_owned(), source };
    let mut highest = 0;
    for entry in fs::read_dir(folder).map_err(fail)? {
        let file = entry.map_err(fail)?.file_name();
        if let Some((number, ..)) = file.to_str().and_then(parse_name) {
            highest = highest.max(number);
        }
    }
    if highest < 9_999 { Ok(highest + 1) } else { Err(CreateError::NoNumberLeft) }
}

fn write(
    folder: &Path,
    number: u32,
    name: &str,
    direction: &str,
    text: &str,
) -> Result<PathBuf, CreateError> {
    let path = folder.join(format!("{number:04}_{name}.{direction}.sql"));
    let written = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map(|()| path.clone()).map_err(|source| CreateError::File { path, source })
}
