//! `settings example --config ENVIRONMENT`.

use std::fmt;

use mainstay_core::settings::{Environment, Field};

use super::example::{comment, quoted};

/// The file `config/{environment}.env`: what is checked in for one environment.
///
/// It holds the settings that staging and production have other defaults for, each with its default, so that a
/// reader sees what is special about a place, and a team has somewhere to write its own choices down. What is
/// secret, or what only the place itself knows, is named in a comment and comes from elsewhere.
pub(super) struct Committed<'a> {
    pub(super) program: &'static str,
    pub(super) fields: &'a [Field],
    pub(super) environment: Environment,
}

impl fmt::Display for Committed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, environment, .. } = self;
        let environment = environment.name();
        let head = format!(
            "Settings of {program} in {environment}, read from config/{environment}.env in the folder it is \
             started in. The process environment, `--set` and the file that ENV_FILE names are stronger."
        );
        comment(f, &head)?;
        writeln!(f, "# Made by `{program} settings example --config {environment}`.")?;
        if self.environment.is_strict() {
            let outside: Vec<&str> = self
                .fields
                .iter()
                .filter(|field| field.required_in_strict)
                .map(|field| &*field.name)
                .collect();
            writeln!(f, "#")?;
            comment(
                f,
                &format!("It does not start without these, which belong elsewhere: {}.", outside.join(", ")),
            )?;
        }
        for field in self.fields.iter().filter(|field| !field.secret && field.default_strict.is_some()) {
            writeln!(f)?;
            comment(f, &field.doc)?;
            writeln!(f, "{}={}", field.name, quoted(self.default(field)))?;
        }
        Ok(())
    }
}

impl Committed<'_> {
    fn default<'f>(&self, field: &'f Field) -> &'f str {
        let strict = field.default_strict.as_deref().filter(|_| self.environment.is_strict());
        strict.or(field.default.as_deref()).unwrap_or_default()
    }
}
