//! The disk that everything durable waits for.

use std::fs::File;
use std::io::Write as _;

use anyhow::{Context, Result};
use mainstay_core::Clock;

use crate::figure::Figure;
use crate::sample::{Sample, milliseconds, timed};

const FLUSHES: usize = 200;

/// How long a page takes until it would survive a power cut. Ratios of one flush to many hang on it.
///
/// # Errors
///
/// When there is no folder to write to.
pub(crate) fn flush(clock: &Clock) -> Result<Figure> {
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let mut file = File::create(folder.path().join("pages")).context("cannot make a file")?;
    let mut sample = Sample::default();
    for _ in 0..FLUSHES {
        let page = || {
            file.write_all(&[7; 4_096])?;
            file.sync_data().context("cannot flush")
        };
        sample.add(milliseconds(timed(clock, page)?.1));
    }
    Ok(Figure::new(format!("a page written and flushed, median of {FLUSHES}"), sample.median()?, "ms"))
}
