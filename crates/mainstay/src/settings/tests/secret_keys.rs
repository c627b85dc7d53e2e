//! The decision table of secret keys, a test for each row.

use proptest::prelude::*;

use super::super::secret_key::{Weakness, generate, weakness};
use super::*;

const FIT: &str = "5f0ac1d97be24836a1c07d52e9f48b63";

fn all_are(expected: Weakness, keys: &[&str]) {
    for key in keys {
        assert_eq!(weakness(key), Some(expected), "{key:?}");
    }
}

#[test]
fn nothing_is_no_key() {
    all_are(Weakness::Empty, &["", "   ", "\t\n"]);
}

#[test]
fn placeholders_are_no_keys() {
    let keys = [
        "changeme",
        "ChangeMe!",
        "CHANGE_ME",
        "change-this-to-something-long-and-random",
        "your-secret-key-here",
        "your-…-here",
        "yourKeyHere",
        "secret",
        "Secret123",
        "password",
        "my-key",
        "example",
        "test",
        "dev",
        "<put a long random value here>",
        "${SECRET_KEY}",
        "{{ secret_key }}",
        "xxx",
        "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "********",
        "django-insecure-5f0ac1d97be24836a1c07d52e9f48b63",
        "please-change-me-before-you-go-to-production",
        "this-is-a-placeholder-value-for-the-key",
    ];
    all_are(Weakness::Placeholder, &keys);
}

#[test]
fn keys_that_were_published_are_no_keys() {
    let keys = ["kq3Vw0n5mXfY2rT8uJc7LhZs9bPdGe4A1iNoRyQxU6w", "Zt7Qp1vKx9Lm4Bc2Nw8Rj6Hf3Gd5Ys0Ae-TuVoPiWkE"];
    all_are(Weakness::Known, &keys);
}

#[test]
fn short_keys_are_refused_and_characters_are_counted() {
    all_are(Weakness::Short, &[&FIT[1..], "hunter2", "äöüßäöüß5f0ac1d97be24"]);
    assert_eq!(weakness(FIT), None);
}

#[test]
fn few_different_characters_are_refused() {
    all_are(
        Weakness::LowVariety,
        &[
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababbaabbbabaabababababbbaaababb",
            "7a7f7a7a7f0c0a7c7a7f0f0c7a7c7f7a0f0c0a7c",
        ],
    );
}

#[test]
fn repeated_pieces_are_refused() {
    all_are(Weakness::Repeated, &["5f0ac1d97be248365f0ac1d97be24836", "k8#Wq2!zk8#Wq2!zk8#Wq2!zk8#Wq2!zk8#"]);
}

#[test]
fn sequences_are_refused() {
    all_are(
        Weakness::Sequential,
        &[
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "qwertyuiopasdfghjklzxcvbnm1234567890",
            "zyxwvutsrqponmlkjihgfedcba987654",
        ],
    );
}

#[test]
fn generated_keys_are_fit_and_differ() {
    let (one, other) = (generate(), generate());
    assert_eq!(one.expose().len(), 43);
    assert!(!one.matches(other.expose().as_bytes()));
}

#[test]
fn development_makes_up_a_key_and_says_so() {
    let loaded = read_pairs::<SecretKey>(Environment::Development, &[]);
    let key = loaded.settings.unwrap();
    assert!(key.is_generated);
    assert_eq!(weakness(key.current.expose()), None);
    assert_eq!(loaded.report.problems[0].code, "MS0104");
    assert_eq!(loaded.report.problems[0].severity, Severity::Warning);
}

#[test]
fn strict_environments_need_a_fit_key() {
    let codes = |pairs: &[(&str, &str)]| {
        let report = read_pairs::<SecretKey>(Environment::Production, pairs).report;
        report.problems.iter().map(|problem| (problem.code, problem.is_error())).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[]), [("MS0109", true)]);
    assert_eq!(codes(&[("SECRET_KEY", "changeme")]), [("MS0104", true)]);
    assert_eq!(codes(&[("SECRET_KEY", FIT)]), []);
    let fallbacks = ("SECRET_KEY_FALLBACKS", "changeme,hunter2");
    assert_eq!(codes(&[("SECRET_KEY", FIT), fallbacks]), [("MS0104", true), ("MS0104", true)]);
}

#[test]
fn development_goes_on_with_a_weak_key() {
    let loaded = read_pairs::<SecretKey>(Environment::Development, &[("SECRET_KEY", "changeme")]);
    let key = loaded.settings.unwrap();
    assert_eq!((key.current.expose(), key.is_generated), ("changeme", false));
    assert_eq!(loaded.report.problems[0].message, "SECRET_KEY is a placeholder");
}

proptest! {
    #[test]
    fn random_keys_are_fit(bytes: [u8; 32]) {
        let hex: String = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
        // A shrunk or edge case of the strategy is not random: it is judged by the rows above.
        prop_assume!(bytes.iter().collect::<std::collections::BTreeSet<_>>().len() > 24);
        prop_assert_eq!(weakness(&hex), None);
    }

    #[test]
    fn no_key_makes_the_judge_panic(key in any::<String>()) {
        let _ = weakness(&key);
    }
}
