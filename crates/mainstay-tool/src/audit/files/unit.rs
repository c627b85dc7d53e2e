//! Units of systemd.

use super::File;

/// A unit: what each key was given, in order.
#[derive(Clone, Debug)]
pub(in crate::audit) struct Unit {
    entries: Vec<Entry>,
}

/// One line `Key=value`.
#[derive(Clone, Debug)]
pub(in crate::audit) struct Entry {
    pub(in crate::audit) section: String,
    pub(in crate::audit) key: String,
    pub(in crate::audit) value: String,
    pub(in crate::audit) line: usize,
}

impl Unit {
    pub(in crate::audit) fn read(file: &File) -> Self {
        let mut section = String::new();
        let mut entries = Vec::new();
        for (index, line) in file.text.lines().enumerate() {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';']))
            {
                entries.push(Entry {
                    section: section.clone(),
                    key: key.trim().to_owned(),
                    value: value.trim().to_owned(),
                    line: index + 1,
                });
            }
        }
        Self { entries }
    }

    /// The last word on a key of the section `Service`.
    pub(in crate::audit) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.section == "Service" && entry.key == key)
    }

    /// Every word on a key of the section `Service`.
    pub(in crate::audit) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.section == "Service" && entry.key == key)
    }

    /// Whether a key is switched on.
    pub(in crate::audit) fn is_on(&self, key: &str) -> bool {
        self.get(key).is_some_and(|entry| matches!(entry.value.as_str(), "yes" | "true" | "on" | "1"))
    }
}
