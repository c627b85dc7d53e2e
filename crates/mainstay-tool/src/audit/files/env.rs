//! Files of settings: `NAME=value` a line.

use super::File;

/// A value and the line it stands in.
#[derive(Clone, Debug)]
pub(in crate::audit) struct Pair {
    pub(in crate::audit) name: String,
    pub(in crate::audit) value: String,
    pub(in crate::audit) line: usize,
}

/// The pairs of a file. Comments and what is not understood are left out: the service's own `check` judges the
/// syntax.
pub(in crate::audit) fn pairs(file: &File) -> Vec<Pair> {
    let pair = |(index, line): (usize, &str)| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let is_name = !name.is_empty()
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
        let value = value.trim().trim_matches(['"', '\'']);
        is_name.then(|| Pair { name: name.to_owned(), value: value.to_owned(), line: index + 1 })
    };
    file.text.lines().enumerate().filter_map(pair).collect()
}
