//! The syntax of env files, row by row.

use proptest::prelude::*;

use super::super::env_file::{Entry, Fault, parse};

fn values(text: &str) -> Vec<(String, String)> {
    parse(text).map(|line| line.unwrap()).map(|entry| (entry.name, entry.value)).collect()
}

fn value(line: &str) -> String {
    let values = values(line);
    assert_eq!(values.len(), 1, "{line:?}");
    values[0].1.clone()
}

fn fault(line: &str) -> (Fault, usize) {
    let malformed = parse(line).next().unwrap().unwrap_err();
    (malformed.fault, malformed.column)
}

#[test]
fn values_are_read_as_shells_read_them() {
    let cases = [
        ("PORT=8080", "8080"),
        ("  PORT=8080  ", "8080"),
        ("export PORT=8080", "8080"),
        ("PORT=", ""),
        ("PORT= # none", ""),
        ("PORT=8080 # the usual", "8080"),
        ("URL=http://host/#anchor", "http://host/#anchor"),
        ("NAME=a b", "a b"),
        ("NAME=a=b", "a=b"),
        ("NAME=pa$word", "pa$word"),
        ("NAME='a \"b\" ${c} #d \\n'", "a \"b\" ${c} #d \\n"),
        ("NAME='a' # comment", "a"),
        (r#"NAME="a\nb\t\"c\" \$ \\ 'd'""#, "a\nb\t\"c\" $ \\ 'd'"),
        ("NAME=\"\"", ""),
        ("NAME=schön", "schön"),
    ];
    for (line, expected) in cases {
        assert_eq!(value(line), expected, "{line:?}");
    }
}

#[test]
fn blank_lines_and_comments_hold_nothing() {
    assert_eq!(values("\n# comment\n   # more\n\t\n#A=1\n"), []);
}

#[test]
fn byte_order_marks_and_windows_line_ends_do_not_matter() {
    let expected = [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())];
    assert_eq!(values("\u{feff}A=1\r\nB=2\r\n"), expected);
}

#[test]
fn places_are_counted_in_characters() {
    let entry = parse("\n  export ÄB=").next().unwrap();
    assert_eq!(entry.unwrap_err().column, 10);
    let entry = parse("# ä\nexport  AB=x").next().unwrap().unwrap();
    assert_eq!(entry, Entry { name: "AB".to_owned(), value: "x".to_owned(), line: 2, column: 12 });
}

#[test]
fn what_shells_and_docker_read_differently_is_refused() {
    let cases = [
        ("PORT", Fault::NoEquals, 5),
        ("PORT: 8080", Fault::NoEquals, 5),
        ("export PORT", Fault::NoEquals, 12),
        ("PORT =8080", Fault::Space, 5),
        ("PORT= 8080", Fault::Space, 6),
        ("=8080", Fault::BadName, 1),
        ("1PORT=8080", Fault::BadName, 1),
        ("DB-SIZE=1", Fault::BadName, 3),
        ("set PORT=8080", Fault::BadName, 4),
        ("NAME='a", Fault::OpenQuote, 6),
        ("NAME=\"a", Fault::OpenQuote, 6),
        ("NAME=\"a\\\"", Fault::OpenQuote, 6),
        ("NAME='a'b", Fault::AfterQuote, 9),
        ("NAME='a'#b", Fault::AfterQuote, 9),
        ("NAME=\"a\" b", Fault::AfterQuote, 10),
        ("NAME=it's", Fault::StrayQuote, 8),
        ("NAME={\"a\":1}", Fault::StrayQuote, 7),
        ("NAME=#fff", Fault::Hash, 6),
        ("NAME=\"a\\x\"", Fault::Escape, 8),
        ("NAME=a${B}", Fault::Expansion, 7),
        ("NAME=\"a$(b)\"", Fault::Expansion, 8),
        ("NAME=a\u{0}b", Fault::Control, 7),
        ("NAME=a\rb", Fault::Control, 7),
        ("NAME=\u{1b}[31m", Fault::Control, 6),
    ];
    for (line, expected, column) in cases {
        assert_eq!(fault(line), (expected, column), "{line:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic_and_with_places_inside_of_it(text in any::<String>()) {
        let lines: Vec<_> = text.split('\n').collect();
        for line in parse(&text) {
            let (line, column) = match line {
                Ok(entry) => (entry.line, entry.column),
                Err(malformed) => (malformed.line, malformed.column),
            };
            prop_assert!(line <= lines.len());
            prop_assert!(column <= lines[line - 1].chars().count() + 1);
        }
    }

    #[test]
    fn lines_made_of_what_is_special_are_read_without_panic(text in "[A=\"'\\\\$(){} #\r\n\tä]{0,40}") {
        parse(&text).for_each(drop);
    }

    #[test]
    fn single_quotes_take_everything_to_the_letter(value in "[^'\\p{Cc}]*") {
        let line = format!("NAME='{value}'");
        let entry = parse(&line).next().unwrap().unwrap();
        prop_assert_eq!(entry.value, value);
    }
}
