//! What the engine costs: `cargo run --release -p concord --example engine_bench`.
//!
//! Prints wall and CPU time and the peak of the resident memory above that before the measurement.

#![expect(clippy::print_stdout, reason = "a program that prints its measurements")]

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use concord::engine::{
    Catalogue, Chunks, ClusterRuleSet, Clusters, Item, MatrixOptions, Pairwise, RuleSet, Schema,
    SearchOptions, Validation, Workers,
};
use jiff::Timestamp;
use mainstay_core::Clock;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let workers = Workers::start(std::thread::available_parallelism()?.get())?;
    let clock = Clock::system();
    for size in [1_000, 10_000] {
        let items = items(size);
        println!("{size} items × {} rules", rules().len());
        let pairwise = measure(&clock, "  compile", || compile(&items))?;
        let at = Timestamp::UNIX_EPOCH;
        let options = MatrixOptions::default();
        if size == 1_000 {
            measure(&clock, "  matrix, all results as JSON", || {
                drain(pairwise.matrix(options, at, &workers))
            })?;
        }
        measure(&clock, "  matrix, compact", || drain(pairwise.compact_matrix(options, at, &workers)))?;
        measure(&clock, "  matrix, table", || drain(pairwise.table(None, &workers)))?;
        let rows: Vec<_> = pairwise.catalogue().rows().collect();
        measure(&clock, "  one item", || drain(pairwise.item(rows[0], at, &workers)))?;
        measure(&clock, "  pair, 1,000 times", || {
            (0..1_000)
                .try_for_each(|index| pairwise.compare(rows[index / 2], rows[index % 999], at).map(drop))
        })?;
        let clusters = Clusters::new(pairwise.clone(), &ClusterRuleSet::compile("bench", &cluster_rules())?);
        let options = SearchOptions { min_size: 2, max_size: 12, limit: 100 };
        let started = clock.now();
        let expired = || clock.now() - started > Duration::from_secs(2);
        let found =
            measure(&clock, "  clusters, within 2 s", || clusters.search(options, &expired, &workers))?;
        println!(
            "    largest {:?}, truncated by {:?}",
            found.clusters.first().map(|c| c.size),
            found.truncated_by
        );
    }
    Ok(())
}

/// Reads an answer to its end, as a client would.
fn drain(chunks: Result<Chunks, concord::engine::EvaluationError>) -> Result<usize, Box<dyn Error>> {
    Ok(chunks?.map(|chunk| chunk.len()).sum())
}

fn measure<T: 'static, E: Into<Box<dyn Error>>>(
    clock: &Clock,
    what: &str,
    run: impl FnOnce() -> Result<T, E>,
) -> Result<T, Box<dyn Error>> {
    // Writing 5 resets the peak.
    fs::write("/proc/self/clear_refs", "5")?;
    let before = memory("VmRSS:")?;
    let (cpu, started) = (cpu_time()?, clock.now());
    let result = run().map_err(Into::into)?;
    let wall = clock.now() - started;
    let cpu = cpu_time()?.saturating_sub(cpu);
    let memory = memory("VmHWM:")?.saturating_sub(before);
    let bytes = (&result as &dyn std::any::Any)
        .downcast_ref::<usize>()
        .map_or(String::new(), |bytes| format!(", {} MB", bytes / 1_000_000));
    println!("{what}: wall {wall:.1?}, CPU {cpu:.1?}, peak +{} MiB{bytes}", memory / 1024);
    Ok(result)
}

fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let schedstat: u64 = fs::read_dir("/proc/self/task")?
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|line| line.split(' ').next()?.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_nanos(schedstat))
}

fn memory(field: &str) -> Result<usize, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("no such field")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn items(size: usize) -> Vec<(String, Value)> {
    let seasons = ["all_season", "summer", "winter"];
    let parts = ["head", "neck", "chest", "arm", "hand", "waist", "leg", "foot"];
    (0..size)
        .map(|index| {
            let pick = |salt: usize, many: usize| (index * 2_654_435_761 + salt * 40_503) / 64 % many;
            let attributes = json!({
                "category": format!("category-{}", pick(1, 20)),
                "zone": parts[pick(2, 8)],
                "formality": 1 + pick(3, 5),
                "season": seasons[pick(4, 3)],
                "cover": [{"parts": [parts[pick(5, 8)], parts[pick(6, 8)]], "layer": pick(7, 4)}],
            });
            (format!("item-{index:05}"), attributes)
        })
        .collect()
}

fn rules() -> Vec<Value> {
    vec![
        json!({"name": "same-category", "type": "exclusion", "condition": {"equals": {"field": "category"}}}),
        json!({"name": "layers", "type": "exclusion", "condition": {"part_layer_conflict": {"field": "cover"}}}),
        json!({"name": "formality", "type": "requirement", "condition": {"any": [
            {"any_missing": {"field": "formality"}},
            {"abs_diff": {"field": "formality", "max": 2}},
        ]}}),
        json!({"name": "season", "type": "requirement", "condition": {"any": [
            {"equals": {"field": "season"}},
            {"any_equals": {"field": "season", "value": "all_season"}},
        ]}}),
    ]
}

fn cluster_rules() -> Vec<Value> {
    vec![
        json!({"name": "zones", "type": "requirement", "condition": {"count_by_field": {"field": "zone", "min": 2}}}),
        json!({"name": "formality", "type": "requirement", "condition": {"formality_range": {"max_diff": 1}}}),
    ]
}

fn compile(items: &[(String, Value)]) -> Result<Pairwise, Box<dyn Error>> {
    let dimensions = [
        json!({"name": "category", "type": "string", "required": true}),
        json!({"name": "zone", "type": "string"}),
        json!({"name": "formality", "type": "integer", "min": 1, "max": 5}),
        json!({"name": "season", "type": "enum", "values": ["all_season", "summer", "winter"]}),
        json!({"name": "cover", "type": "part_layer_list"}),
    ];
    let schema = Schema::compile("bench", "1.0.0", &dimensions)?;
    let items: Vec<Item<'_>> = items
        .iter()
        .filter_map(|(id, attributes)| Some(Item { id, name: id, attributes: attributes.as_object()? }))
        .collect();
    let catalogue = Catalogue::compile("bench", Validation::Full(&schema), &items);
    Ok(Pairwise::new(Arc::new(catalogue), Arc::new(RuleSet::compile("bench", "1.0.0", &rules())?)))
}
