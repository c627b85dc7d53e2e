//! The book, made of `docs/` by mdBook, which asks nobody outside for anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::step::Step;
use crate::{command, setup, workspace};

pub(crate) const BOOK: Step = Step { name: "book", what: "the book, and where its pages lead", work: build };

/// Where `docs/book.toml` puts the book.
const FOLDER: &str = "target/book";

/// Builds the book, and looks at each of its pages.
///
/// # Errors
///
/// When it cannot be built, or a page leads nowhere or holds something that was not put in.
fn build() -> Result<()> {
    // mdBook takes a file that it cannot include for a mere warning, on stderr.
    command::run(setup::mdbook(&["build", "docs"])?)?;
    let pages = pages(&workspace::root().join(FOLDER))?;
    let problems = check(&pages);
    for problem in &problems {
        anstream::eprintln!("   {problem}");
    }
    if !problems.is_empty() {
        bail!("{} in {FOLDER}", problems.len());
    }
    Ok(())
}

/// The text of every page, and `None` for what is none, by its path in the book.
fn pages(book: &Path) -> Result<BTreeMap<PathBuf, Option<String>>> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![book.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(book)?.to_owned();
            let is_page = name.extension().is_some_and(|extension| extension == "html");
            let text = is_page.then(|| fs::read_to_string(&path)).transpose()?;
            pages.insert(name, text);
        }
    }
    Ok(pages)
}

/// What is wrong with the pages: links to nowhere, parts that are fetched from elsewhere, includes that failed.
fn check(pages: &BTreeMap<PathBuf, Option<String>>) -> Vec<String> {
    let mut problems = Vec::new();
    for (page, text) in pages.iter().filter_map(|(page, text)| Some((page, text.as_deref()?))) {
        let of = |problem: String| format!("{}: {problem}", page.display());
        if text.contains("{{#") {
            problems.push(of("something was not included".to_owned()));
        }
        let fetched = attributes(text, "src").into_iter().filter(|link| link.contains("//"));
        problems.extend(fetched.map(|link| of(format!("`{link}` is fetched from elsewhere"))));
        // The whole book on one page has other anchors, and the error page a base of its own.
        if matches!(page.to_str(), Some("print.html" | "404.html")) {
            continue;
        }
        let links = attributes(text, "href").into_iter().chain(attributes(text, "src"));
        let lost = links.filter(|link| !leads_somewhere(page, link, pages));
        problems.extend(
            lost.collect::<BTreeSet<_>>().into_iter().map(|link| of(format!("`{link}` leads nowhere"))),
        );
    }
    problems
}

fn leads_somewhere(page: &Path, link: &str, pages: &BTreeMap<PathBuf, Option<String>>) -> bool {
    if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
        return true;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target =
        if path.is_empty() { page.to_owned() } else { crate::pages::flat(&page.with_file_name(path)) };
    match pages.get(&target) {
        None => false,
        Some(text) => {
            let is_there = |text: &String| text.contains(&format!("id=\"{anchor}\""));
            anchor.is_empty() || text.as_ref().is_some_and(is_there)
        }
    }
}

/// The values of an attribute, in their order.
fn attributes<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    text.split(&begin).skip(1).filter_map(|rest| rest.split_once('"')).map(|(value, _)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_into_the_book_and_take_nothing_from_outside() {
        for (text, expected) in [
            (
                r#"<a href="other.html#here">x</a> <a href="https://example.org">y</a> <img src="../a.svg">"#,
                None,
            ),
            (r##"<h2 id="top">x</h2> <a href="#top">y</a> <a href="../index.html">z</a>"##, None),
            (r#"<a href="gone.html">x</a>"#, Some("in/page.html: `gone.html` leads nowhere")),
            (r#"<a href="other.html#gone">x</a>"#, Some("in/page.html: `other.html#gone` leads nowhere")),
            (
                r#"<script src="https://example.org/x.js">"#,
                Some("in/page.html: `https://example.org/x.js` is fetched from elsewhere"),
            ),
            ("{{#include ../none.rs}}", Some("in/page.html: something was not included")),
        ] {
            let pages = BTreeMap::from([
                ("in/page.html".into(), Some(text.to_owned())),
                ("in/other.html".into(), Some(r#"<h2 id="here">x</h2>"#.to_owned())),
                ("index.html".into(), Some(String::new())),
                ("a.svg".into(), None),
            ]);
            assert_eq!(check(&pages).first().map(String::as_str), expected, "{text}");
        }
    }
}
