//! The table of explanations is complete and readable.

use super::*;

#[test]
fn codes_are_in_order_and_texts_fit_a_terminal() {
    assert!(EXPLANATIONS.is_sorted_by_key(|explanation| explanation.code));
    for explanation in EXPLANATIONS {
        let code = explanation.code;
        assert!(explanation.text.lines().all(|line| line.chars().count() <= 80), "{code}");
        assert!(explanation.text.lines().count() >= 3, "{code}");
    }
}

#[test]
fn every_code_in_the_source_is_explained() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/settings");
    let mut codes = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() && !path.ends_with("mod.rs") {
            let text = std::fs::read_to_string(path).unwrap();
            codes.extend(text.match_indices("\"MS01").map(|(at, _)| text[at + 1..at + 7].to_owned()));
        }
    }
    codes.sort();
    codes.dedup();
    let explained: Vec<_> = EXPLANATIONS.iter().map(|explanation| explanation.code).collect();
    assert_eq!(codes.iter().filter(|code| !explained.contains(&code.as_str())).count(), 0, "{codes:?}");
    assert_eq!(codes, explained);
}
