//! Whether the summary of the ASVS table is that of its rows.

use std::collections::BTreeSet;

/// What a row may be.
const STATES: [&str; 3] = ["met", "partly", "not met"];

/// A row: its number, its level, and which of [`STATES`] it has.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Row<'a> {
    number: &'a str,
    level: usize,
    state: usize,
}

/// What is wrong: rows that come twice or say nothing, and lines of the summary that are not there.
pub(crate) fn check(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    let mut numbers = BTreeSet::new();
    for cells in text.lines().filter_map(cells) {
        match read(&cells) {
            Ok(row) if !numbers.insert(row.number) => {
                problems.push(format!("row {} comes twice", row.number));
            }
            Ok(row) => rows.push(row),
            Err(problem) => problems.push(problem),
        }
    }
    let missing = summary(&rows).into_iter().filter(|line| !text.lines().any(|other| other == line));
    problems.extend(missing.map(|line| format!("the summary lacks this line: {line}")));
    problems
}

/// The cells of a row of the table: a line that begins with a number such as 3.4.7.
fn cells(line: &str) -> Option<Vec<&str>> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.split('|').map(str::trim).collect();
    let parts = cells.first()?.split('.');
    let is_number = parts.clone().count() == 3 && parts.into_iter().all(|part| part.parse::<u8>().is_ok());
    is_number.then_some(cells)
}

fn read<'a>(cells: &[&'a str]) -> Result<Row<'a>, String> {
    let [number, level, _asked, state, how, ..] = cells else {
        return Err(format!("row {} lacks cells", cells.first().unwrap_or(&"")));
    };
    let level = ["L1", "L2", "L3"].iter().position(|known| known == level);
    let state = STATES.iter().position(|known| known == state);
    match (level, state) {
        (Some(level), Some(state)) if !how.is_empty() => Ok(Row { number, level, state }),
        _ => Err(format!("row {number} needs a level, one of {STATES:?}, and how")),
    }
}

/// The lines of the summary.
fn summary(rows: &[Row<'_>]) -> Vec<String> {
    let line = |name: &str, is_in: &dyn Fn(&Row<'_>) -> bool| {
        let count = |state| rows.iter().filter(|row| is_in(row) && row.state == state).count();
        let [met, partly, not_met] = [count(0), count(1), count(2)];
        format!("| {name} | {met} | {partly} | {not_met} | {} |", met + partly + not_met)
    };
    let mut lines: Vec<String> =
        (0..3).map(|level| line(&format!("L{}", level + 1), &|row| row.level == level)).collect();
    lines.push(line("all", &|_| true));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str =
        "| L1 | 1 | 0 | 0 | 1 |\n| L2 | 0 | 1 | 0 | 1 |\n| L3 | 0 | 0 | 1 | 1 |\n| all | 1 | 1 | 1 | 3 |\n";
    const ROWS: &str = "| 1.1.1 | L1 | one | met | so |\n| 1.1.2 | L2 | two | partly | so |\n";

    #[test]
    fn the_summary_is_that_of_the_rows() {
        let last = "| 1.1.10 | L3 | three | not met | because |\n";
        assert_eq!(check(&format!("{SUMMARY}{ROWS}{last}")), Vec::<String>::new());
        assert_eq!(check(&format!("{SUMMARY}{ROWS}")).len(), 2, "one level and the sum are other");
    }

    #[test]
    fn rows_are_judged() {
        for (row, expected) in [
            ("| 1.1.1 | L1 | again | met | so |", "row 1.1.1 comes twice"),
            ("| 9.1.1 | L1 | short |", "row 9.1.1 lacks cells"),
            ("| 9.1.1 | L4 | level | met | so |", "row 9.1.1 needs a level"),
            ("| 9.1.1 | L1 | state | perhaps | so |", "row 9.1.1 needs a level"),
            ("| 9.1.1 | L1 | how | met | |", "row 9.1.1 needs a level"),
        ] {
            let found = check(&format!("{ROWS}{row}"));
            assert!(found.iter().any(|problem| problem.starts_with(expected)), "{row}: {found:?}");
        }
    }
}
