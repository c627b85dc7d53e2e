//! Decisions, without a store: what each command does in each state.

use jiff::Timestamp;
use mainstay_events::Version;
use serde_json::{Value, json};
use uuid::Uuid;

use super::import::{ImportOptions, ImportSchemas};
use super::*;
use crate::domain::{Catalog, ClusterRuleset, Item, Kind, Name, Object, Ruleset, Schema, Slot, Stored};
use crate::engine::Problem;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn schema() -> Schema {
    let dimensions = vec![json!({"name": "seats", "type": "integer", "required": true})];
    Schema { name: name("cars"), version: "1.0.0".into(), description: None, dimensions, invalid: false }
}

fn ruleset(text: &str) -> Ruleset {
    Ruleset {
        name: name(text),
        version: "1.0.0".into(),
        description: None,
        schema_name: name("cars"),
        rules: Vec::new(),
        invalid: false,
    }
}

fn catalog() -> Catalog {
    let (uid, metadata) = (Uuid::from_u128(7), Object::new());
    Catalog { uid, name: name("garage"), description: None, schema_name: name("cars"), metadata }
}

fn item(attributes: &Value) -> Item {
    Item {
        catalog_uid: Uuid::from_u128(7),
        catalog_name: name("garage"),
        item_id: name("mini"),
        name: "Mini".into(),
        attributes: attributes.as_object().unwrap().clone(),
        metadata: Object::new(),
        invalid: false,
    }
}

fn stored<T>(content: T, revision: u64) -> Stored<T> {
    Stored {
        id: 1,
        revision: Version::new(revision),
        tag: revision,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        item_count: 0,
        content,
    }
}

fn taken<T>(content: T, revision: u64) -> Slot<T> {
    Slot::Taken(Box::new(stored(content, revision)))
}

fn vacant<T>(last: u64) -> Slot<T> {
    Slot::Vacant(Version::new(last))
}

#[test]
fn a_name_is_used_again_behind_its_last_owner() {
    let create = CreateSchema { schema: schema() };
    for last in [0, 5] {
        let decision = create.decide(vacant(last)).unwrap();
        assert_eq!(decision.changes, Changes::none().create(Version::new(last), schema()));
    }
    let refused = create.decide(taken(schema(), 1));
    assert_eq!(refused.unwrap_err(), DomainError::AlreadyExists { kind: Kind::Schema, name: name("cars") });
}

#[test]
fn what_is_created_rests_on_what_it_refers_to() {
    let create = CreateRuleset { ruleset: ruleset("pairs"), strictness: Strictness::Default };
    let decision = create.decide((vacant(0), Some(stored(schema(), 3)))).unwrap();
    let expected = Changes::none().create(Version::new(0), ruleset("pairs")).rests_on(&stored(schema(), 3));
    assert_eq!(decision.changes, expected);
    assert_ne!(decision.changes, Changes::none().create(Version::new(0), ruleset("pairs")));
    let refused = create.decide((vacant(0), None)).unwrap_err();
    assert_eq!(refused.to_string(), "Schema 'cars' not found");
    let refused = create.decide((taken(ruleset("pairs"), 1), None)).unwrap_err();
    assert_eq!(refused.to_string(), "RuleSet 'pairs' already exists");
}

#[test]
fn the_same_content_is_no_change() {
    let change = ChangeSchema {
        name: name("cars"),
        version: Some("1.0.0".into()),
        description: None,
        dimensions: Some(schema().dimensions),
        precondition: Precondition::OneOf(vec![4]),
        strictness: Strictness::Default,
    };
    assert!(change.decide(Some(stored(schema(), 4))).unwrap().changes.is_none());
    let refused = change.decide(Some(stored(schema(), 5))).unwrap_err();
    assert_eq!(refused, DomainError::Changed { kind: Kind::Schema, name: name("cars"), tag: 5 });
    assert_eq!(change.decide(None).unwrap_err().to_string(), "Schema 'cars' not found");
}

#[test]
fn what_depends_goes_first() {
    let delete = DeleteRuleset { name: name("pairs"), precondition: Precondition::None };
    let dependent = ClusterRuleset {
        name: name("sets"),
        version: String::new(),
        description: None,
        schema_name: name("cars"),
        pairwise_ruleset_name: name("pairs"),
        rules: Vec::new(),
        invalid: false,
    };
    let decision = delete.decide(Some((stored(ruleset("pairs"), 2), vec![stored(dependent, 3)]))).unwrap();
    let subjects: Vec<_> = decision.changes.facts().map(|fact| fact.subject().kind).collect();
    assert_eq!(subjects, [Kind::ClusterRuleset, Kind::Ruleset]);
    assert_eq!(decision.outcome.with_it.as_deref(), Some("Deleted with it: cluster ruleset 'sets'"));
}

#[test]
fn long_accounts_are_cut() {
    let delete = DeleteSchema { name: name("cars"), precondition: Precondition::None };
    let rulesets = (0..25).map(|index| stored(ruleset(&format!("r{index}")), 1)).collect();
    let dependents = schema::SchemaDependents { rulesets, ..Default::default() };
    let decision = delete.decide(Some((stored(schema(), 1), dependents))).unwrap();
    assert_eq!(decision.changes.facts().count(), 26);
    assert!(decision.outcome.with_it.unwrap().ends_with("'r19', 5 more"));
}

#[test]
fn contents_are_judged_as_the_table_says() {
    use Strictness::{Default, Lenient, Strict};

    let problem = |code| vec![Problem { field: "f".into(), code, message: "m".into() }];
    let judge = |strictness: Strictness, bad: bool, odd: bool| {
        let problems = if bad { problem("bad") } else { Vec::new() };
        let warnings = if odd { problem("odd") } else { Vec::new() };
        strictness
            .judge::<Item>(problems, warnings)
            .map(|verdict| (verdict.invalid, verdict.warnings.len()))
            .ok()
    };
    let rows = [
        (Default, [Some((false, 0)), Some((false, 1)), None, None]),
        (Lenient, [Some((false, 0)), Some((false, 1)), Some((true, 1)), Some((true, 2))]),
        (Strict, [Some((false, 0)), None, None, None]),
    ];
    for (strictness, expected) in rows {
        let got = [(false, false), (false, true), (true, false), (true, true)]
            .map(|(bad, odd)| judge(strictness, bad, odd));
        assert_eq!(got, expected, "{strictness:?}");
    }
}

#[test]
fn an_item_rests_on_its_catalogue_and_the_schema_it_was_checked_against() {
    let create = CreateItem {
        catalog_name: name("garage"),
        item_id: name("mini"),
        name: "Mini".into(),
        attributes: json!({"seats": 4}).as_object().unwrap().clone(),
        metadata: Object::new(),
        strictness: Strictness::Default,
    };
    let surroundings =
        |slot| item::ItemSurroundings { catalog: stored(catalog(), 2), schema: stored(schema(), 3), slot };
    let decision = create.decide(Some(surroundings(vacant(0)))).unwrap();
    let expected = Changes::none()
        .create(Version::new(0), item(&json!({"seats": 4})))
        .rests_on(&stored(catalog(), 2))
        .rests_on(&stored(schema(), 3));
    assert_eq!(decision.changes, expected);
    assert_eq!(create.decide(None).unwrap_err().to_string(), "Catalog 'garage' not found");
    let refused = create.decide(Some(surroundings(taken(item(&json!({})), 1)))).unwrap_err();
    assert_eq!(refused.to_string(), "Item 'mini' already exists in catalog");
}

#[test]
fn contents_have_bounds() {
    let mut large = schema();
    large.description = Some("x".repeat(MAX_CONTENT_BYTES));
    let refused = CreateSchema { schema: large }.decide(vacant(0)).unwrap_err();
    assert!(matches!(refused, DomainError::TooLarge { limit: MAX_CONTENT_BYTES, .. }));
    let mut deep = schema();
    let nested = (0..MAX_CONTENT_DEPTH).fold(json!(1), |inner, _| json!([inner]));
    deep.dimensions = vec![json!({"name": "a", "type": "string", "more": nested})];
    let refused = CreateSchema { schema: deep }.decide(vacant(0)).unwrap_err();
    assert!(matches!(refused, DomainError::TooDeep { .. }));
}

#[test]
fn an_import_takes_what_it_can_and_only_once() {
    let row =
        |text: &str| json!({"name": text, "version": "1.0.0", "dimensions": []}).as_object().unwrap().clone();
    let rows = vec![row("cars"), row("boats"), row("boats"), Object::new()];
    let import = ImportSchemas { rows, options: ImportOptions::default() };
    let slots = [(name("cars"), taken(schema(), 1)), (name("boats"), vacant(2))].into_iter().collect();
    let decision = import.decide(slots).unwrap();
    assert_eq!(decision.changes.facts().count(), 1);
    assert_eq!(
        decision.outcome.errors,
        [
            "Schema 'cars' already exists",
            "Schema 'boats' already exists",
            "Error importing schema 'unknown': 'name'",
        ]
    );
}
