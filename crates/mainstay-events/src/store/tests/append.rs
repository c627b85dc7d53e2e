use mainstay_core::{Clock, random};

use super::{Happened, check_invariants, noting, open, open_as_told, store, stream};
use crate::{Append, AppendError, EventStore, Expected, InvalidAppend, Limits, Position, Version};

#[tokio::test]
async fn an_append_of_many_streams_is_one() {
    let store = store().await;
    store.append(noting("b", 0)).await.expect("a first event");
    let (request, cause) = (random::uuid(&Clock::system()), random::uuid(&Clock::system()));
    let append = Append::new()
        .correlation(request)
        .causation(cause)
        .actor("ada")
        .meta(&["import", "7"])
        .events(&stream("c"), Expected::NoStream, &[Happened::Noted(1), Happened::Noted(2)])
        .events(&stream("a"), Expected::NoStream, &[Happened::Named { name: "ü".into() }])
        .events(&stream("b"), Expected::Exact(Version::new(1)), &[Happened::Noted(3)])
        .check(&stream("d"), Expected::NoStream);
    let done = store.append(append).await.expect("an append");
    assert_eq!((done.first, done.last, done.repeated), (Position::new(2), Position::new(5), false));
    let versions: Vec<_> =
        done.versions.iter().map(|(stream, version)| (stream.name(), version.get())).collect();
    assert_eq!(versions, [("a", 1), ("b", 2), ("c", 2)]);
    assert_eq!(done.version_of(&stream("c")), Some(Version::new(2)));
    assert_eq!(done.version_of(&stream("d")), None, "a check writes nothing");

    let log = check_invariants(&store).await;
    let names: Vec<_> = log.iter().map(|event| event.stream.name()).collect();
    assert_eq!(names, ["b", "c", "c", "a", "b"], "in the order of the parts");
    let event = &log[3];
    assert_eq!(event.decode::<Happened>().expect("it reads"), Happened::Named { name: "ü".into() });
    assert_eq!(event.event_type, "named");
    assert_eq!((event.correlation_id, event.causation_id), (Some(request), Some(cause)));
    assert_eq!((event.actor.as_deref(), event.meta.as_deref()), (Some("ada"), Some(r#"["import","7"]"#)));
    assert_eq!(event.id.get_version_num(), 7);
    assert_eq!(store.version(&stream("d")).await.expect("a version"), None);
}

#[tokio::test]
async fn one_wrong_expectation_refuses_all() {
    let store = store().await;
    store.append(noting("there", 0)).await.expect("a first event");
    let append = Append::new()
        .events(&stream("fine"), Expected::NoStream, &[Happened::Noted(1)])
        .check(&stream("there"), Expected::Exact(Version::new(2)));
    let error = store.append(append).await.expect_err("a wrong version");
    let AppendError::WrongVersion { stream: named, expected, actual } = &error else { panic!("{error:?}") };
    assert_eq!((named, *actual), (&stream("there"), Some(Version::new(1))));
    assert_eq!(*expected, Expected::Exact(Version::new(2)));
    assert_eq!(error.to_string(), "stream test-there was expected to be at version 2 and is at version 1");
    assert_eq!(check_invariants(&store).await.len(), 1);
}

#[tokio::test]
async fn what_no_store_would_take_is_named() {
    let limits = Limits { events: 3, streams: 2, payload_bytes: 40, total_bytes: 60 };
    let database = open(&mainstay_db::DatabaseSettings::in_memory()).await;
    let store = EventStore::with_limits(database, Clock::system(), Vec::new(), limits);
    let invalid = async |append: Append| match store.append(append).await {
        Err(AppendError::Invalid(invalid)) => invalid,
        other => panic!("{other:?}"),
    };
    let named = |length| Happened::Named { name: "x".repeat(length) };
    let to = |name| (stream(name), Expected::Any);
    let (a, any) = to("a");

    assert!(matches!(invalid(Append::new()).await, InvalidAppend::Empty));
    assert!(matches!(invalid(Append::new().check(&a, any)).await, InvalidAppend::Empty));
    let four = vec![Happened::Noted(1); 4];
    let error = invalid(Append::new().events(&a, any, &four)).await;
    assert!(matches!(error, InvalidAppend::TooManyEvents { count: 4, limit: 3 }), "{error:?}");
    let error = invalid(noting("a", 1).check(&stream("b"), any).check(&stream("c"), any)).await;
    assert!(matches!(error, InvalidAppend::TooManyStreams { count: 3, limit: 2 }), "{error:?}");
    let error = invalid(Append::new().events(&a, any, &[named(50)])).await;
    assert!(matches!(error, InvalidAppend::PayloadTooLarge { limit: 40, .. }), "{error:?}");
    let error = invalid(Append::new().events(&a, any, &[named(15), named(15)])).await;
    assert!(matches!(error, InvalidAppend::TooLarge { limit: 60, .. }), "{error:?}");
    let error = invalid(noting("a", 1).check(&a, any)).await;
    assert!(matches!(&error, InvalidAppend::StreamTwice(twice) if *twice == a), "{error:?}");
    let not_a_text_key = std::collections::BTreeMap::from([(vec![1], 2)]);
    let error = invalid(noting("a", 1).meta(&not_a_text_key)).await;
    assert!(matches!(error, InvalidAppend::Encode { what: "meta", .. }), "{error:?}");
    assert!(check_invariants(&store).await.is_empty());
}

#[tokio::test]
async fn a_full_disk_fails_cleanly() {
    // A limit of pages is SQLite's; a server whose disk is full is not tried anywhere yet.
    let database = open_as_told(&mainstay_db::DatabaseSettings::in_memory()).await;
    let store = EventStore::new(database, Clock::system());
    store.append(noting("a", 0)).await.expect("a first event");
    let limit_pages = async |more: i64| {
        // Each connection has its own limit; there is one that writes.
        let mut write = store.inner.database.write().await.expect("the writer");
        let pages = mainstay_db::query("pragma page_count").fetch_one(&mut write).await.expect("a count");
        let pages: i64 = pages.get(0).expect("a number");
        let sql = format!("pragma max_page_count = {}", pages + more);
        mainstay_db::query_assembled(sql).fetch_one(&mut write).await.expect("the limit");
        write.commit().await.expect("the commit");
    };
    limit_pages(0).await;
    let large = Happened::Named { name: "x".repeat(100_000) };
    let append = || Append::new().events(&stream("a"), Expected::Any, std::slice::from_ref(&large));
    let error = store.append(append()).await.expect_err("no room");
    let AppendError::Database(error) = error else { panic!("{error:?}") };
    assert_eq!(error.kind(), mainstay_db::DbErrorKind::Full);
    assert!(error.is_transient());
    assert_eq!(check_invariants(&store).await.len(), 1);

    limit_pages(1_000).await;
    store.append(append()).await.expect("room again");
    assert_eq!(check_invariants(&store).await.len(), 2);
}
