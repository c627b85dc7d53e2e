//! The table of explanations is readable. That it is complete is a test of the command line, which prints it.

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
