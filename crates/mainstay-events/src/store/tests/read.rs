use mainstay_db::query;

use super::{Happened, noting, store, stream};
use crate::{Append, Event, Expected, Position, ReadError, Version};

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let store = store().await;
    for number in 0..10 {
        store.append(noting(number % 2, number)).await.expect("an append");
    }
    let positions = async |after, limit| -> Vec<u64> {
        let page = store.read_from(Position::new(after), limit).await.expect("a page");
        page.iter().map(|event| event.position.get()).collect()
    };
    assert_eq!(positions(0, 3).await, [1, 2, 3]);
    assert_eq!(positions(8, 100).await, [9, 10]);
    assert!(positions(10, 100).await.is_empty());
    assert!(positions(u64::MAX, 100).await.is_empty());

    let versions = async |after| -> Vec<u64> {
        let page = store.load_after(&stream(1), Version::new(after), 2).await.expect("a page");
        page.iter().map(|event| event.version.get()).collect()
    };
    assert_eq!(versions(0).await, [1, 2]);
    assert_eq!(versions(4).await, [5]);
    assert!(store.load(&stream("nowhere")).await.expect("no events").is_empty());
}

#[tokio::test]
async fn a_long_stream_is_read_whole() {
    let store = store().await;
    let events: Vec<_> = (0..2_001).map(Happened::Noted).collect();
    store
        .append(Append::new().events(&stream("long"), Expected::NoStream, &events))
        .await
        .expect("an append");
    let read = store.load(&stream("long")).await.expect("the stream");
    let read: Vec<Happened> = read.iter().map(|event| event.decode().expect("it reads")).collect();
    assert_eq!(read, events);
}

#[tokio::test]
async fn a_damaged_log_is_not_read_over() {
    let store = store().await;
    for number in 0..3 {
        store.append(noting("a", number)).await.expect("an append");
    }
    let mut write = store.inner.database.write().await.expect("the writer");
    let deleted = query("delete from es_event where position = 2").execute(&mut write).await;
    assert!(deleted.is_err(), "the log only grows");
    drop(write);
    let mut write = store.inner.database.write().await.expect("the writer");
    let trigger = query(mainstay_db::ByDialect {
        sqlite: "drop trigger es_event_is_never_deleted",
        postgres: "drop trigger es_event_is_never_deleted on es_event",
    });
    trigger.execute(&mut write).await.expect("the trigger goes");
    query("delete from es_event where position = 2").execute(&mut write).await.expect("the event goes");
    write.commit().await.expect("the commit");

    let error = store.read_from(Position::START, 10).await.expect_err("a gap");
    assert!(matches!(error, ReadError::Damaged { after: 1, found: 3 }), "{error:?}");
    let error = store.load(&stream("a")).await.expect_err("a gap");
    assert!(matches!(error, ReadError::Damaged { after: 1, found: 3 }), "{error:?}");
}

#[tokio::test]
async fn followers_are_woken() {
    let store = store().await;
    let mut head = store.watch();
    assert_eq!(*head.borrow_and_update(), Position::START);
    store.append(noting("a", 1)).await.expect("an append");
    head.changed().await.expect("the store lives");
    assert_eq!(*head.borrow_and_update(), Position::new(1));
    let refused = Append::new().events(&stream("a"), Expected::NoStream, &[Happened::Noted(2)]);
    store.append(refused).await.expect_err("a wrong version");
    assert!(!head.has_changed().expect("the store lives"));
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Other {}

impl Event for Other {
    fn event_type(&self) -> &'static str {
        "other"
    }
}

#[tokio::test]
async fn an_event_reads_as_its_own_type_only() {
    let store = store().await;
    store.append(noting("a", 1)).await.expect("an append");
    let events = store.load(&stream("a")).await.expect("the stream");
    let error = events[0].decode::<Other>().expect_err("another type");
    assert!(error.source.is_some() || error.event_type == "noted", "{error:?}");
    let mut renamed = events[0].clone();
    renamed.event_type = "named".into();
    let error = renamed.decode::<Happened>().expect_err("reads as an event of another name");
    assert!(error.source.is_none(), "{error:?}");
}
