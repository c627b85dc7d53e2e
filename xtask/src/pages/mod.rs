//! Whether the pages speak of what is there: their links lead somewhere, the tests and files they name exist, the book
//! holds them all, and the summary of the ASVS table is that of its rows.
//!
//! Each rule is a pure function from the text of a page to what is wrong with it; the repository is looked at here.

mod asvs;
mod book;
mod links;
mod named_files;
mod named_tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::step::Step;
use crate::workspace;

pub(crate) use links::flat;

pub(crate) const PAGES: Step =
    Step { name: "pages", what: "links, named tests and counts in the documentation", work: run };

/// The page whose rows are counted and name their tests.
const ASVS: &str = "docs/asvs.md";

/// The contents of the book, and what its pages are relative to.
const SUMMARY: &str = "docs/SUMMARY.md";

/// Reads every page and applies every rule.
///
/// # Errors
///
/// When something is wrong; all of it is printed first.
fn run() -> Result<()> {
    let root = workspace::root();
    let mut problems = Vec::new();
    let pages = pages(root)?;
    for page in &pages {
        let text = read(root, page)?;
        let of_links = links::check(page, &text, |path| target(root, path));
        let of_files = named_files::check(&text, |path| root.join(path).exists());
        problems.extend(of_links.into_iter().chain(of_files).map(|problem| (page.clone(), problem)));
    }
    let in_book = pages.iter().filter_map(|page| page.strip_prefix("docs").ok()).map(Path::to_owned);
    let in_book: Vec<_> = in_book.filter(|page| page != Path::new("SUMMARY.md")).collect();
    let of_the_book = book::check(&read(root, Path::new(SUMMARY))?, &in_book);
    problems.extend(of_the_book.into_iter().map(|problem| (PathBuf::from(SUMMARY), problem)));
    let table = read(root, Path::new(ASVS))?;
    let source = |path: &str| fs::read_to_string(root.join(path)).ok();
    let of_the_table = named_tests::check(&table, source).into_iter().chain(asvs::check(&table));
    problems.extend(of_the_table.map(|problem| (PathBuf::from(ASVS), problem)));
    for (page, problem) in &problems {
        anstream::eprintln!("   {}: {problem}", page.display());
    }
    if !problems.is_empty() {
        bail!("{} in the pages", problems.len());
    }
    Ok(())
}

/// The pages, relative to the root: those at the root and all below `docs/`.
fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for folder in ["", "docs", "docs/reference"] {
        let place = root.join(folder);
        let entries = fs::read_dir(&place).with_context(|| format!("cannot read {}", place.display()))?;
        for entry in entries {
            let name = entry.with_context(|| format!("cannot read {}", place.display()))?.file_name();
            let page = Path::new(folder).join(name);
            if page.extension().is_some_and(|extension| extension == "md") {
                pages.push(page);
            }
        }
    }
    pages.sort();
    Ok(pages)
}

/// What a link may lead to: the text of a page, or nothing but the knowledge that the file or folder is there.
fn target(root: &Path, path: &Path) -> Option<links::Target> {
    let place = root.join(path);
    let is_page = path.extension().is_some_and(|extension| extension == "md");
    match fs::read_to_string(&place) {
        Ok(text) if is_page => Some(links::Target::Page(text)),
        _ => place.exists().then_some(links::Target::Other),
    }
}

fn read(root: &Path, page: &Path) -> Result<String> {
    fs::read_to_string(root.join(page)).with_context(|| format!("cannot read {}", page.display()))
}
