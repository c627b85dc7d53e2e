//! Comparison results as JSON, written piece by piece without building them first.

use jiff::Timestamp;

use super::pairwise::{Pairwise, timestamp_text};
use super::value::{Json, Text};

/// Writes the results of one evaluation. All that is the same in each of them is rendered once.
pub(super) struct ResultWriter {
    pairwise: Pairwise,
    /// By rule: its entry up to the verdict.
    rule_heads: Vec<String>,
    /// Everything behind the rules.
    tail: String,
}

impl ResultWriter {
    pub(super) fn new(pairwise: Pairwise, at: Timestamp) -> Self {
        let rule_heads = pairwise
            .rules
            .iter()
            .map(|rule| format!(r#"{{"rule_name":"{}","passed":"#, rule.name.json()))
            .collect();
        let tail = format!(
            r#"],"metadata":{{"ruleset_name":"{}","schema_name":"{}"}},"evaluated_at":"{}"}}"#,
            Text::new(pairwise.ruleset.name()).json(),
            Text::new(pairwise.catalogue.schema_name()).json(),
            timestamp_text(at),
        );
        Self { pairwise, rule_heads, tail }
    }

    pub(super) fn pairwise(&self) -> &Pairwise {
        &self.pairwise
    }

    /// Appends one result; `verdicts` is a buffer. Returns whether the items are compatible.
    pub(super) fn write(
        &self,
        item1: usize,
        item2: usize,
        verdicts: &mut Vec<bool>,
        out: &mut String,
    ) -> bool {
        let Pairwise { catalogue, rules, .. } = &self.pairwise;
        verdicts.clear();
        verdicts.extend(rules.iter().map(|rule| rule.passes((item1, item2))));
        let compatible = verdicts.iter().all(|passed| *passed);
        out.push_str(r#"{"item1_id":""#);
        out.push_str(catalogue.id_text(item1).json());
        out.push_str(r#"","item2_id":""#);
        out.push_str(catalogue.id_text(item2).json());
        out.push_str(r#"","compatible":"#);
        out.push_str(if compatible { "true" } else { "false" });
        out.push_str(r#","rules_evaluated":["#);
        for (index, (rule, passed)) in rules.iter().zip(verdicts.iter()).enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(&self.rule_heads[index]);
            out.push_str(if *passed { r#"true,"reason":""# } else { r#"false,"reason":""# });
            rule.explain::<Json>((item1, item2), out);
            out.push_str(r#""}"#);
        }
        out.push_str(&self.tail);
        compatible
    }
}
