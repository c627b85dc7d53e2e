//! The codes that operators see.

use std::fmt::Write as _;

use mainstay_core::settings::Explanation;

use super::head;
use crate::diagnostics::with_program;

/// The page, by code: those of the runtime, and those of the application.
pub(super) fn page(program: &str, explanations: &[Explanation]) -> String {
    let mut explanations: Vec<_> = explanations.iter().collect();
    explanations.sort_by_key(|explanation| explanation.code);
    let about = format!(
        "What `{program} check --explain CODE` says of each code that `check`, the start and the commands print. \
         [errors.md](../errors.md#to-an-operator) tells what is where."
    );
    let mut text = head("Diagnostics", program, "diagnostics", &about);
    for explanation in explanations {
        let said = prose(&with_program(explanation.text.trim_end(), program));
        // Writing to a String cannot fail.
        let _ = write!(text, "## {}: {}\n\n{said}\n\n", explanation.code, prose(explanation.title));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Plain text as Markdown: what would be a mark there is none, outside of code.
fn prose(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("    ") {
            return line.to_owned();
        }
        // Every second piece between backticks is code.
        let pieces = line.split('`').enumerate().map(|(index, piece)| {
            if index % 2 == 1 { piece.to_owned() } else { piece.replace('*', "\\*").replace('<', "\\<") }
        });
        pieces.collect::<Vec<_>>().join("`")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_literally_outside_of_code() {
        for (plain, marked) in [
            ("ALLOWED_HOSTS=* is refused", "ALLOWED_HOSTS=\\* is refused"),
            ("`*` and <name>", "`*` and \\<name>"),
            ("one:\n\n    GET / <x>*", "one:\n\n    GET / <x>*"),
        ] {
            assert_eq!(prose(plain), marked);
        }
    }

    #[test]
    fn codes_come_in_order_under_headings_of_their_own() {
        let explained = |code| Explanation { code, title: "a title", text: "Run `check --deploy`.\n" };
        let page = page("sample", &[explained("XX0200"), explained("XX0100")]);
        let (_, entries) = page.split_once("\n## ").expect("a heading");
        assert_eq!(
            entries,
            "XX0100: a title\n\nRun `sample check --deploy`.\n\n## XX0200: a title\n\nRun `sample check --deploy`.\n"
        );
    }
}
