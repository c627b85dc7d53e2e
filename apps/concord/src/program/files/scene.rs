//! What the commands share: files, formats, failures.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches};
use jiff::Timestamp;
use mainstay_core::Chain;
use serde::Serialize;
use serde_json::Value;

use crate::engine::{Catalogue, ContentError, Item, Pairwise, Problem, RuleSet, Schema, Validation};
use crate::files::{CatalogFile, Limits, LoadError, RulesFile, SchemaFile, load};

/// What a command works with.
pub(super) struct Scene<'a> {
    directory: &'a Path,
    pub(super) at: Timestamp,
    pub(super) data: &'a mut dyn Write,
    talk: Vec<String>,
}

/// Why a command did not get to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something is wrong with what it looked at.
    Said { code: u8, lines: Vec<String> },
    /// The output cannot be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// `✗ heading:` and the reasons below it.
    pub(super) fn of<T: ToString>(heading: &str, reasons: impl IntoIterator<Item = T>) -> Self {
        let mut lines = vec![format!("✗ {heading}:")];
        lines.extend(reasons.into_iter().map(|reason| format!("  {}", reason.to_string())));
        Self::Said { code: 1, lines }
    }

    /// One line.
    pub(super) fn line(line: String) -> Self {
        Self::Said { code: 1, lines: vec![line] }
    }

    /// The arguments are wrong.
    pub(super) fn usage(line: String) -> Self {
        Self::Said { code: 2, lines: vec![line] }
    }

    pub(super) fn content(heading: &str, error: &ContentError) -> Self {
        Self::problems(heading, &error.problems)
    }

    pub(super) fn problems(heading: &str, problems: &[Problem]) -> Self {
        Self::of(heading, problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message)))
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Summary,
    Json,
    Yaml,
    Csv,
    Table,
}

impl Output {
    const NAMES: [(&'static str, Self); 5] = [
        ("summary", Self::Summary),
        ("json", Self::Json),
        ("yaml", Self::Yaml),
        ("csv", Self::Csv),
        ("table", Self::Table),
    ];

    /// `--format`, one of summary, json, yaml, and `others`.
    pub(super) fn argument(others: &[&'static str]) -> Arg {
        let names: Vec<&str> = ["summary", "json", "yaml"].iter().chain(others).copied().collect();
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .help("How to print the result")
            .value_parser(PossibleValuesParser::new(names))
            .default_value("summary")
    }

    pub(super) fn of(matches: &ArgMatches) -> Self {
        let name = matches.get_one::<String>("format").map_or("summary", String::as_str);
        Self::NAMES.iter().find(|(known, _)| *known == name).map_or(Self::Summary, |(_, output)| *output)
    }
}

/// An argument that names a file.
pub(super) fn file(id: &'static str) -> Arg {
    Arg::new(id).value_name("FILE").value_parser(clap::value_parser!(PathBuf))
}

impl<'a> Scene<'a> {
    pub(super) fn new(directory: &'a Path, at: Timestamp, data: &'a mut dyn Write) -> Self {
        Self { directory, at, data, talk: Vec::new() }
    }

    pub(super) fn into_talk(self) -> Vec<String> {
        self.talk
    }

    /// Says something that does not stop the command.
    pub(super) fn warn(&mut self, text: &str) {
        self.talk.push(format!("⚠ {text}"));
    }

    /// The path that an argument names.
    pub(super) fn path(&self, matches: &ArgMatches, id: &str) -> Option<PathBuf> {
        matches.get_one::<PathBuf>(id).map(|path| self.directory.join(path))
    }

    /// The object in the file that an argument names, if it is given.
    pub(super) fn load(
        &self,
        matches: &ArgMatches,
        id: &str,
        heading: &str,
    ) -> Result<Option<Value>, Failure> {
        let Some(path) = self.path(matches, id) else {
            return Ok(None);
        };
        load(&path, Limits::default()).map(Some).map_err(|error| match error {
            LoadError::NotFound(_) => Failure::usage(format!("error: {error}")),
            error => Failure::of(heading, [format!("{}: {}", path.display(), Chain(&error))]),
        })
    }

    /// As [`Scene::load`], of an argument that clap requires.
    pub(super) fn load_required(
        &self,
        matches: &ArgMatches,
        id: &str,
        heading: &str,
    ) -> Result<Value, Failure> {
        self.load(matches, id, heading)?.ok_or_else(|| Failure::usage(format!("error: --{id} is missing")))
    }

    /// The schema in the file of `--schema`, if there is one.
    pub(super) fn schema(&self, matches: &ArgMatches, heading: &str) -> Result<Option<Schema>, Failure> {
        let Some(value) = self.load(matches, "schema", heading)? else {
            return Ok(None);
        };
        let file = SchemaFile::read(&value).map_err(|problems| Failure::of(heading, problems))?;
        let schema = Schema::compile(&file.name, &file.version, &file.dimensions);
        schema.map(Some).map_err(|error| Failure::content(heading, &error))
    }

    /// Prints a value as JSON or YAML.
    pub(super) fn print(&mut self, output: Output, value: &impl Serialize) -> Result<u8, Failure> {
        print(&mut *self.data, output, value)?;
        Ok(0)
    }
}

/// Writes a value as YAML, or as JSON for people.
pub(super) fn print(mut to: &mut dyn Write, output: Output, value: &impl Serialize) -> io::Result<()> {
    if output == Output::Yaml {
        let text = serde_saphyr::to_string(value).map_err(|error| io::Error::other(error.to_string()))?;
        return writeln!(to, "{}", text.trim_end());
    }
    serde_json::to_writer_pretty(&mut to, value)?;
    writeln!(to)
}

/// A catalogue and a ruleset from files, ready to be evaluated.
pub(super) struct Loaded {
    pub(super) catalog: CatalogFile,
    pub(super) pairwise: Pairwise,
}

impl Loaded {
    /// Reads what `--catalog`, `--rules` and `--schema` name. Items are checked only against a schema that is given.
    pub(super) fn of(scene: &Scene<'_>, matches: &ArgMatches, heading: &str) -> Result<Self, Failure> {
        let catalog = scene.load_required(matches, "catalog", heading)?;
        let catalog = CatalogFile::read(&catalog).map_err(|problems| Failure::of(heading, problems))?;
        let rules = scene.load_required(matches, "rules", heading)?;
        let rules = RulesFile::read(&rules).map_err(|problems| Failure::of(heading, problems))?;
        let rules = RuleSet::compile(&rules.name, &rules.version, &rules.rules)
            .map_err(|error| Failure::content(heading, &error))?;
        let schema = scene.schema(matches, heading)?;
        let items: Vec<Item<'_>> = catalog
            .items
            .iter()
            .map(|item| Item { id: &item.id, name: &item.name, attributes: &item.attributes })
            .collect();
        let validation = schema.as_ref().map_or(Validation::Off(&catalog.schema_ref), Validation::Full);
        let compiled = Catalogue::compile(&catalog.name, validation, &items);
        let pairwise = Pairwise::new(Arc::new(compiled), Arc::new(rules));
        Ok(Self { catalog, pairwise })
    }

    /// The place of an item.
    pub(super) fn row(&self, id: &str) -> Result<crate::engine::Row, Failure> {
        let row = self.pairwise.catalogue().row(id);
        row.ok_or_else(|| Failure::line(format!("✗ Item '{id}' not found in catalog")))
    }

    /// The name of an item that is in the catalogue.
    pub(super) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.catalog.items.iter().find(|item| item.id == id).map_or(id, |item| &item.name)
    }
}
