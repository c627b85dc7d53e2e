//! Whether the book holds every page of its folder.

use std::path::{Path, PathBuf};

/// What is missing in the summary, which is a page of links itself; `pages` are relative to the summary's folder.
pub(crate) fn check<'a>(summary: &str, pages: impl IntoIterator<Item = &'a PathBuf>) -> Vec<String> {
    let is_in = |page: &Path| summary.contains(&format!("]({})", page.display()));
    let missing = pages.into_iter().filter(|page| !is_in(page));
    missing.map(|page| format!("{} is not in the book", page.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_in_the_book() {
        let summary =
            "# Summary\n\n[Introduction](introduction.md)\n\n- [All settings](reference/settings.md)\n";
        let pages = ["introduction.md", "reference/settings.md"].map(PathBuf::from);
        assert_eq!(check(summary, &pages), Vec::<String>::new());
        let others = ["settings.md", "reference/routes.md"].map(PathBuf::from);
        assert_eq!(
            check(summary, &others),
            ["settings.md is not in the book", "reference/routes.md is not in the book"]
        );
    }
}
