//! `settings example`.

use std::fmt;

use mainstay_core::settings::{Environment, Field};

use crate::diagnostics::with_program;

/// An env file with every setting.
///
/// For development each line is commented out: the file changes nothing until somebody changes it. For
/// production, what production needs stands without a comment sign, and what nobody can choose for others
/// is left empty, which the service refuses.
pub(super) struct Example<'a> {
    pub(super) program: &'static str,
    pub(super) fields: &'a [Field],
    pub(super) environment: Environment,
}

impl fmt::Display for Example<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program;
        if self.environment.is_strict() {
            writeln!(
                f,
                "# Settings of {program} in production. Copy to a file that ENV_FILE names, and fill in."
            )?;
            writeln!(f, "# Made by `{program} settings example --production`.")?;
        } else {
            writeln!(f, "# Settings of {program}. Copy to .env, and change what you need.")?;
            writeln!(f, "# Made by `{program} settings example`.")?;
        }
        writeln!(f, "#")?;
        writeln!(
            f,
            "# Any NAME can be given as NAME_FILE instead: the path of a file that holds the value."
        )?;
        let mut group = "";
        for field in self.fields {
            if field.group.title != group {
                group = field.group.title;
                writeln!(f, "\n\n# {group}")?;
                writeln!(f, "# {}", "-".repeat(group.chars().count()))?;
                comment(f, field.group.sentence)?;
            }
            writeln!(f)?;
            self.write_field(f, field)?;
        }
        Ok(())
    }
}

impl Example<'_> {
    fn write_field(&self, f: &mut fmt::Formatter<'_>, field: &Field) -> fmt::Result {
        comment(f, &with_program(&field.doc, self.program))?;
        comment(f, &with_program(&self.facts(field), self.program))?;
        let name = &field.name;
        let is_strict = self.environment.is_strict();
        if is_strict && name == "ENVIRONMENT" {
            return writeln!(f, "{name}={}", self.environment.name());
        }
        let sign = if is_strict && field.required_in_strict { "" } else { "# " };
        let value = self.default(field).or(field.example).filter(|_| !field.secret).unwrap_or_default();
        writeln!(f, "{sign}{name}={}", quoted(value))
    }

    fn default<'a>(&self, field: &'a Field) -> Option<&'a str> {
        let strict = field.default_strict.as_deref().filter(|_| self.environment.is_strict());
        strict.or(field.default.as_deref())
    }

    /// What one has to know before one chooses a value, in one paragraph.
    fn facts(&self, field: &Field) -> String {
        let mut facts = vec![format!("Takes {}{}.", field.expected, unit(field))];
        let without = self.default(field).map(|value| if value.is_empty() { "empty" } else { value });
        facts.extend(without.or(field.default_text).map(|text| format!("Default: {text}.")));
        facts.extend(match (&field.minimum, &field.maximum) {
            (Some(low), Some(high)) => Some(format!("From {low} to {high}.")),
            (Some(low), None) => Some(format!("At least {low}.")),
            (None, Some(high)) => Some(format!("At most {high}.")),
            (None, None) => None,
        });
        facts.extend(field.too_low.map(|text| format!("Too low: {text}.")));
        facts.extend(field.too_high.map(|text| format!("Too high: {text}.")));
        if field.required_in_strict {
            facts.push("Required in staging and production.".to_owned());
        }
        facts.extend(field.cure.map(|text| format!("How: {text}.")));
        if !field.aliases.is_empty() {
            facts.push(format!("Also understood: {}.", field.aliases.join(", ")));
        }
        facts.join(" ")
    }
}

fn unit(field: &Field) -> String {
    field.unit.map(|unit| format!(" ({unit})")).unwrap_or_default()
}

/// A paragraph of comment lines of at most 100 characters.
pub(super) fn comment(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    const WIDTH: usize = 98;
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(f, "# {line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.is_empty() { Ok(()) } else { writeln!(f, "# {line}") }
}

/// The value so that an env file means it.
pub(super) fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=[]*{}".contains(c);
    if value.chars().all(is_plain) {
        value.to_owned()
    } else if value.contains('\'') {
        let escaped: String =
            value.chars().flat_map(|c| if "\\\"$".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
        format!("\"{escaped}\"")
    } else {
        format!("'{value}'")
    }
}
