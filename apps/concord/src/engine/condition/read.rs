//! Reading a condition.
//!
//! What is malformed keeps working the way clients know it, and is noted as a problem for whoever is about to store it:
//!
//! | what | where | result |
//! |---|---|---|
//! | not an object, empty, several operators, unknown operator, too deep | top of a rule | the rule fails |
//! | the same | inside `all`, `any`, `not` | that operator is false once it gets there |
//! | config missing or of no use | anywhere | the operator itself is false |

use serde_json::Value;

use super::{Condition, Config, Group, MAX_DEPTH, Unusable, is_falsy};
use crate::engine::problem::{Path, Problem};
use crate::engine::value::{Text, list, type_name};

/// A family of leaf operators.
pub(crate) trait Operators {
    /// What a leaf is read into.
    type Leaf;
    /// How the message about an unknown operator begins.
    const UNKNOWN: &'static str;
    /// All operators, `all`, `any`, `or` and `not` included, in the order in which messages list them.
    const NAMES: &'static [&'static str];

    /// Reads a leaf; `operator` is one of the names above.
    fn leaf(operator: &str, config: &mut Config<'_>) -> Result<Self::Leaf, Unusable>;
}

/// Reads a condition that stands at `path`, `depth` levels inside its rule.
///
/// # Errors
///
/// The message of a structural error. It is noted in `problems` as well, as is everything else that is malformed.
pub(crate) fn read<O: Operators>(
    condition: &Value,
    path: Path<'_>,
    depth: usize,
    problems: &mut Vec<Problem>,
) -> Result<Condition<O::Leaf>, String> {
    let (operator, config) = operator_of::<O>(condition, depth).map_err(|(code, message)| {
        problems.push(Problem::new(&path, code, &*message));
        message
    })?;
    let path = path.key(operator);
    Ok(match operator {
        "all" => members::<O>(operator, config, path, depth, problems).map_or_else(unusable, Condition::All),
        "any" | "or" => {
            members::<O>(operator, config, path, depth, problems).map_or_else(unusable, Condition::Any)
        }
        "not" => negation::<O>(config, path, depth, problems).unwrap_or_else(unusable),
        _ => leaf::<O>(operator, config, path, problems).map_or_else(unusable, Condition::Leaf),
    })
}

fn unusable<L>(unusable: Unusable) -> Condition<L> {
    Condition::Unusable(Text::new(unusable.reason))
}

/// The one operator of a condition and its config, or the code and message of a structural error.
fn operator_of<O: Operators>(
    condition: &Value,
    depth: usize,
) -> Result<(&str, &Value), (&'static str, String)> {
    if depth > MAX_DEPTH {
        return Err(("too_deep", format!("Condition is nested deeper than {MAX_DEPTH} levels")));
    }
    let Value::Object(entries) = condition else {
        let message = format!("Condition must be a dictionary, got <class '{}'>", type_name(condition));
        return Err(("wrong_type", message));
    };
    let mut keys = entries.iter();
    let Some((operator, config)) = keys.next() else {
        return Err(("empty", "Condition cannot be empty".into()));
    };
    if keys.next().is_some() {
        let operators = list(entries.keys().map(String::as_str));
        return Err((
            "several_operators",
            format!("Condition must have exactly one operator, got {operators}"),
        ));
    }
    if !O::NAMES.contains(&operator.as_str()) {
        let available = list(O::NAMES.iter().copied());
        return Err(("unknown_operator", format!("{} '{operator}'. Available: {available}", O::UNKNOWN)));
    }
    Ok((operator, config))
}

fn leaf<O: Operators>(
    operator: &str,
    config: &Value,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Result<O::Leaf, Unusable> {
    let Value::Object(object) = config else {
        let kind = type_name(config);
        problems.push(Problem::new(&path, "wrong_type", format!("'{operator}' takes an object, got {kind}")));
        let reason = format!("Error evaluating {operator}: '{kind}' object has no attribute 'get'");
        return Err(Unusable { reason });
    };
    O::leaf(operator, &mut Config { operator, object, path, problems })
}

fn members<O: Operators>(
    operator: &str,
    config: &Value,
    path: Path<'_>,
    depth: usize,
    problems: &mut Vec<Problem>,
) -> Result<Group<O::Leaf>, Unusable> {
    let conditions = config.as_array().filter(|conditions| !conditions.is_empty()).ok_or_else(|| {
        let class = if operator == "all" { "all" } else { "any" };
        let reason = format!("No conditions specified for '{class}' operator");
        problems.push(Problem::new(&path, "missing", &*reason));
        Unusable { reason }
    })?;
    let mut members = Vec::with_capacity(conditions.len());
    let mut broken = None;
    for (index, condition) in conditions.iter().enumerate() {
        // Behind a malformed member nothing is evaluated, but whoever is about to store it wants all problems.
        match read::<O>(condition, path.index(index), depth + 1, problems) {
            Ok(member) if broken.is_none() => members.push(member),
            Ok(_) => {}
            Err(message) => {
                broken.get_or_insert_with(|| Text::new(format!("Error evaluating {operator}: {message}")));
            }
        }
    }
    Ok(Group { members: members.into(), broken })
}

fn negation<O: Operators>(
    config: &Value,
    path: Path<'_>,
    depth: usize,
    problems: &mut Vec<Problem>,
) -> Result<Condition<O::Leaf>, Unusable> {
    if is_falsy(config) {
        let reason = String::from("No condition specified for 'not' operator");
        problems.push(Problem::new(&path, "missing", &*reason));
        return Err(Unusable { reason });
    }
    match read::<O>(config, path, depth + 1, problems) {
        Ok(inner) => Ok(Condition::Not(Box::new(inner))),
        Err(message) => Err(Unusable { reason: format!("Error evaluating not: {message}") }),
    }
}
