//! What `check --explain` says about the codes of this module.

use super::Explanation;

macro_rules! explanations {
    ($($code:literal: $title:literal),* $(,)?) => {
        &[$(Explanation {
            code: $code,
            title: $title,
            text: include_str!(concat!("explanations/", $code, ".txt")),
        }),*]
    };
}

/// The problems that any setting can have, however they are read.
pub const EXPLANATIONS: &[Explanation] = explanations! {
    "MS0101": "a value is not of the kind that its setting takes",
    "MS0102": "a value is outside of its bounds",
    "MS0103": "a name is not the name of a setting",
    "MS0105": "a setting is given under two names in one source",
    "MS0106": "a file of settings cannot be read",
    "MS0109": "a setting that production needs is missing",
    "MS0111": "a setting is given under an alias",
    "MS0112": "none of several settings is given, and one is needed",
    "MS0114": "a secret stands on the command line",
};
