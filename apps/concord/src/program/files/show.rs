//! `show`: what is in a file.

use clap::{ArgMatches, Command};
use serde_json::Value;

use super::scene::{Failure, Output, Scene, file};
use crate::engine::Schema;
use crate::files::{CatalogFile, SchemaFile};

pub(super) fn command() -> Command {
    let subject = || file("file").required(true).help("The file, YAML or JSON");
    Command::new("show")
        .about("Print what is in a file")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("schema").about("Print a schema").arg(subject()).arg(Output::argument(&[])))
        .subcommand(
            Command::new("catalog")
                .about("Print a catalogue")
                .arg(subject())
                .arg(Output::argument(&["table"])),
        )
}

pub(super) fn run(what: &str, matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    match what {
        "schema" => schema(matches, scene),
        _ => catalog(matches, scene),
    }
}

fn schema(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "Failed to load schema";
    let value = scene.load_required(matches, "file", heading)?;
    let file = SchemaFile::read(&value).map_err(|problems| Failure::of(heading, problems))?;
    let schema = Schema::compile(&file.name, &file.version, &file.dimensions)
        .map_err(|error| Failure::content(heading, &error))?;
    let output = Output::of(matches);
    if output != Output::Summary {
        return scene.print(output, &value);
    }
    writeln!(scene.data, "Schema: {} v{}", file.name, file.version)?;
    describe(&value, scene)?;
    dimensions(&file, &schema, scene)?;
    Ok(0)
}

fn catalog(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "Failed to load catalog";
    let value = scene.load_required(matches, "file", heading)?;
    let file = CatalogFile::read(&value).map_err(|problems| Failure::of(heading, problems))?;
    match Output::of(matches) {
        Output::Table => table(&file, scene),
        Output::Summary => {
            writeln!(scene.data, "Catalog: {}", file.name)?;
            describe(&value, scene)?;
            writeln!(scene.data, "  Schema: {}", file.schema_ref)?;
            writeln!(scene.data, "  Items: {}", file.items.len())?;
            for item in &file.items {
                writeln!(scene.data, "    - {}: {}", item.id, item.name)?;
            }
            Ok(0)
        }
        output => scene.print(output, &value),
    }
}

/// The dimensions of a schema, one per line.
pub(super) fn dimensions(file: &SchemaFile, schema: &Schema, scene: &mut Scene<'_>) -> Result<(), Failure> {
    writeln!(scene.data, "  Dimensions: {}", file.dimensions.len())?;
    for (name, dimension) in schema.dimension_names().zip(&file.dimensions) {
        let kind = dimension.get("type").and_then(Value::as_str).unwrap_or_default();
        let required = if schema.requires(name) { " (required)" } else { "" };
        writeln!(scene.data, "    - {name}: {kind}{required}")?;
    }
    Ok(())
}

fn describe(value: &Value, scene: &mut Scene<'_>) -> Result<(), Failure> {
    if let Some(description) = value.get("description").and_then(Value::as_str) {
        writeln!(scene.data, "  {description}")?;
    }
    Ok(())
}

/// Ids, names and attributes in columns as wide as their widest cell.
fn table(file: &CatalogFile, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let mut names: Vec<&str> = Vec::new();
    for name in file.items.iter().flat_map(|item| item.attributes.keys()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut rows = vec![["id", "name"].into_iter().chain(names.iter().copied()).map(String::from).collect()];
    for item in &file.items {
        let mut row: Vec<String> = vec![item.id.clone(), item.name.clone()];
        row.extend(names.iter().map(|name| match item.attributes.get(*name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }));
        rows.push(row);
    }
    let width =
        |column: usize| rows.iter().map(|row: &Vec<String>| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..names.len() + 2).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(scene.data, "{}", line.trim_end())?;
    }
    Ok(0)
}
