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

/// The problems that any setting can have, and those of the sections in this crate.
pub const EXPLANATIONS: &[Explanation] = explanations! {
    "MS0101": "a value is not of the kind that its setting takes",
    "MS0102": "a value is outside of its bounds",
    "MS0103": "a name is not the name of a setting",
    "MS0104": "the secret key is missing or weak",
    "MS0105": "a setting is given under two names in one source",
    "MS0106": "a file of settings cannot be read",
    "MS0107": "a line of an env file is not understood",
    "MS0108": "a setting is given twice in one source",
    "MS0109": "a setting that production needs is missing",
    "MS0110": "a file of settings contradicts the environment it is read in",
    "MS0111": "a setting is given under an alias",
    "MS0112": "none of several settings is given, and one is needed",
    "MS0113": "an argument of --set is not understood",
    "MS0114": "a secret stands on the command line",
};
