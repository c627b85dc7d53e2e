//! What was ever written to a log stays readable: one file for each type and version of event.
//!
//! The file of the version that is written today is exactly what is written today. So whoever changes the shape
//! of a fact without raising its version fails here; whoever raises it adds a file and an upcaster, and leaves
//! the older files as they are.

use mainstay_events::{Event, Position, RecordedEvent, Version};
use rust_embed::RustEmbed;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Catalog, ClusterRuleset, Fact, Gone, Item, ItemGone, Name, Object, Ruleset, Schema};
use crate::domain::stream;

#[derive(RustEmbed)]
#[folder = "src/domain/golden/files"]
struct Files;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn object(value: Value) -> Object {
    serde_json::from_value(value).unwrap()
}

/// One of each type, with everything in it.
fn samples() -> Vec<Fact> {
    let schema = Schema {
        name: name("cars"),
        version: "1.0.0".into(),
        description: Some("what drives".into()),
        dimensions: vec![json!({"name": "seats", "type": "integer", "min": 1, "odd": 2.0})],
        invalid: true,
    };
    let ruleset = Ruleset {
        name: name("same-seats"),
        version: "1.0.0".into(),
        description: None,
        schema_name: name("cars"),
        rules: vec![
            json!({"name": "seats", "type": "requirement", "condition": {"equals": {"field": "seats"}}}),
        ],
        invalid: true,
    };
    let cluster_ruleset = ClusterRuleset {
        name: name("fleet"),
        version: "2".into(),
        description: Some("who drives together".into()),
        schema_name: name("cars"),
        pairwise_ruleset_name: name("same-seats"),
        rules: vec![json!({"name": "few", "type": "requirement", "condition": {}})],
        invalid: true,
    };
    let uid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
    let catalog = Catalog {
        uid,
        name: name("garage"),
        description: Some("mine".into()),
        schema_name: name("cars"),
        metadata: object(json!({"place": "cellar"})),
    };
    let item = Item {
        catalog_uid: uid,
        catalog_name: name("garage"),
        item_id: name("mini"),
        name: "Mini".into(),
        attributes: object(json!({"seats": 4, "colour": null})),
        metadata: object(json!({"since": 1969})),
        invalid: true,
    };
    let gone = |text| Gone { name: name(text) };
    vec![
        Fact::SchemaCreated(schema.clone()),
        Fact::SchemaChanged(schema),
        Fact::SchemaDeleted(gone("cars")),
        Fact::RulesetCreated(ruleset.clone()),
        Fact::RulesetChanged(ruleset),
        Fact::RulesetDeleted(gone("same-seats")),
        Fact::ClusterRulesetCreated(cluster_ruleset.clone()),
        Fact::ClusterRulesetChanged(cluster_ruleset),
        Fact::ClusterRulesetDeleted(gone("fleet")),
        Fact::CatalogCreated(catalog.clone()),
        Fact::CatalogChanged(catalog),
        Fact::CatalogDeleted(gone("garage")),
        Fact::ItemCreated(item.clone()),
        Fact::ItemChanged(item),
        Fact::ItemDeleted(ItemGone { catalog_uid: uid, catalog_name: name("garage"), item_id: name("mini") }),
    ]
}

fn file(event_type: &str, version: u32) -> String {
    format!("{event_type}.v{version}.json")
}

fn stored(event_type: &str, schema_version: u32, payload: String) -> RecordedEvent {
    RecordedEvent {
        position: Position::new(1),
        stream: stream::named(super::Kind::Schema, &name("golden")),
        version: Version::new(1),
        id: Uuid::nil(),
        event_type: event_type.to_owned(),
        schema_version,
        payload,
        meta: None,
        correlation_id: None,
        causation_id: None,
        actor: None,
        recorded_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn what_is_written_today_is_what_the_files_say() {
    for fact in samples() {
        let file = file(fact.event_type(), fact.schema_version());
        let written = serde_json::to_value(&fact).unwrap();
        let kept = Files::get(&file).unwrap_or_else(|| {
            panic!("{file} is missing:\n{}", serde_json::to_string_pretty(&written).unwrap())
        });
        let kept: Value = serde_json::from_slice(&kept.data).unwrap();
        // As text: the order of keys counts for what clients sent.
        assert_eq!(
            written.to_string(),
            kept.to_string(),
            "{file}: the shape was changed; raise the version, add a file and an upcaster"
        );
    }
}

#[test]
fn facts_read_as_they_were_written() {
    for fact in samples() {
        let payload = serde_json::to_string(&fact).unwrap();
        // The name in the log is that of the variant: both are there for ever.
        assert!(payload.starts_with(&format!("{{\"{}\":", fact.event_type())), "{payload}");
        assert_eq!(serde_json::from_str::<Fact>(&payload).unwrap(), fact);
    }
}

#[test]
fn every_version_ever_written_reads_as_an_event_of_today() {
    let samples = samples();
    for (event_type, current) in Fact::upcasters().types() {
        let sample = samples.iter().find(|fact| fact.event_type() == event_type);
        let sample = sample.unwrap_or_else(|| panic!("no sample of {event_type}"));
        assert_eq!(sample.schema_version(), current, "{event_type}");
        for version in 1..=current {
            let file = file(event_type, version);
            let kept = Files::get(&file).unwrap_or_else(|| panic!("{file} is missing"));
            let payload = String::from_utf8(kept.data.into_owned()).unwrap();
            let event = stored(event_type, version, payload);
            let (once, again) = (event.decode::<Fact>().unwrap(), event.decode::<Fact>().unwrap());
            assert_eq!(once, again, "{file}: the same each time");
            assert_eq!(&once, sample, "{file}");
        }
    }
    let declared = Fact::upcasters().types().count();
    assert_eq!(declared, samples.len(), "each type is declared");
    // Nothing lies about that no type claims.
    let names: Vec<_> = Files::iter().collect();
    let versions: u32 = Fact::upcasters().types().map(|(_, version)| version).sum();
    assert_eq!(names.len(), versions as usize, "{names:?}");
}

#[test]
fn the_upcasters_are_whole() {
    Fact::upcasters().check().unwrap();
}

#[test]
fn an_event_of_a_later_build_is_not_guessed_at() {
    let sample = samples().remove(0);
    let payload = serde_json::to_string(&sample).unwrap();
    let later = stored(sample.event_type(), sample.schema_version() + 1, payload);
    assert!(later.decode::<Fact>().is_err());
}
