//! The formats, read into what judges look at. Each keeps the line of everything it read.

pub(super) mod dockerfile;
pub(super) mod env;
pub(super) mod nginx;
pub(super) mod unit;

use std::path::PathBuf;

use mainstay_core::settings::{Excerpt, Place, Source, visible};

/// A text file of the deployment.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Relative to the folder of the audit.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl File {
    /// A line of the file, with a part of it marked; the whole line when the part is not in it.
    pub(super) fn line(&self, number: usize, mark: &str) -> Place {
        let line = self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
        let text = visible(line.trim_end());
        let start = text.find(mark).filter(|_| !mark.is_empty());
        let (start, length) = if let Some(at) = start {
            (text[..at].chars().count(), mark.chars().count())
        } else {
            let blank = text.chars().take_while(|character| character.is_whitespace()).count();
            (blank, text.chars().count().saturating_sub(blank))
        };
        let excerpt = Excerpt { text, start, length: length.max(1) };
        self.at(number, start + 1, Some(excerpt))
    }

    /// A line of the file whose text must not be shown.
    pub(super) fn secret_line(&self, number: usize, name: &str) -> Place {
        self.at(number, 1, Some(Excerpt::of_value(name, "…")))
    }

    /// The file as such.
    pub(super) fn whole(&self) -> Place {
        self.at(1, 1, None)
    }

    fn at(&self, line: usize, column: usize, excerpt: Option<Excerpt>) -> Place {
        let source = Source::EnvFile { path: self.path.clone(), line: line.max(1), column };
        Place { name: String::new(), source, excerpt }
    }

    /// The name of the file in lower case.
    pub(super) fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
    }
}
