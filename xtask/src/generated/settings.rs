//! `docs/reference/settings.md`, from what `concord settings schema` says.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde::Deserialize;

/// A setting, as `settings schema` describes it.
#[derive(Debug, Deserialize)]
struct Setting {
    name: String,
    group: String,
    doc: String,
    expected: String,
    unit: Option<String>,
    default: Option<String>,
    default_strict: Option<String>,
    default_text: Option<String>,
    minimum: Option<String>,
    maximum: Option<String>,
    too_low: Option<String>,
    too_high: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    required_in_strict: bool,
}

const HEAD: &str = "\
# Settings

<!-- Made by `cargo xtask generated --write` from the settings themselves. -->

*Strict* is the default in staging and production, where it differs. [settings.md](../settings.md) says where values
come from and how problems are told.
";

/// Renders the reference.
///
/// # Errors
///
/// When the schema is not in the expected shape.
pub(super) fn reference(schema: &str) -> Result<String> {
    let settings: Vec<Setting> =
        serde_json::from_str(schema).context("`settings schema` has a shape that is not known")?;
    let mut text = HEAD.to_owned();
    let mut group = "";
    for setting in &settings {
        if setting.group != group {
            group = &setting.group;
            // Writing to a String cannot fail.
            let _ = write!(text, "\n## {group}\n\n| name | default | strict | allowed | what it is |\n");
            text.push_str("|---|---|---|---|---|\n");
        }
        let cells = [
            format!("`{}`", setting.name),
            default(setting),
            strict(setting),
            allowed(setting),
            description(setting),
        ];
        let _ = writeln!(text, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    Ok(text)
}

fn default(setting: &Setting) -> String {
    match (&setting.default_text, &setting.default) {
        (Some(text), _) => text.clone(),
        (None, Some(value)) if value.is_empty() => "empty".to_owned(),
        (None, Some(value)) => format!("`{value}`"),
        (None, None) => "none".to_owned(),
    }
}

fn strict(setting: &Setting) -> String {
    match &setting.default_strict {
        _ if setting.required_in_strict => "required".to_owned(),
        Some(value) => format!("`{value}`"),
        None => String::new(),
    }
}

fn allowed(setting: &Setting) -> String {
    let unit = setting.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    match (&setting.minimum, &setting.maximum) {
        (Some(minimum), Some(maximum)) => format!("`{minimum}` to `{maximum}`{unit}"),
        (Some(minimum), None) => format!("from `{minimum}`{unit}"),
        (None, Some(maximum)) => format!("up to `{maximum}`{unit}"),
        (None, None) => setting.expected.clone(),
    }
}

fn description(setting: &Setting) -> String {
    let mut text = setting.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    for (word, consequence) in [("Too low", &setting.too_low), ("Too high", &setting.too_high)] {
        if let Some(consequence) = consequence {
            let _ = write!(text, " {word}: {consequence}.");
        }
    }
    if !setting.aliases.is_empty() {
        let _ = write!(text, " Also understood: `{}`.", setting.aliases.join("`, `"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_becomes_a_row_under_its_group() {
        let schema = r#"[
            {"name": "HOST", "group": "Addresses", "doc": "Where to listen.", "expected": "an IP address",
             "default": "127.0.0.1"},
            {"name": "DB_POOL_MAX_SIZE", "group": "Database", "doc": "Most connections.", "expected": "a number",
             "unit": "connections", "default": "20", "minimum": "1", "maximum": "1000",
             "too_high": "the database refuses connections", "aliases": ["POOL_SIZE"]},
            {"name": "MODE", "group": "Database", "doc": "One of\n  two.", "expected": "`a|b`",
             "default_text": "made at start", "required_in_strict": true}
        ]"#;
        let text = reference(schema).expect("a schema");
        let expected = "\n## Addresses\n\n\
            | name | default | strict | allowed | what it is |\n|---|---|---|---|---|\n\
            | `HOST` | `127.0.0.1` |  | an IP address | Where to listen. |\n\
            \n## Database\n\n\
            | name | default | strict | allowed | what it is |\n|---|---|---|---|---|\n\
            | `DB_POOL_MAX_SIZE` | `20` |  | `1` to `1000` connections | Most connections. \
            Too high: the database refuses connections. Also understood: `POOL_SIZE`. |\n\
            | `MODE` | made at start | required | `a\\|b` | One of two. |\n";
        assert_eq!(text.strip_prefix(HEAD), Some(expected));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(reference("{}").is_err());
        assert!(reference("[{\"name\": 1}]").is_err());
    }
}
