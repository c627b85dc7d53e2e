//! Steps that hurt a service that is running: see [`LintRule`].

use std::fmt;

use super::text::{Statement, statements};
use super::{MigrationId, Migrations};
use crate::Dialect;

/// A step that hurts.
///
/// A release is rolled out while the one before it still serves: for some minutes both use one schema, and whatever
/// takes a lock makes everybody wait. What was created in the same file is nobody's yet, and nothing is found there.
/// Where a step is meant, the file says so: `-- lint: allow previous-release-needs-it because 0.8 was the last to
/// read it`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LintRule {
    /// PostgreSQL: `create index` without `concurrently`.
    IndexLocksWrites,
    /// A required column without a default.
    ColumnWithoutDefault,
    /// PostgreSQL: a column whose default is another one in each row.
    ColumnRewritesTable,
    /// PostgreSQL: another type for a column.
    TypeRewritesTable,
    /// PostgreSQL: a column that becomes required.
    NotNullScansTable,
    /// PostgreSQL: a foreign key or check that is looked after for all rows at once.
    ConstraintScansTable,
    /// A table or column that is dropped or renamed.
    PreviousReleaseNeedsIt,
    /// A waiver that names no rule, or gives no reason.
    BadWaiver,
}

/// A dangerous step of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintFinding {
    /// The migration.
    pub id: MigrationId,
    /// The database whose file it is.
    pub dialect: Dialect,
    /// The line in its `.up.sql`, from 1.
    pub line: usize,
    /// The rule.
    pub rule: LintRule,
}

impl LintRule {
    const THAT_CAN_BE_WAIVED: [Self; 7] = [
        Self::IndexLocksWrites,
        Self::ColumnWithoutDefault,
        Self::ColumnRewritesTable,
        Self::TypeRewritesTable,
        Self::NotNullScansTable,
        Self::ConstraintScansTable,
        Self::PreviousReleaseNeedsIt,
    ];

    /// The name that waivers use.
    pub fn name(self) -> &'static str {
        match self {
            Self::IndexLocksWrites => "index-locks-writes",
            Self::ColumnWithoutDefault => "column-without-default",
            Self::ColumnRewritesTable => "column-rewrites-table",
            Self::TypeRewritesTable => "type-rewrites-table",
            Self::NotNullScansTable => "not-null-scans-table",
            Self::ConstraintScansTable => "constraint-scans-table",
            Self::PreviousReleaseNeedsIt => "previous-release-needs-it",
            Self::BadWaiver => "bad-waiver",
        }
    }

    /// What is wrong, in a sentence without its full stop.
    pub fn why(self) -> &'static str {
        match self {
            Self::IndexLocksWrites => "nobody can write to the table while the index is built",
            Self::ColumnWithoutDefault => {
                "the release before this one inserts rows without the column, and fails"
            }
            Self::ColumnRewritesTable => "the table is written anew, and nobody can use it meanwhile",
            Self::TypeRewritesTable => {
                "the table is written anew, and the release before expects the old type"
            }
            Self::NotNullScansTable => "all rows are looked at while nobody can use the table",
            Self::ConstraintScansTable => "all rows are looked at while nobody can write to the table",
            Self::PreviousReleaseNeedsIt => {
                "the release before this one still uses it while this one is rolled out"
            }
            Self::BadWaiver => "a waiver names a rule and says why",
        }
    }

    /// What to do instead.
    pub fn cure(self) -> &'static str {
        match self {
            Self::IndexLocksWrites => {
                "write `create index concurrently if not exists` into a file of its own that begins with \
                 `-- outside a transaction`"
            }
            Self::ColumnWithoutDefault => "give it a default, or let it be null until a later release",
            Self::ColumnRewritesTable => "add it without a default, and fill it in batches",
            Self::TypeRewritesTable => {
                "add a second column, fill it in batches, and drop the old one a release later"
            }
            Self::NotNullScansTable => {
                "add `check (… is not null) not valid`, and `validate constraint` in a later migration"
            }
            Self::ConstraintScansTable => {
                "add it `not valid`, and `validate constraint` in a later migration"
            }
            Self::PreviousReleaseNeedsIt => {
                "drop it one release later; where nothing uses it any more, say so with a waiver"
            }
            Self::BadWaiver => "write `-- lint: allow RULE because REASON`",
        }
    }
}

/// `shop/0003_add_prices (sqlite), line 4: …`
impl fmt::Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, dialect, line, rule } = self;
        write!(f, "{id} ({}), line {line}: {} [{}]", dialect.folder(), rule.why(), rule.name())
    }
}

impl Migrations {
    /// Dangerous steps in the migrations for one database, of those that are asked for. It looks at the files only.
    pub fn lint(&self, dialect: Dialect, is_asked_for: impl Fn(&MigrationId) -> bool) -> Vec<LintFinding> {
        let asked = self.all.iter().filter(|migration| is_asked_for(&migration.id));
        let scripts = asked.filter_map(|migration| Some((&migration.id, migration.script(dialect)?)));
        let findings = scripts.flat_map(|(id, script)| {
            let found = lint(&script.up, dialect);
            found.into_iter().map(move |(line, rule)| LintFinding { id: id.clone(), dialect, line, rule })
        });
        findings.collect()
    }
}

fn lint(sql: &str, dialect: Dialect) -> Vec<(usize, LintRule)> {
    let (waived, mut found) = waivers(sql);
    let statements = statements(sql);
    let created: Vec<&str> = statements.iter().filter_map(created_table).collect();
    for statement in &statements {
        let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
        if touched_table(&words).is_some_and(|table| created.contains(&table)) {
            continue;
        }
        let rules = judge(&words, dialect).into_iter().filter(|rule| !waived.contains(rule));
        found.extend(rules.map(|rule| (statement.line, rule)));
    }
    found
}

/// The rules that the file waives, and the waivers that do not count.
fn waivers(sql: &str) -> (Vec<LintRule>, Vec<(usize, LintRule)>) {
    let (mut waived, mut bad) = (Vec::new(), Vec::new());
    for (index, line) in sql.lines().enumerate() {
        let Some(waiver) = line.trim_start().strip_prefix("-- lint:") else { continue };
        let parsed = waiver.trim_start().strip_prefix("allow ").and_then(|rest| rest.split_once(" because "));
        let named = parsed.filter(|(_, reason)| !reason.trim().is_empty()).map(|(name, _)| name.trim());
        match LintRule::THAT_CAN_BE_WAIVED.into_iter().find(|rule| Some(rule.name()) == named) {
            Some(rule) => waived.push(rule),
            None => bad.push((index + 1, LintRule::BadWaiver)),
        }
    }
    (waived, bad)
}

fn created_table(statement: &Statement) -> Option<&str> {
    let mut words = statement.words.iter().map(String::as_str);
    if words.next() != Some("create") {
        return None;
    }
    let mut words = words.skip_while(|word| matches!(*word, "temporary" | "temp" | "unlogged"));
    if words.next() != Some("table") {
        return None;
    }
    words.find(|word| !matches!(*word, "if" | "not" | "exists"))
}

/// The table that an `alter table`, a `create index` or a `drop table` is about.
fn touched_table<'a>(words: &[&'a str]) -> Option<&'a str> {
    let rest = match words {
        ["alter" | "drop", "table", rest @ ..] => rest,
        ["create", ..] if words.contains(&"index") => {
            let on = words.iter().position(|word| *word == "on")?;
            &words[on + 1..]
        }
        _ => return None,
    };
    rest.iter().find(|word| !matches!(**word, "if" | "exists" | "only")).copied()
}

fn judge(words: &[&str], dialect: Dialect) -> Vec<LintRule> {
    let is_postgres = dialect == Dialect::Postgres;
    match words {
        ["create", "index", ..] | ["create", "unique", "index", ..] => {
            let locks = is_postgres && !words.contains(&"concurrently");
            if locks { vec![LintRule::IndexLocksWrites] } else { Vec::new() }
        }
        ["drop", "table" | "view", ..] => vec![LintRule::PreviousReleaseNeedsIt],
        ["alter", "table", ..] => {
            let actions = words.split(|word| *word == ",");
            actions.flat_map(|action| judge_action(action, is_postgres)).collect()
        }
        _ => Vec::new(),
    }
}

/// One action of an `alter table`; the first one has the name of the table before it.
fn judge_action(words: &[&str], is_postgres: bool) -> Vec<LintRule> {
    let has = |sequence: &[&str]| words.windows(sequence.len()).any(|window| window == sequence);
    let after =
        |word: &str| words.iter().position(|one| *one == word).and_then(|at| words.get(at + 1)).copied();
    let mut found = Vec::new();
    let drops = after("drop");
    let keeps = ["constraint", "default", "not", "expression", "identity"];
    if has(&["rename"]) || drops.is_some_and(|what| !keeps.contains(&what)) {
        found.push(LintRule::PreviousReleaseNeedsIt);
    }
    match after("add") {
        Some("constraint" | "foreign" | "check" | "primary" | "unique") => {
            let scans = has(&["foreign", "key"]) || has(&["check"]);
            if is_postgres && scans && !has(&["not", "valid"]) {
                found.push(LintRule::ConstraintScansTable);
            }
        }
        Some(_) => {
            let default = after("default");
            if has(&["not", "null"]) && default.is_none() && !has(&["generated"]) {
                found.push(LintRule::ColumnWithoutDefault);
            }
            if is_postgres && default.is_some_and(differs) {
                found.push(LintRule::ColumnRewritesTable);
            }
        }
        None => {}
    }
    if is_postgres && has(&["alter"]) && has(&["type"]) {
        found.push(LintRule::TypeRewritesTable);
    }
    if is_postgres && has(&["set", "not", "null"]) {
        found.push(LintRule::NotNullScansTable);
    }
    found
}

/// Whether a default is another one in each row. `now()` is the same for the whole statement.
fn differs(default: &str) -> bool {
    matches!(default, "random" | "gen_random_uuid" | "uuid_generate_v4" | "clock_timestamp" | "nextval")
}

#[cfg(test)]
mod tests {
    use super::LintRule::{
        BadWaiver, ColumnRewritesTable, ColumnWithoutDefault, ConstraintScansTable, IndexLocksWrites,
        NotNullScansTable, PreviousReleaseNeedsIt, TypeRewritesTable,
    };
    use super::{LintRule, lint};
    use crate::Dialect;

    #[test]
    fn each_rule_finds_its_step_on_its_database() {
        let table: [(&str, &[LintRule], &[LintRule]); 22] = [
            ("create index i on part (a)", &[IndexLocksWrites], &[]),
            ("create unique index i on part (a)", &[IndexLocksWrites], &[]),
            ("create index concurrently if not exists i on part (a)", &[], &[]),
            ("alter table part add column a text not null", &[ColumnWithoutDefault], &[ColumnWithoutDefault]),
            ("alter table part add a text not null default ''", &[], &[]),
            ("alter table part add column a text", &[], &[]),
            ("alter table part add column a uuid default gen_random_uuid()", &[ColumnRewritesTable], &[]),
            ("alter table part add column a timestamptz default now()", &[], &[]),
            ("alter table part alter column a type bigint", &[TypeRewritesTable], &[]),
            ("alter table part alter column a set data type bigint", &[TypeRewritesTable], &[]),
            ("alter table part alter column a set not null", &[NotNullScansTable], &[]),
            ("alter table part alter column a drop not null", &[], &[]),
            ("alter table part alter column a drop default", &[], &[]),
            ("alter table part add constraint c check (a > 0)", &[ConstraintScansTable], &[]),
            ("alter table part add constraint c check (a > 0) not valid", &[], &[]),
            ("alter table part add foreign key (a) references b (id)", &[ConstraintScansTable], &[]),
            ("alter table part validate constraint c", &[], &[]),
            ("alter table part drop constraint c", &[], &[]),
            ("alter table part drop column a", &[PreviousReleaseNeedsIt], &[PreviousReleaseNeedsIt]),
            ("alter table part rename column a to b", &[PreviousReleaseNeedsIt], &[PreviousReleaseNeedsIt]),
            ("drop table part", &[PreviousReleaseNeedsIt], &[PreviousReleaseNeedsIt]),
            (
                "create table part (a text not null); create index i on part (a); drop table if exists part",
                &[],
                &[],
            ),
        ];
        for (sql, on_postgres, on_sqlite) in table {
            let rules =
                |dialect| lint(sql, dialect).into_iter().map(|(_, rule)| rule).collect::<Vec<LintRule>>();
            assert_eq!(rules(Dialect::Postgres), on_postgres, "{sql}");
            assert_eq!(rules(Dialect::Sqlite), on_sqlite, "{sql}");
        }
    }

    #[test]
    fn several_actions_are_judged_one_by_one_and_lines_are_named() {
        let sql = "-- Prices.\n\nalter table part\n  add column a text not null,\n  drop column b;\n\n\
                   drop table c;";
        let expected = [(3, ColumnWithoutDefault), (3, PreviousReleaseNeedsIt), (7, PreviousReleaseNeedsIt)];
        assert_eq!(lint(sql, Dialect::Postgres), expected);
    }

    #[test]
    fn a_waiver_names_its_rule_and_its_reason() {
        let waived = "-- lint: allow previous-release-needs-it because nothing reads it since 0.3\n\
                      drop table part;";
        assert_eq!(lint(waived, Dialect::Sqlite), []);
        let other = "-- lint: allow index-locks-writes because it is small\ndrop table part;";
        assert_eq!(lint(other, Dialect::Sqlite), [(2, PreviousReleaseNeedsIt)]);
        let bad = [
            "allow previous-release-needs-it",
            "allow nonsense because x",
            "allow index-locks-writes because ",
            "yes",
        ];
        for bad in bad {
            let sql = format!("-- lint: {bad}\ndrop table part;");
            assert_eq!(lint(&sql, Dialect::Sqlite), [(1, BadWaiver), (2, PreviousReleaseNeedsIt)], "{bad}");
        }
    }
}
