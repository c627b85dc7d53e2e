//! `export FILE`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use mainstay::life::Configuration;
use mainstay_cli::{CommandError, Context, Verdict};
use serde::Serialize;

use super::error::TransferError;
use super::{file, with_ledger};
use crate::ledger::Ledger;
use crate::read::export::{CatalogExport, ExportLimits, Part};
use crate::service::Concord;

pub(super) fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let configuration = context.settings::<Configuration<Concord>>()?;
    let limits = configuration.service.export;
    if file(matches) == "-" {
        // Held whole: the store must be closed again whether or not somebody reads.
        let mut out = Vec::new();
        let path = PathBuf::from("-");
        with_ledger(&configuration, context, async |ledger| write(ledger, limits, &mut out, &path).await)?;
        context.data().write_all(&out)?;
        return Ok(Verdict::Good);
    }
    let path = context.directory().join(file(matches));
    let things = with_ledger(&configuration, context, async |ledger| {
        let new = path.with_added_extension("part");
        let failed = |source| TransferError::Write { path: new.clone(), source };
        let mut out = BufWriter::new(File::create(&new).map_err(failed)?);
        let written = write(ledger, limits, &mut out, &new).await;
        let finished = written.and_then(|things| {
            put_in_place(out, &new, &path).map_err(failed)?;
            Ok(things)
        });
        if finished.is_err() {
            // Half a document helps nobody; if even this fails, the first error is the one to tell.
            let _ = fs::remove_file(&new);
        }
        finished
    })?;
    context.say(format_args!("exported {things} things to {}", path.display()));
    Ok(Verdict::Good)
}

fn put_in_place(out: BufWriter<File>, new: &Path, path: &Path) -> io::Result<()> {
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(new, path)
}

/// Writes everything as one document, and counts it, items included.
async fn write(
    ledger: &Ledger,
    limits: ExportLimits,
    out: &mut impl Write,
    path: &Path,
) -> Result<usize, TransferError> {
    let failed = |source| TransferError::Write { path: path.to_owned(), source };
    // One moment of the store, however long it takes.
    let mut snapshot = ledger.snapshot().await?;
    let mut things = 0;
    for (index, part) in Part::ALL.into_iter().enumerate() {
        let mut list = List::begin(out, if index == 0 { "{" } else { "]," }, part).map_err(failed)?;
        // A catalogue may go on on the next page.
        let mut catalog: Option<CatalogExport> = None;
        let mut cursor = None;
        loop {
            let page = snapshot.export(&[part], cursor, limits).await?;
            let rows = list
                .rows(out, &page.schemas)
                .and_then(|()| list.rows(out, &page.rulesets))
                .and_then(|()| list.rows(out, &page.cluster_rulesets));
            rows.map_err(failed)?;
            things += page.schemas.len() + page.rulesets.len() + page.cluster_rulesets.len();
            for next in page.catalogs {
                things += next.items.len();
                match &mut catalog {
                    Some(begun) if begun.name == next.name => begun.items.extend(next.items),
                    _ => {
                        things += 1;
                        if let Some(whole) = catalog.replace(next) {
                            list.rows(out, &[whole]).map_err(failed)?;
                        }
                    }
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        list.rows(out, catalog.as_slice()).map_err(failed)?;
    }
    out.write_all(b"]}\n").and_then(|()| out.flush()).map_err(failed)?;
    Ok(things)
}

/// A list that is being written.
struct List {
    is_empty: bool,
}

impl List {
    fn begin(out: &mut impl Write, before: &str, part: Part) -> io::Result<Self> {
        write!(out, "{before}\"{}\":[", part.key())?;
        Ok(Self { is_empty: true })
    }

    fn rows(&mut self, out: &mut impl Write, rows: &[impl Serialize]) -> io::Result<()> {
        for row in rows {
            out.write_all(if self.is_empty { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, row)?;
            self.is_empty = false;
        }
        Ok(())
    }
}
