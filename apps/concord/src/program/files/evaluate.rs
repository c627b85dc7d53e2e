//! `evaluate`: what goes together, from files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use clap::{Arg, ArgMatches, Command};
use serde_json::{Value, json};

use super::scene::{Failure, Loaded, Output, Scene, file, print};
use crate::engine::{
    Chunks, ClusterRuleSet, Clusters, ComparisonResult, MatrixOptions, RuleEvaluation, Workers,
};
use crate::files::ClusterRulesFile;

pub(super) fn command() -> Command {
    let id = |name: &'static str| Arg::new(name).value_name("ID").required(true);
    Command::new("evaluate")
        .about("Evaluate a catalogue in a file against rules in another")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            sources(Command::new("pair").about("Compare two items; exit 1 if they do not go together"))
                .arg(id("item1").help("The first item"))
                .arg(id("item2").help("The second item"))
                .arg(Output::argument(&[])),
        )
        .subcommand(
            sources(Command::new("matrix").about("Compare all items with each other"))
                .arg(Output::argument(&["csv"]))
                .arg(file("output").short('o').long("output").help("Write to this file")),
        )
        .subcommand(
            sources(Command::new("item").about("Compare one item with all others"))
                .arg(id("item").help("The item"))
                .arg(Output::argument(&[])),
        )
        .subcommand(
            sources(
                Command::new("cluster").about("Judge several items; exit 1 if they make no good cluster"),
            )
            .arg(id("items").help("The items").num_args(1..))
            .arg(
                file("cluster-rules")
                    .long("cluster-rules")
                    .required(true)
                    .help("The cluster ruleset [short: -cr]"),
            )
            .arg(Output::argument(&[])),
        )
}

fn sources(command: Command) -> Command {
    command
        .arg(file("catalog").short('c').long("catalog").required(true).help("The catalogue"))
        .arg(file("rules").short('r').long("rules").required(true).help("The pairwise ruleset"))
        .arg(file("schema").short('s').long("schema").help("The schema to check items against"))
}

pub(super) fn run(what: &str, matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    match what {
        "pair" => pair(matches, scene),
        "matrix" => matrix(matches, scene),
        "item" => item(matches, scene),
        _ => cluster(matches, scene),
    }
}

fn id<'a>(matches: &'a ArgMatches, name: &str) -> &'a str {
    matches.get_one::<String>(name).map_or("", String::as_str)
}

fn mark(good: bool) -> char {
    if good { '✓' } else { '✗' }
}

/// `True` or `False`.
fn truth(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}

fn pair(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "Evaluation failed";
    let loaded = Loaded::of(scene, matches, heading)?;
    let rows = (loaded.row(id(matches, "item1"))?, loaded.row(id(matches, "item2"))?);
    let result =
        loaded.pairwise.compare(rows.0, rows.1, scene.at).map_err(|error| Failure::of(heading, [error]))?;
    match Output::of(matches) {
        Output::Summary => {
            let names = [&result.item1_id, &result.item2_id].map(|id| loaded.name(id));
            writeln!(scene.data, "{} {} + {}\n", mark(result.compatible), names[0], names[1])?;
            writeln!(scene.data, "Compatible: {}\n", truth(result.compatible))?;
            print_rules(&result.rules_evaluated, scene)?;
        }
        output => _ = scene.print(output, &result)?,
    }
    Ok(u8::from(!result.compatible))
}

fn print_rules(rules: &[RuleEvaluation], scene: &mut Scene<'_>) -> Result<(), Failure> {
    writeln!(scene.data, "Rules evaluated:")?;
    for rule in rules {
        writeln!(scene.data, "  {} {}\n     {}", mark(rule.passed), rule.rule_name, rule.reason)?;
    }
    Ok(())
}

fn matrix(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "Matrix evaluation failed";
    let loaded = Loaded::of(scene, matches, heading)?;
    let threads = available_parallelism().map_or(1, NonZero::get);
    let workers = Workers::start(threads).map_err(|error| Failure::of(heading, [error]))?;
    let failed = |error| Failure::of(heading, [error]);
    let options = MatrixOptions { without_totals: true, ..MatrixOptions::default() };
    let output = Output::of(matches);
    let chunks = match output {
        Output::Csv => loaded.pairwise.table(None, &workers),
        _ => loaded.pairwise.matrix(options, scene.at, &workers),
    };
    let chunks = chunks.map_err(failed)?;
    let mut text = Vec::new();
    if output == Output::Summary {
        let count = loaded.pairwise.count(&workers).map_err(failed)?;
        summarise(&loaded, count, scene, &mut text)?;
    }
    let Some(path) = scene.path(matches, "output") else {
        return write_matrix(output, chunks, &text, &mut *scene.data).map(|()| 0);
    };
    let cannot =
        |error: &dyn std::fmt::Display| Failure::of(heading, [format!("{}: {error}", path.display())]);
    let mut file = BufWriter::new(File::create(&path).map_err(|error| cannot(&error))?);
    // A file that cannot be written is a failure of the command, not of the reader of its output.
    match write_matrix(output, chunks, &text, &mut file).and_then(|()| Ok(file.flush()?)) {
        Err(Failure::Output(error)) => Err(cannot(&error)),
        result => {
            result?;
            writeln!(scene.data, "✓ Matrix written to {}", path.display())?;
            Ok(0)
        }
    }
}

fn write_matrix(output: Output, chunks: Chunks, summary: &[u8], to: &mut dyn Write) -> Result<(), Failure> {
    match output {
        Output::Summary => to.write_all(summary)?,
        Output::Yaml => {
            let bytes: Vec<u8> = chunks.flatten().collect();
            let value: Value = serde_json::from_slice(&bytes).map_err(std::io::Error::from)?;
            print(to, output, &value)?;
        }
        _ => {
            for chunk in chunks {
                to.write_all(&chunk)?;
            }
            if output == Output::Json {
                writeln!(to)?;
            }
        }
    }
    Ok(())
}

/// Pairs shown in a summary.
const SAMPLES: usize = 5;

fn summarise(
    loaded: &Loaded,
    count: crate::engine::MatrixCount,
    scene: &Scene<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let (pairs, compatible) = (count.pairs, count.compatible);
    #[expect(clippy::cast_precision_loss, reason = "a percentage with one decimal")]
    let rate = if pairs == 0 { 0.0 } else { compatible as f64 / pairs as f64 * 100.0 };
    writeln!(out, "Compatibility Matrix: {}\n", loaded.catalog.name)?;
    writeln!(out, "Total comparisons: {pairs}")?;
    writeln!(out, "Compatible pairs: {compatible}")?;
    writeln!(out, "Incompatible pairs: {}", pairs - compatible)?;
    writeln!(out, "Compatibility rate: {rate:.1}%")?;
    let rows: Vec<_> = loaded.pairwise.catalogue().rows().collect();
    let samples =
        rows.iter().enumerate().flat_map(|(place, a)| rows[place + 1..].iter().map(move |b| (*a, *b)));
    for (index, (a, b)) in samples.take(SAMPLES).enumerate() {
        if index == 0 {
            writeln!(out, "\nSample pairs:")?;
        }
        if let Ok(result) = loaded.pairwise.compare(a, b, scene.at) {
            let names = [&result.item1_id, &result.item2_id].map(|id| loaded.name(id));
            writeln!(out, "  {} {} + {}", mark(result.compatible), names[0], names[1])?;
        }
    }
    Ok(())
}

fn item(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "Evaluation failed";
    let loaded = Loaded::of(scene, matches, heading)?;
    let row = loaded.row(id(matches, "item"))?;
    let others = loaded.pairwise.catalogue().rows().filter(|other| *other != row);
    let results: Vec<ComparisonResult> = others
        .map(|other| loaded.pairwise.compare(row, other, scene.at))
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::of(heading, [error]))?;
    let output = Output::of(matches);
    if output != Output::Summary {
        return scene.print(output, &results);
    }
    let compatible = results.iter().filter(|result| result.compatible).count();
    writeln!(scene.data, "{}\n", loaded.name(id(matches, "item")))?;
    writeln!(scene.data, "Compatible: {compatible} of {}\n", results.len())?;
    for result in &results {
        writeln!(scene.data, "  {} {}", mark(result.compatible), loaded.name(&result.item2_id))?;
        for rule in result.rules_evaluated.iter().filter(|rule| !rule.passed) {
            writeln!(scene.data, "     {}: {}", rule.rule_name, rule.reason)?;
        }
    }
    Ok(0)
}

fn cluster(matches: &ArgMatches, scene: &mut Scene<'_>) -> Result<u8, Failure> {
    let heading = "Cluster validation failed";
    let loaded = Loaded::of(scene, matches, heading)?;
    let rules = scene.load_required(matches, "cluster-rules", heading)?;
    let rules = ClusterRulesFile::read(&rules).map_err(|problems| Failure::of(heading, problems))?;
    let rules = ClusterRuleSet::compile(&rules.name, &rules.rules)
        .map_err(|error| Failure::content(heading, &error))?;
    let ids = matches.get_many::<String>("items").unwrap_or_default();
    let rows = ids.map(|id| loaded.row(id)).collect::<Result<Vec<_>, _>>()?;
    let catalogue = Arc::clone(loaded.pairwise.catalogue());
    let clusters = Clusters::new(loaded.pairwise.clone(), &rules);
    // Unlike the answer of the server, this one tells about the cluster rules even where pairs clash.
    let clashes = clusters.clashes(&rows).map_err(|error| Failure::of(heading, [error]))?;
    let rules = clusters.validate_rules(&rows).map_err(|error| Failure::of(heading, [error]))?;
    let is_valid = clashes.is_empty() && rules.is_valid;
    let clashes: Vec<[&str; 2]> = clashes.iter().map(|(a, b)| [catalogue.id(*a), catalogue.id(*b)]).collect();
    match Output::of(matches) {
        Output::Summary => {
            let names: Vec<&str> = rules.item_ids.iter().map(|id| loaded.name(id)).collect();
            writeln!(scene.data, "{} {}\n", mark(is_valid), names.join(" + "))?;
            writeln!(scene.data, "Valid: {}", truth(is_valid))?;
            writeln!(scene.data, "Pairwise compatible: {}", truth(clashes.is_empty()))?;
            for [a, b] in &clashes {
                writeln!(scene.data, "  ✗ {} + {}", loaded.name(a), loaded.name(b))?;
            }
            writeln!(scene.data, "Cluster rules valid: {}\n", truth(rules.is_valid))?;
            print_rules(&rules.rule_evaluations, scene)?;
        }
        output => {
            let report = json!({
                "item_ids": rules.item_ids,
                "is_valid": is_valid,
                "pairwise_compatible": clashes.is_empty(),
                "cluster_rules_valid": rules.is_valid,
                "incompatible_pairs": clashes,
                "rule_evaluations": rules.rule_evaluations,
            });
            scene.print(output, &report)?;
        }
    }
    Ok(u8::from(!is_valid))
}
