//! The key that signs sessions and tokens, and what makes one fit to be used.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use mainstay_core::settings::{Problem, Reader, Section};
use mainstay_core::{Secret, random};

/// The setting `SECRET_KEY`, and `SECRET_KEY_FALLBACKS`: keys that verify but never sign, for the time of a
/// rotation.
#[derive(Clone, Debug)]
pub struct SecretKey {
    /// Signs and verifies.
    pub current: Secret,
    /// Verify only.
    pub fallbacks: Vec<Secret>,
    /// Whether `current` was made up at this start: what it signed is worthless at the next one.
    pub is_generated: bool,
}

/// Why a text is not fit to be a key. See [`weakness`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Weakness {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// Something that stands where a key belongs.
    #[error("is a placeholder")]
    Placeholder,
    /// Published in our own documentation.
    #[error("is a known example")]
    Known,
    /// Fewer than [`MIN_CHARACTERS`].
    #[error("is shorter than 32 characters")]
    Short,
    /// Fewer than [`MIN_DIFFERENT`] different characters.
    #[error("has too few different characters")]
    LowVariety,
    /// One piece over and over.
    #[error("repeats itself")]
    Repeated,
    /// Mostly neighbours in the alphabet or on the keyboard.
    #[error("is a sequence of neighbouring characters")]
    Sequential,
}

/// The least length of a key.
pub const MIN_CHARACTERS: usize = 32;

/// The least number of different characters in a key. A random key of 32 hexadecimal digits has about 14.
pub const MIN_DIFFERENT: usize = 8;

/// Keys that stand in our own documentation, tests and examples.
const KNOWN: [&str; 2] =
    ["kq3Vw0n5mXfY2rT8uJc7LhZs9bPdGe4A1iNoRyQxU6w", "Zt7Qp1vKx9Lm4Bc2Nw8Rj6Hf3Gd5Ys0Ae-TuVoPiWkE"];

/// Words that are a placeholder when they are all there is, give or take digits and punctuation.
const PLACEHOLDER_WORDS: [&str; 14] = [
    "secret",
    "key",
    "mykey",
    "mysecret",
    "password",
    "passwd",
    "example",
    "test",
    "testing",
    "default",
    "dev",
    "development",
    "todo",
    "none",
];

/// Pieces that make any text a placeholder. All are so long that a random key of letters and digits holds one
/// by chance less often than once in a hundred million.
const PLACEHOLDER_PIECES: [&str; 12] = [
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "placeholder",
    "password",
    "secretkey",
    "insecure",
    "example",
    "donotuse",
    "generateme",
];

/// Judges a key.
///
/// | the text | verdict |
/// |---|---|
/// | nothing but white space | [`Weakness::Empty`] |
/// | `<…>`, `${…}`, `{{…}}`, `your-…-here`, `xxx…`; a word such as `secret` or `test123`; holds a piece such as `changeme` | [`Weakness::Placeholder`] |
/// | stands in our own documentation | [`Weakness::Known`] |
/// | fewer than 32 characters | [`Weakness::Short`] |
/// | fewer than 8 different characters | [`Weakness::LowVariety`] |
/// | a piece of at most half its length, over and over | [`Weakness::Repeated`] |
/// | at least half of its steps lead to a neighbour in the alphabet or on the keyboard | [`Weakness::Sequential`] |
/// | anything else | `None`: fit |
///
/// The first row that matches decides; case, `-`, `_`, `.` and spaces count for nothing in placeholders.
///
/// ```
/// use mainstay::settings::secret_key::{Weakness, weakness};
///
/// assert_eq!(weakness("changeme"), Some(Weakness::Placeholder));
/// assert_eq!(weakness("1f8b4c0e9d2a7356"), Some(Weakness::Short));
/// ```
pub fn weakness(key: &str) -> Option<Weakness> {
    let characters: Vec<char> = key.chars().collect();
    if key.trim().is_empty() {
        Some(Weakness::Empty)
    } else if is_placeholder(key) {
        Some(Weakness::Placeholder)
    } else if KNOWN.contains(&key) {
        Some(Weakness::Known)
    } else if characters.len() < MIN_CHARACTERS {
        Some(Weakness::Short)
    } else if characters.iter().collect::<BTreeSet<_>>().len() < MIN_DIFFERENT {
        Some(Weakness::LowVariety)
    } else if (1..=characters.len() / 2)
        .any(|period| characters.iter().eq(characters[..period].iter().cycle().take(characters.len())))
    {
        Some(Weakness::Repeated)
    } else if is_sequential(&characters) {
        Some(Weakness::Sequential)
    } else {
        None
    }
}

/// A new key: 256 random bits, as 43 characters that need no quotes anywhere.
///
/// # Panics
///
/// As [`random::fill`].
pub fn generate() -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random::bytes::<32>()))
}

fn is_placeholder(key: &str) -> bool {
    let trimmed = key.trim();
    let bare: String =
        trimmed.chars().filter(|c| !"-_. ".contains(*c)).flat_map(char::to_lowercase).collect();
    let word = bare.trim_matches(|c: char| !c.is_ascii_alphabetic());
    let is_bracketed = [("<", ">"), ("${", "}"), ("{{", "}}"), ("[", "]")]
        .iter()
        .any(|(a, b)| trimmed.starts_with(a) && trimmed.ends_with(b));
    let is_crossed_out = bare.len() >= 3 && bare.chars().all(|c| c == 'x' || c == '*');
    is_bracketed
        || is_crossed_out
        || (bare.starts_with("your") && bare.ends_with("here"))
        || PLACEHOLDER_WORDS.contains(&word)
        || PLACEHOLDER_PIECES.iter().any(|piece| bare.contains(piece))
}

fn is_sequential(characters: &[char]) -> bool {
    const KEYBOARD: [&str; 4] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890"];
    let are_neighbours = |a: char, b: char| {
        let beside = |row: &&str| {
            row.contains(&*String::from_iter([a, b])) || row.contains(&*String::from_iter([b, a]))
        };
        u32::from(a).abs_diff(u32::from(b)) <= 1 || KEYBOARD.iter().any(beside)
    };
    let lower: Vec<char> = characters.iter().map(char::to_ascii_lowercase).collect();
    let steps = lower.windows(2).filter(|pair| are_neighbours(pair[0], pair[1])).count();
    steps * 2 >= lower.len()
}

impl Section for SecretKey {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Secret key", "Signs sessions and tokens; whoever has it can be anyone.");
        let current = reader
            .field::<Secret>("SECRET_KEY")
            .doc("At least 32 random characters; `secret generate` prints a fit one. All instances share it.")
            .default_text("generated per start, in development and test only")
            .cure(GENERATE)
            .required_in_strict();
        let fallbacks = reader
            .field::<Vec<Secret>>("SECRET_KEY_FALLBACKS")
            .doc("Former keys, with commas between: they verify what they signed, and never sign again.")
            .optional()
            .unwrap_or_default();
        if let Some(key) = &current {
            judge(reader, "SECRET_KEY", key);
        } else if !reader.strict() {
            reader.problem(
                Problem::warning("MS0104", "SECRET_KEY is not set: this start made up its own")
                    .at("SECRET_KEY")
                    .because("all sessions and tokens end with this process")
                    .help(GENERATE),
            );
        }
        for key in &fallbacks {
            judge(reader, "SECRET_KEY_FALLBACKS", key);
        }
        let is_generated = current.is_none();
        Self { current: current.unwrap_or_else(generate), fallbacks, is_generated }
    }
}

const GENERATE: &str = "put the output of `secret generate` into SECRET_KEY";

fn judge(reader: &mut Reader<'_>, name: &'static str, key: &Secret) {
    if let Some(weakness) = weakness(key.expose()) {
        let subject = if name == "SECRET_KEY" { "SECRET_KEY" } else { "a key of SECRET_KEY_FALLBACKS" };
        let problem = Problem::error("MS0104", format!("{subject} {weakness}"));
        reader.insecure(problem.at(name).because("whoever guesses it can sign in as anyone").help(GENERATE));
    }
}
