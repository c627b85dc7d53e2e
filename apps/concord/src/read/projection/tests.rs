//! The read model is a function of the log: built anew, it comes out the same.

use mainstay_core::{Clock, Tasks};
use mainstay_db::{Database, DatabaseSettings, DatabaseUrl, MigratedBy, Value, query_assembled};
use mainstay_events::{InlineProjection, Position};
use mainstay_testkit::servers::TestDatabase;
use serde_json::json;
use uuid::Uuid;

use super::ReadModel;
use crate::commands::import::{ImportCatalogs, ImportOptions, ImportRulesets, ImportSchemas};
use crate::commands::{
    ChangeItem, CreateItem, DeleteCatalog, DeleteItem, DeleteSchema, Precondition, Strictness,
};
use crate::domain::{Name, Object};
use crate::ledger::{Ledger, Origin};
use crate::service::migrations;

const TABLES: [&str; 6] = ["schema", "ruleset", "cluster_ruleset", "catalog", "item", "retired_stream"];

async fn database(clock: &Clock) -> Database {
    let url = DatabaseUrl::parse(&TestDatabase::by_environment().keep()).unwrap();
    let database = Database::open(&DatabaseSettings::new(url), clock).await.unwrap();
    let by = MigratedBy { version: "test".into(), instance: "test".into() };
    migrations().up(&database, clock, None, &by).await.unwrap();
    database
}

/// All rows of the read model.
async fn rows(database: &Database) -> Vec<Vec<Box<[Value]>>> {
    let mut read = database.read().await.unwrap();
    let mut tables = Vec::new();
    for table in TABLES {
        let all =
            query_assembled(format!("select * from {table} order by 1")).fetch_all(&mut read).await.unwrap();
        tables.push(all.into_iter().map(mainstay_db::Row::into_values).collect());
    }
    tables
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn object(value: serde_json::Value) -> Object {
    serde_json::from_value(value).unwrap()
}

fn create_item(id: &str) -> CreateItem {
    CreateItem {
        catalog_name: name("garage"),
        item_id: name(id),
        name: id.to_owned(),
        attributes: object(json!({"doors": 3})),
        metadata: Object::new(),
        strictness: Strictness::Default,
    }
}

/// Something of everything: creations, changes, deletions with and without what depends, names used again.
async fn live(ledger: &Ledger) {
    let (origin, options) = (Origin::default(), ImportOptions::default());
    let long = "x".repeat(128);
    let schemas = ["cars", "boats", &long]
        .map(|name| object(json!({"name": name, "version": "1.0.0", "dimensions": []})))
        .to_vec();
    let rulesets = ["cars", "boats"]
        .map(|schema| object(json!({"name": schema, "version": "1.0.0", "schema_ref": schema, "rules": []})))
        .to_vec();
    let items: Vec<_> =
        (0..300).map(|id| json!({"id": id.to_string(), "name": "x", "attributes": {}})).collect();
    let catalogs = [
        (Uuid::from_u128(1), object(json!({"name": "garage", "schema_ref": "cars", "items": items}))),
        (Uuid::from_u128(2), object(json!({"name": "harbour", "schema_ref": "boats", "items": items[..3]}))),
    ];
    for round in 0..2 {
        ledger.carry_out(&ImportSchemas { rows: schemas.clone(), options }, &origin).await.unwrap();
        ledger.carry_out(&ImportRulesets { rows: rulesets.clone(), options }, &origin).await.unwrap();
        let rows =
            catalogs.iter().map(|(uid, row)| (Uuid::from_u128(uid.as_u128() + round * 10), row.clone()));
        ledger.carry_out(&ImportCatalogs { rows: rows.collect(), options }, &origin).await.unwrap();
        for id in ["one", "two"] {
            ledger.carry_out(&create_item(id), &origin).await.unwrap();
        }
        let change = ChangeItem {
            catalog_name: name("garage"),
            item_id: name("one"),
            name: Some("1".into()),
            attributes: None,
            metadata: None,
            precondition: Precondition::None,
            strictness: Strictness::Default,
        };
        ledger.carry_out(&change, &origin).await.unwrap();
        let (catalog_name, item_id) = (name("garage"), name("two"));
        let delete = DeleteItem { catalog_name, item_id, precondition: Precondition::None };
        ledger.carry_out(&delete, &origin).await.unwrap();
        if round == 0 {
            let delete = DeleteCatalog { name: name("garage"), precondition: Precondition::None };
            ledger.carry_out(&delete, &origin).await.unwrap();
            let delete = DeleteSchema { name: name("boats"), precondition: Precondition::None };
            ledger.carry_out(&delete, &origin).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_model_can_be_built_again() {
    let clock = Clock::system();
    let lived = database(&clock).await;
    let ledger = Ledger::open(lived.clone(), clock.clone(), &Tasks::new());
    live(&ledger).await;
    let events = ledger.events().read_from(Position::START, 10_000).await.unwrap();

    // Whatever the sizes of the pieces, and so wherever runs of new items are cut.
    for size in [events.len(), 1, 7] {
        let rebuilt = database(&clock).await;
        for piece in events.chunks(size) {
            let mut write = rebuilt.write().await.unwrap();
            ReadModel.apply(&mut write, piece).await.unwrap();
            write.commit().await.unwrap();
        }
        assert_eq!(rows(&rebuilt).await, rows(&lived).await, "pieces of {size}");
    }
}

#[tokio::test]
async fn a_fact_that_does_not_fit_the_model_is_refused() {
    let clock = Clock::system();
    let lived = database(&clock).await;
    let ledger = Ledger::open(lived, clock.clone(), &Tasks::new());
    live(&ledger).await;
    let events = ledger.events().read_from(Position::START, 10_000).await.unwrap();
    for kind in [
        "ruleset_created",
        "catalog_created",
        "item_created",
        "item_changed",
        "item_deleted",
        "schema_deleted",
    ] {
        let event = events.iter().find(|event| event.event_type == kind).unwrap();
        // Out of its order, alone on an empty model.
        let other = database(&clock).await;
        let mut write = other.write().await.unwrap();
        let refused = ReadModel.apply(&mut write, std::slice::from_ref(event)).await;
        assert!(refused.is_err(), "{kind}");
    }
}
