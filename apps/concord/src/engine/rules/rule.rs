//! One rule, of either family.

use serde_json::Value;

use crate::engine::condition::{Condition, Operators, Test, read};
use crate::engine::content::{Fields, is_word};
use crate::engine::problem::{Path, Problem};
use crate::engine::value::{Style, Text, type_name};

/// What a rule makes of its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RuleKind {
    /// Passes where the condition is false. These are evaluated first.
    Exclusion,
    /// Passes where the condition is true.
    Requirement,
    /// Accepted, never evaluated.
    Custom,
}

/// A rule that takes part in evaluations.
#[derive(Debug)]
pub(crate) struct Rule<L> {
    pub(crate) name: Text,
    pub(crate) kind: RuleKind,
    /// The condition, or the reason why the rule always fails.
    pub(crate) condition: Result<Condition<L>, Text>,
}

/// In what the rules of the two families differ.
#[derive(Clone, Copy)]
pub(super) struct RuleFamily {
    /// Whether the type `custom` exists.
    pub(super) custom: bool,
    /// Whether names are letters, digits, `_` and `-` only.
    pub(super) plain_names: bool,
    /// Whether a rule may have the condition `{}`.
    pub(super) empty_condition: bool,
}

impl<L> Rule<L> {
    /// The same rule with every leaf replaced.
    pub(crate) fn map<B>(&self, bind: &mut impl FnMut(&L) -> B) -> Rule<B> {
        let condition = match &self.condition {
            Ok(condition) => Ok(condition.map(bind)),
            Err(reason) => Err(reason.clone()),
        };
        Rule { name: self.name.clone(), kind: self.kind, condition }
    }
}

impl<L: Test> Rule<L> {
    /// Whether the rule passes. Allocates nothing.
    pub(crate) fn passes(&self, at: L::Place<'_>) -> bool {
        match &self.condition {
            Ok(condition) => condition.holds(at) == (self.kind == RuleKind::Requirement),
            Err(_) => false,
        }
    }

    /// Appends the reason why it passes or fails.
    pub(crate) fn explain<S: Style>(&self, at: L::Place<'_>, out: &mut String) {
        match &self.condition {
            Ok(condition) => condition.explain::<S>(at, out),
            Err(reason) => out.push_str(S::pick(reason)),
        }
    }
}

/// Reads the rules, and returns those that take part in evaluations in the order in which they are evaluated.
///
/// What keeps a ruleset from being used at all goes to `problems`, malformed conditions to `malformed`.
pub(super) fn read_rules<O: Operators>(
    rules: &[Value],
    family: RuleFamily,
    problems: &mut Vec<Problem>,
    malformed: &mut Vec<Problem>,
) -> Vec<Rule<O::Leaf>> {
    let root = Path::root("rules");
    let mut kept = Vec::with_capacity(rules.len());
    for (index, value) in rules.iter().enumerate() {
        if let Some((rule, true)) = read_rule::<O>(value, root.index(index), family, problems, malformed)
            && rule.kind != RuleKind::Custom
        {
            kept.push(rule);
        }
    }
    // Stable: within a kind the order of the ruleset stays.
    kept.sort_by_key(|rule| rule.kind);
    kept
}

/// A rule and whether it is enabled.
fn read_rule<O: Operators>(
    value: &Value,
    path: Path<'_>,
    family: RuleFamily,
    problems: &mut Vec<Problem>,
    malformed: &mut Vec<Problem>,
) -> Option<(Rule<O::Leaf>, bool)> {
    let mut fields = Fields::of(value, path, problems)?;
    let name = fields.string("name");
    if let Some(name) = name.filter(|name| family.plain_names && !is_word(name, &['_', '-'])) {
        let message = format!("rule name '{name}' must be letters, digits, underscores and hyphens");
        fields.problem("name", "invalid_name", message);
    }
    let kind = read_kind(&mut fields, family);
    let enabled = fields.switch("enabled", true);
    fields.description();
    let condition = read_condition::<O>(&mut fields, path, family, malformed);
    Some((Rule { name: Text::new(name?), kind: kind?, condition: condition? }, enabled))
}

fn read_kind(fields: &mut Fields<'_, '_>, family: RuleFamily) -> Option<RuleKind> {
    match fields.string("type")? {
        "exclusion" => Some(RuleKind::Exclusion),
        "requirement" => Some(RuleKind::Requirement),
        "custom" if family.custom => Some(RuleKind::Custom),
        other => {
            let known =
                if family.custom { "exclusion, requirement or custom" } else { "exclusion or requirement" };
            fields.problem("type", "unknown_type", format!("rule type '{other}' must be {known}"));
            None
        }
    }
}

fn read_condition<O: Operators>(
    fields: &mut Fields<'_, '_>,
    path: Path<'_>,
    family: RuleFamily,
    malformed: &mut Vec<Problem>,
) -> Option<Result<Condition<O::Leaf>, Text>> {
    let Some(condition) = fields.value("condition") else {
        fields.problem("condition", "missing", "a rule needs a condition");
        return None;
    };
    let Value::Object(entries) = condition else {
        let message = format!("condition must be an object, got {}", type_name(condition));
        fields.problem("condition", "wrong_type", message);
        return None;
    };
    let mut found = Vec::new();
    let result = read::<O>(condition, path.key("condition"), 1, &mut found)
        .map_err(|message| Text::new(format!("Error evaluating rule: {message}")));
    if !entries.is_empty() {
        malformed.append(&mut found);
    } else if !family.empty_condition {
        fields.problem("condition", "empty", "condition must not be empty");
        return None;
    }
    Some(result)
}
