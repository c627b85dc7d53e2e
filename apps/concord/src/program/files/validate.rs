//! `validate`: whether files hold what they should.

use clap::{ArgMatches, Command};
use serde_json::Value;

use super::scene::{Failure, Scene, file};
use crate::engine::{Catalogue, ClusterRuleSet, EvaluationError, Item, RuleSet, Schema, Validation};
use crate::files::{CatalogFile, ClusterRulesFile, RulesFile, SchemaFile};

pub(super) fn command() -> Command {
    let schema = || file("schema").short('s').long("schema").help("The schema it belongs to");
    let subject = || file("file").required(true).help("The file, YAML or JSON");
    Command::new("validate")
        .about("Check files with schemas, rules or catalogues")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("schema").about("Check a schema").arg(subject()))
        .subcommand(Command::new("rules").about("Check a ruleset").arg(subject()).arg(schema()))
        .subcommand(
            Command::new("catalog").about("Check a catalogue and its items").arg(subject()).arg(schema()),
        )
}

pub(super) fn run(what: &str, matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    match what {
        "schema" => schema(matches, scene),
        "rules" => rules(matches, scene),
        _ => catalog(matches, scene),
    }
}

fn schema(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "Schema validation failed";
    let value = scene.load_required(matches, "file", heading)?;
    let file = SchemaFile::read(&value).map_err(|problems| Failure::of(heading, problems))?;
    let schema = Schema::compile(&file.name, &file.version, &file.dimensions)
        .map_err(|error| Failure::content(heading, &error))?;
    writeln!(scene.data, "✓ Schema valid: {} v{}", file.name, file.version)?;
    super::show::dimensions(&file, &schema, scene)?;
    Ok(0)
}

fn rules(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "RuleSet validation failed";
    let value = scene.load_required(matches, "file", heading)?;
    let file = RulesFile::read(&value).map_err(|problems| Failure::of(heading, problems))?;
    // Cluster rules are files of the same shape that name a pairwise ruleset as well.
    let cluster =
        ["pairwise_ruleset_ref", "pairwise_ruleset_name"].iter().any(|key| value.get(*key).is_some());
    let problems = if cluster {
        let file = ClusterRulesFile::read(&value).map_err(|problems| Failure::of(heading, problems))?;
        ClusterRuleSet::check(&file.rules)
    } else {
        RuleSet::check(&file.version, &file.rules)
    };
    if !problems.is_empty() {
        return Err(Failure::problems(heading, &problems));
    }
    if let Some(schema) = scene.schema(matches, heading)? {
        warn_of_name(scene, &schema, &file.schema_ref);
    }
    writeln!(scene.data, "✓ RuleSet valid: {} v{}", file.name, file.version)?;
    writeln!(scene.data, "  Schema: {}", file.schema_ref)?;
    writeln!(scene.data, "  Rules: {}", file.rules.len())?;
    for rule in &file.rules {
        let text = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default();
        let state = if rule.get("enabled") == Some(&Value::Bool(false)) { "disabled" } else { "enabled" };
        writeln!(scene.data, "    - {} ({}, {state})", text("name"), text("type"))?;
    }
    Ok(0)
}

fn catalog(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "Catalog validation failed";
    let value = scene.load_required(matches, "file", heading)?;
    let file = CatalogFile::read(&value).map_err(|problems| Failure::of(heading, problems))?;
    let schema = scene.schema(matches, heading)?;
    if let Some(schema) = &schema {
        warn_of_name(scene, schema, &file.schema_ref);
    }
    let bad = bad_items(&file, schema.as_ref());
    if !bad.is_empty() {
        return Err(Failure::of(heading, bad));
    }
    writeln!(scene.data, "✓ Catalog valid: {}", file.name)?;
    writeln!(scene.data, "  Items: {}", file.items.len())?;
    Ok(0)
}

/// A line for each item that no evaluation can use.
fn bad_items(file: &CatalogFile, schema: Option<&Schema>) -> Vec<String> {
    let items: Vec<Item<'_>> = file
        .items
        .iter()
        .map(|item| Item { id: &item.id, name: &item.name, attributes: &item.attributes })
        .collect();
    let validation = schema.map_or(Validation::Off(&file.schema_ref), Validation::Full);
    let catalogue = Catalogue::compile(&file.name, validation, &items);
    let unusable = |row| match catalogue.check([row]) {
        Err(EvaluationError::InvalidItems(items)) => items,
        _ => Vec::new(),
    };
    let lines = catalogue.rows().flat_map(unusable).map(|item| {
        let problems: Vec<&str> = item.problems.iter().map(|problem| problem.message.as_str()).collect();
        format!("item '{}': {}", item.item_id, problems.join("; "))
    });
    lines.collect()
}

fn warn_of_name(scene: &mut Scene<'_>, schema: &Schema, named: &str) {
    if schema.name() != named {
        scene.warn(&format!("the file names schema '{named}', the schema given is '{}'", schema.name()));
    }
}
