//! New files for a new migration.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::source::parse_name;

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

/// Writes the two files of a new migration, with the next free number, into `folder`
/// (`…/migrations/sqlite`), and returns their paths: first the way up, then the way down.
///
/// The name may be a phrase: `add prices` becomes `0004_add_prices`.
///
/// # Errors
///
/// See [`CreateError`]. A file that is already there is never overwritten.
pub fn create_migration(folder: &Path, name: &str) -> Result<[PathBuf; 2], CreateError> {
    let words: Vec<_> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(CreateError::Name(name.to_owned()));
    }
    let name = words.join("_").to_ascii_lowercase();
    fs::create_dir_all(folder).map_err(|source| CreateError::File { path: folder.to_owned(), source })?;
    let number = next_number(folder)?;
    let up = write(
        folder,
        number,
        &name,
        "up",
        &format!(
            "-- {name}: what changes, and why.\n\
         -- Runs in one transaction. Never edit it once it was released: write a further migration.\n"
        ),
    )?;
    let down = write(
        folder,
        number,
        &name,
        "down",
        &format!(
            "-- {name}: back to the schema before it.\n\
         -- Delete this file if there is no way back without losing data.\n"
        ),
    )?;
    Ok([up, down])
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
