//! Which passwords are taken.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The least length, in characters. Fifteen are a better choice: see [`ADVISED_CHARACTERS`].
pub const MIN_CHARACTERS: usize = 8;

/// The least length that is advised to people, in characters.
pub const ADVISED_CHARACTERS: usize = 15;

/// The greatest length, in bytes. It only keeps abuse out: sixty-four characters of any script fit.
pub const MAX_BYTES: usize = 1024;

/// Context words shorter than this are no hint at a password.
const MIN_CONTEXT_CHARACTERS: usize = 3;

/// Passwords that everybody tries first: words of our own choice, and those that were used most.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| [include_str!("common.txt"), FREQUENT].into_iter().flat_map(words).collect());

/// The 3000 passwords of eight characters and more that were used most.
const FREQUENT: &str = include_str!("frequent.txt");

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Weakness {
    /// Fewer than [`MIN_CHARACTERS`].
    #[error("the password is shorter than 8 characters")]
    Short,
    /// More than [`MAX_BYTES`].
    #[error("the password is longer than 1024 bytes")]
    Long,
    /// Among the first that anybody tries.
    #[error("the password is among the first that anybody tries")]
    Common,
    /// Little more than the name of the user or of the service.
    #[error("the password is little more than a name that everybody knows")]
    Context,
}

impl Weakness {
    /// The reason for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Short => "too_short",
            Self::Long => "too_long",
            Self::Common => "common",
            Self::Context => "context",
        }
    }
}

/// Judges a password that somebody chose. `context` are words that stand around it: names of the user and of the
/// service.
///
/// | the password | verdict |
/// |---|---|
/// | more than 1024 bytes | [`Weakness::Long`] |
/// | fewer than 8 characters | [`Weakness::Short`] |
/// | one character over and over | [`Weakness::Common`] |
/// | on the list, also behind capitals, the usual replacements of letters, and digits or punctuation at its ends | [`Weakness::Common`] |
/// | fewer than 8 characters are left beside the words of its context | [`Weakness::Context`] |
/// | anything else, whatever it is made of | taken |
///
/// There are no rules of composition and nothing is trimmed, folded or cut: a password is verified exactly as it
/// was received.
///
/// ```
/// use mainstay::identity::password::{Weakness, judge};
///
/// assert_eq!(judge("P@ssw0rd2026!", &[]), Err(Weakness::Common));
/// assert_eq!(judge("Concord-Alice", &["alice", "concord"]), Err(Weakness::Context));
/// assert_eq!(judge("vier kleine Enten", &["alice", "concord"]), Ok(()));
/// ```
///
/// # Errors
///
/// The first weakness that is found.
pub fn judge(password: &str, context: &[&str]) -> Result<(), Weakness> {
    // Before anything that looks at every character.
    if password.len() > MAX_BYTES {
        return Err(Weakness::Long);
    }
    if password.chars().count() < MIN_CHARACTERS {
        return Err(Weakness::Short);
    }
    let lower = password.to_lowercase();
    if is_repetition(&lower) || is_common(&lower) {
        return Err(Weakness::Common);
    }
    if beside(&lower, context) < MIN_CHARACTERS {
        return Err(Weakness::Context);
    }
    Ok(())
}

fn is_repetition(lower: &str) -> bool {
    let first = lower.chars().next();
    lower.chars().all(|character| Some(character) == first)
}

fn is_common(lower: &str) -> bool {
    let is_listed = |word: &str| COMMON.contains(word) || COMMON.contains(plain(word).as_str());
    let without_tail = lower.trim_end_matches(|c: char| !c.is_alphabetic());
    let bare = without_tail.trim_start_matches(|c: char| !c.is_alphabetic());
    // Cut from the plain text, too: the last character of `pa$$` is a letter in disguise.
    let plain = plain(lower);
    let plain_bare = plain.trim_matches(|c: char| !c.is_alphabetic());
    [lower, without_tail, bare, plain_bare].into_iter().any(|word| !word.is_empty() && is_listed(word))
}

/// Undoes the replacements of letters that everybody knows.
fn plain(word: &str) -> String {
    let letter = |character| match character {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    word.chars().map(letter).collect()
}

/// How many characters are left when the words of the context are taken out.
fn beside(lower: &str, context: &[&str]) -> usize {
    let mut left = lower.to_owned();
    for word in context.iter().map(|word| word.to_lowercase()) {
        if word.chars().count() >= MIN_CONTEXT_CHARACTERS {
            left = left.replace(&word, "");
        }
    }
    left.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let context = &["alice", "concord", "io"][..];
        let long = "x1".repeat(512);
        let too_long = format!("{long}x");
        let rows: &[(&str, Result<(), Weakness>)] = &[
            ("", Err(Weakness::Short)),
            ("a7%kP2q", Err(Weakness::Short)),
            ("äöüßéèê", Err(Weakness::Short)),
            (&too_long, Err(Weakness::Long)),
            (&long, Ok(())),
            ("        ", Err(Weakness::Common)),
            ("AAAAaaaa", Err(Weakness::Common)),
            ("password", Err(Weakness::Common)),
            ("PassWord", Err(Weakness::Common)),
            ("Password2026!", Err(Weakness::Common)),
            ("!!p@$$w0rd!!", Err(Weakness::Common)),
            ("P@55w0rd", Err(Weakness::Common)),
            ("12345678", Err(Weakness::Common)),
            ("Summer2026", Err(Weakness::Common)),
            ("1qaz2wsx", Err(Weakness::Common)),
            ("usmc0311", Err(Weakness::Common)),
            ("C0rv3tte-2026", Err(Weakness::Common)),
            ("qwertyuiop", Err(Weakness::Common)),
            ("letmein!!", Err(Weakness::Common)),
            ("alice123", Err(Weakness::Context)),
            ("AliceConcord1", Err(Weakness::Context)),
            ("concord-concord", Err(Weakness::Context)),
            ("alice likes tea at five", Ok(())),
            ("radio-studio-4", Ok(())),
            ("nullable", Ok(())),
            ("lower case only", Ok(())),
            ("20250914-8831-7702", Ok(())),
            ("пароль из слов", Ok(())),
            ("  spaces count  ", Ok(())),
            ("a7%kP2qZ", Ok(())),
        ];
        for (password, verdict) in rows {
            assert_eq!(judge(password, context), *verdict, "{password:?}");
        }
    }

    #[test]
    fn every_word_of_the_list_is_refused() {
        for word in COMMON.iter().filter(|word| word.chars().count() >= MIN_CHARACTERS) {
            assert_eq!(judge(word, &[]), Err(Weakness::Common), "{word}");
        }
        assert!(COMMON.iter().all(|word| *word == word.to_lowercase()), "the list is in lower case");
    }

    #[test]
    fn the_three_thousand_that_were_used_most_are_refused() {
        let frequent: HashSet<_> = words(FREQUENT).collect();
        assert_eq!(frequent.len(), 3000);
        for word in frequent {
            assert!(word.chars().count() >= MIN_CHARACTERS, "{word} is refused for its length anyway");
            for tried in [word.to_owned(), word.to_uppercase()] {
                assert_eq!(judge(&tried, &[]), Err(Weakness::Common), "{tried}");
            }
        }
    }
}
