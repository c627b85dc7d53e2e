//! Content in the form in which it is kept.

use std::sync::Arc;

use crate::domain::{Catalog, ClusterRuleset, Ruleset, Schema, json_size};
use crate::engine::{
    Catalogue, ClusterRuleSet, ContentError, Item, RuleSet, Schema as CompiledSchema, Validation,
};
use crate::evaluation::AnswerError;
use crate::evaluation::cache::Weigh;
use crate::read::CatalogItem;

/// A catalogue, and what keeps it from being used.
#[derive(Debug)]
pub(super) struct CompiledCatalog {
    pub(super) catalogue: Arc<Catalogue>,
    /// If the schema is unusable, the items are known all the same: whether an item is there comes first.
    pub(super) schema: Result<(), ContentError>,
    pub(super) bytes: usize,
}

/// A ruleset, or what keeps it from being used.
#[derive(Debug)]
pub(super) struct Compiled<T> {
    pub(super) rules: Result<Arc<T>, ContentError>,
    /// As JSON.
    pub(super) bytes: usize,
}

impl Weigh for CompiledCatalog {
    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl<T> Weigh for Compiled<T> {
    /// A tree of small allocations takes several times its text.
    fn bytes(&self) -> usize {
        1024 + self.bytes.saturating_mul(4)
    }
}

pub(super) fn compile_catalog(
    catalog: &Catalog,
    schema: &Schema,
    items: &[CatalogItem],
) -> Result<CompiledCatalog, AnswerError> {
    let attributes = items.iter().map(|item| {
        serde_json::from_str(&item.attributes)
            .map_err(|source| AnswerError::Damaged { item_id: item.item_id.clone(), source })
    });
    let attributes: Vec<_> = attributes.collect::<Result<_, _>>()?;
    let rows: Vec<Item<'_>> = items
        .iter()
        .zip(&attributes)
        .map(|(item, attributes)| Item { id: &item.item_id, name: &item.name, attributes })
        .collect();
    let compiled = CompiledSchema::compile(schema.name.as_str(), &schema.version, &schema.dimensions);
    let validation = match &compiled {
        Ok(schema) => Validation::Defined(schema),
        Err(_) => Validation::Off(schema.name.as_str()),
    };
    let catalogue = Catalogue::compile(catalog.name.as_str(), validation, &rows);
    Ok(CompiledCatalog {
        catalogue: Arc::new(catalogue),
        schema: compiled.map(drop),
        bytes: estimate(items, schema.dimensions.len()),
    })
}

/// How much memory a compiled catalogue takes: ids and values about twice their text, and for each item an entry
/// of the index and a place in each column.
fn estimate(items: &[CatalogItem], dimensions: usize) -> usize {
    const INDEX: usize = 96;
    const PLACE: usize = 16;
    let texts: usize = items.iter().map(|item| item.item_id.len() + item.attributes.len()).sum();
    1024 + 2 * texts + items.len() * (INDEX + PLACE * dimensions)
}

pub(super) fn compile_ruleset(ruleset: &Ruleset) -> Compiled<RuleSet> {
    let rules = RuleSet::compile(ruleset.name.as_str(), &ruleset.version, &ruleset.rules);
    Compiled { rules: rules.map(Arc::new), bytes: json_size(&ruleset.rules).bytes }
}

pub(super) fn compile_cluster_ruleset(ruleset: &ClusterRuleset) -> Compiled<ClusterRuleSet> {
    let rules = ClusterRuleSet::compile(ruleset.name.as_str(), &ruleset.rules);
    Compiled { rules: rules.map(Arc::new), bytes: json_size(&ruleset.rules).bytes }
}
