//! Whether relative links lead to a file, and to a heading in it, and whether those of the book stay in the book.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// The folder whose pages are read elsewhere, too, without the rest of the repository.
const BOOK: &str = "docs";

/// What is at the end of a link.
pub(crate) enum Target {
    /// A page, with its text.
    Page(String),
    /// Anything else that exists.
    Other,
}

/// What is wrong with the links of a page; `target` is asked by paths relative to the root.
pub(crate) fn check(page: &Path, text: &str, target: impl Fn(&Path) -> Option<Target>) -> Vec<String> {
    links(text).into_iter().filter_map(|link| problem(page, text, &link, &target)).collect()
}

fn problem(page: &Path, text: &str, link: &str, target: impl Fn(&Path) -> Option<Target>) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let text = if path.is_empty() {
        text.to_owned()
    } else {
        let folder = page.parent().unwrap_or(Path::new(""));
        let path = flat(&folder.join(path));
        if page.starts_with(BOOK) && !path.starts_with(BOOK) {
            return Some(format!("`{link}` leads out of the book; name the file in backticks"));
        }
        match target(&path) {
            None => return Some(format!("`{link}` leads to no file")),
            Some(Target::Other) => return None,
            Some(Target::Page(text)) => text,
        }
    };
    let is_missing = !anchor.is_empty() && !anchors(&text).contains(&anchor.to_owned());
    is_missing.then(|| format!("`{link}` leads to no heading"))
}

/// The targets of `[text](target)`, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        // Every second piece between backticks is code.
        let plain: String = line.split('`').step_by(2).collect();
        for rest in plain.split("](").skip(1) {
            links.extend(rest.split_once(')').map(|(link, _)| link.to_owned()));
        }
    }
    links
}

/// The anchors of the headings, as GitHub and mdBook make them; one that comes again has a number.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let titles = headings.map(|line| line.trim_start_matches('#').trim());
    let slugs = titles.map(|title| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    });
    let numbered = slugs.map(|slug| {
        let times = seen.entry(slug.clone()).or_default();
        *times += 1;
        if *times == 1 { slug } else { format!("{slug}-{}", *times - 1) }
    });
    numbered.collect()
}

/// The lines that stand in no block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The path without `.` and `..`.
pub(crate) fn flat(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut flat, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                flat.pop();
            }
            other => flat.push(other),
        }
        flat
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(path: &Path) -> Option<Target> {
        match path.to_str() {
            Some("docs/other.md") => {
                Some(Target::Page("# Other\n\n## What it is, & why\n\n## Again\n\n## Again\n".into()))
            }
            Some("docs/book.toml" | "deploy") => Some(Target::Other),
            _ => None,
        }
    }

    #[test]
    fn links_lead_somewhere_or_are_named() {
        for (text, expected) in [
            ("[a](other.md)", None),
            ("[a](other.md#what-it-is--why) and [b](other.md#again-1)", None),
            ("[a](book.toml), [b](../docs/other.md)", None),
            ("[a](../deploy)", Some("`../deploy` leads out of the book; name the file in backticks")),
            ("[a](https://example.org/none#x)", None),
            ("# Here\n[a](#here)", None),
            ("`[a](none.md)`\n```\n[a](none.md)\n```\n", None),
            ("[a](none.md)", Some("`none.md` leads to no file")),
            ("`code` [a](none.md)", Some("`none.md` leads to no file")),
            ("[a](other.md#gone)", Some("`other.md#gone` leads to no heading")),
            ("[a](other.md#again-2)", Some("`other.md#again-2` leads to no heading")),
            ("```\n# Here\n```\n[a](#here)", Some("`#here` leads to no heading")),
        ] {
            let found = check(Path::new("docs/page.md"), text, world);
            assert_eq!(found.first().map(String::as_str), expected, "{text}");
        }
        let elsewhere = check(Path::new("README.md"), "[a](deploy), [b](docs/other.md#other)", world);
        assert_eq!(elsewhere, Vec::<String>::new(), "what is no page of the book leads anywhere");
    }
}
