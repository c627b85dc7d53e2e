//! Values of the form `[{parts: [string], layer: number}]`, read as a layer for each part.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Number, Value};

use super::Column;
use crate::engine::value::{Exact, Text, text, type_name};

/// The parts and layers of a column. Parts are numbered in ascending order of their names, layers by their height,
/// so that a comparison of two items is a merge of two short lists of numbers.
#[derive(Debug)]
pub(crate) struct Layers {
    parts: Vec<Text>,
    /// By spelling: the cover, or why there is none.
    covers: Vec<Result<Cover, String>>,
}

/// The parts that one value covers, ascending.
#[derive(Debug)]
pub(crate) struct Cover {
    /// One bit per part, shared by parts that are 64 apart: two covers whose bits do not meet share no part.
    bits: u64,
    placed: Box<[Placed]>,
}

/// A part on its layer.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) part: u32,
    /// Equal for equal layers, greater for higher ones.
    pub(crate) height: u32,
    /// The layer as the item wrote it. Only digits, sign, point and exponent: no need to escape it.
    pub(crate) layer: Box<str>,
}

/// A value as part → layer, before parts and layers are numbered.
type Draft<'a> = BTreeMap<&'a str, &'a Number>;

impl Layers {
    pub(super) fn of(column: &Column) -> Self {
        let drafts: Vec<Result<Draft<'_>, String>> = column.values().map(draft).collect();
        let parts: BTreeSet<&str> = drafts.iter().flatten().flat_map(|draft| draft.keys().copied()).collect();
        let parts: Vec<&str> = parts.into_iter().collect();
        let mut heights: Vec<Exact> =
            drafts.iter().flatten().flat_map(|draft| draft.values().map(|layer| Exact::of(layer))).collect();
        heights.sort_unstable_by(|a, b| a.compare(*b));
        heights.dedup_by(|a, b| a.compare(*b) == Ordering::Equal);
        let covers =
            drafts.into_iter().map(|draft| draft.map(|draft| Cover::of(&draft, &parts, &heights))).collect();
        Self { parts: parts.into_iter().map(Text::new).collect(), covers }
    }

    /// The cover of a spelling, or why its value cannot be read as one.
    pub(crate) fn cover(&self, spelling: usize) -> Result<&Cover, &str> {
        self.covers[spelling].as_ref().map_err(String::as_str)
    }

    /// The name of a part.
    pub(crate) fn part(&self, part: u32) -> &Text {
        &self.parts[part as usize]
    }
}

impl Cover {
    fn of(draft: &Draft<'_>, parts: &[&str], heights: &[Exact]) -> Self {
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let placed: Box<[Placed]> = draft
            .iter()
            .map(|(part, layer)| Placed {
                part: number(parts.partition_point(|other| other < part)),
                height: number(heights.partition_point(|other| other.compare(Exact::of(layer)).is_lt())),
                layer: text(&Value::Number((*layer).clone())).into(),
            })
            .collect();
        let bits = placed.iter().fold(0, |bits, placed| bits | 1 << (placed.part % u64::BITS));
        Self { bits, placed }
    }

    /// The parts that both cover, ascending, each as the two placed it.
    pub(crate) fn shared<'a>(&'a self, other: &'a Self) -> Shared<'a> {
        if self.bits & other.bits == 0 {
            return Shared { ours: &[], theirs: &[] };
        }
        Shared { ours: &self.placed, theirs: &other.placed }
    }

    /// Whether some shared part is on the same layer in both, or one is over the other here and under it there.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        let (mut over, mut under) = (false, false);
        self.shared(other).any(|(ours, theirs)| {
            match ours.height.cmp(&theirs.height) {
                Ordering::Equal => return true,
                Ordering::Greater => over = true,
                Ordering::Less => under = true,
            }
            over && under
        })
    }
}

/// A merge of two covers.
pub(crate) struct Shared<'a> {
    ours: &'a [Placed],
    theirs: &'a [Placed],
}

impl<'a> Iterator for Shared<'a> {
    type Item = (&'a Placed, &'a Placed);

    fn next(&mut self) -> Option<Self::Item> {
        while let ([our, ours @ ..], [their, theirs @ ..]) = (self.ours, self.theirs) {
            match our.part.cmp(&their.part) {
                Ordering::Less => self.ours = ours,
                Ordering::Greater => self.theirs = theirs,
                Ordering::Equal => {
                    (self.ours, self.theirs) = (ours, theirs);
                    return Some((our, their));
                }
            }
        }
        None
    }
}

/// Reads a value; a later entry overrides an earlier one for the same part.
fn draft(value: &Value) -> Result<Draft<'_>, String> {
    let Value::Array(entries) = value else {
        return Err(format!("'{}' object is not a list of parts and layers", type_name(value)));
    };
    let mut draft = Draft::new();
    for entry in entries {
        let Value::Object(entry) = entry else {
            return Err(format!("'{}' object has no parts and layer", type_name(entry)));
        };
        let (parts, layer) = read_entry(entry)?;
        for part in parts {
            let part =
                part.as_str().ok_or_else(|| format!("part must be a string, got {}", type_name(part)))?;
            draft.insert(part, layer);
        }
    }
    Ok(draft)
}

fn read_entry(entry: &Map<String, Value>) -> Result<(&[Value], &Number), String> {
    match (entry.get("parts"), entry.get("layer")) {
        (Some(Value::Array(parts)), Some(Value::Number(layer))) => Ok((parts, layer)),
        (Some(Value::Array(_)), _) => Err("'layer' must be a number".into()),
        _ => Err("'parts' must be a list".into()),
    }
}
