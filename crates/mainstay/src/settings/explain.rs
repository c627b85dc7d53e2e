//! What `check --explain` says about the codes of this module.

use mainstay_core::settings::Explanation;

macro_rules! explanations {
    ($($code:literal: $title:literal),* $(,)?) => {
        &[$(Explanation {
            code: $code,
            title: $title,
            text: include_str!(concat!("explanations/", $code, ".txt")),
        }),*]
    };
}

/// The problems of the sources of settings.
pub const EXPLANATIONS: &[Explanation] = explanations! {
    "MS0104": "the secret key is missing or weak",
    "MS0107": "a line of an env file is not understood",
    "MS0108": "a setting is given twice in one source",
    "MS0110": "a file of settings contradicts the environment it is read in",
    "MS0113": "an argument of --set is not understood",
};
