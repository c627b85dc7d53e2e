use mainstay_core::random;
use uuid::Uuid;

use super::*;
use crate::{Position, Version};

#[tokio::test]
async fn one_batch_holds_what_waited_and_a_loser_fails_alone() {
    let scene = Scene::new().await;
    let first = scene.shut().await;
    let mut callers = Vec::new();
    for number in 0..10 {
        callers.push(scene.begin(noting("shared", number)).await);
    }
    let late = noting("a", 1).check(&stream("shared"), Expected::Exact(Version::new(3)));
    let loser = scene.begin(late).await;
    callers.push(scene.begin(noting("shared", 10)).await);
    scene.let_go();

    assert_eq!(first.await.expect("no panic").expect("the first").last, Position::new(1));
    // All of them in the order of their arrival.
    for (index, caller) in callers.into_iter().enumerate() {
        let appended = caller.await.expect("no panic").expect("an append");
        assert_eq!(appended.first.get(), index as u64 + 2);
        assert_eq!(appended.version_of(&stream("shared")), Some(Version::new(index as u64 + 1)));
    }
    let error = loser.await.expect("no panic").expect_err("old news");
    assert!(
        matches!(&error, AppendError::WrongVersion { actual: Some(actual), .. } if actual.get() == 10),
        "{error:?}"
    );
    let log = check_invariants(scene.appender.store()).await;
    assert_eq!(log.len(), 12);
    // One transaction: one time.
    assert!(log[1..].iter().all(|event| event.recorded_at == log[1].recorded_at));
}

#[tokio::test]
async fn a_chain_of_decisions_on_one_stream_is_resolved_in_its_order() {
    let scene = Scene::new().await;
    let _first = scene.shut().await;
    let mut callers = Vec::new();
    for version in 0..20 {
        let expected = Expected::Exact(Version::new(version));
        let next = Append::new().events(&stream("chain"), expected, &[Happened::Noted(version)]);
        callers.push(scene.begin(next).await);
    }
    scene.let_go();
    for caller in callers {
        caller.await.expect("no panic").expect("each one was right");
    }
    check_invariants(scene.appender.store()).await;
}

#[tokio::test]
async fn whom_a_projection_refuses_fails_alone() {
    let scene = Scene::new().await;
    let _first = scene.shut().await;
    let mut callers = Vec::new();
    // `one` twice in one batch: the first to come has it.
    for (id, name) in [
        ("1", "one"),
        ("2", "refused"),
        ("3", "one"),
        ("4", "four"),
        ("5", "panic"),
        ("6", "count"),
        ("7", "seven"),
    ] {
        callers.push(scene.begin(naming(id, name)).await);
    }
    scene.let_go();
    let mut outcomes = Vec::new();
    for caller in callers {
        outcomes.push(caller.await.expect("no panic").map_err(|error| match error {
            AppendError::Projection { source, .. } => source.to_string(),
            other => panic!("{other:?}"),
        }));
    }
    let refused: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().err().map(String::as_str)).collect();
    assert_eq!(
        refused,
        [
            None,
            Some("the events were refused"),
            Some("the read model cannot be changed"),
            None,
            Some("the projection panicked: at the sight of it"),
            None,
            None
        ]
    );
    // Their positions were given back, and what the sixth found were the rows of those before it.
    let log = check_invariants(scene.appender.store()).await;
    assert_eq!(log.len(), 5);
    assert_eq!(names(scene.appender.store()).await, ["3 before", "four", "gate", "one", "seven"]);
}

#[tokio::test]
async fn an_id_has_one_effect_inside_a_batch_too() {
    let scene = Scene::new().await;
    let id = random::uuid(&Clock::system());
    let first = scene.shut().await;
    let one = scene.begin(noting("a", 1).idempotent(id)).await;
    let twin = scene.begin(noting("a", 1).idempotent(id)).await;
    let other = scene.begin(noting("a", 2).idempotent(id)).await;
    let refused = Uuid::from_u128(9);
    let wrong = Append::new().events(&stream("x"), Expected::Exists, &[Happened::Noted(1)]);
    let wrong = scene.begin(wrong.idempotent(refused)).await;
    let right = scene.begin(noting("b", 1).idempotent(refused)).await;
    scene.let_go();
    first.await.expect("no panic").expect("the gate");

    let one = one.await.expect("no panic").expect("an append");
    let twin = twin.await.expect("no panic").expect("the same");
    assert_eq!((one.first, one.repeated, twin.first, twin.repeated), (one.first, false, one.first, true));
    let other = other.await.expect("no panic").expect_err("another request");
    assert!(matches!(other, AppendError::IdempotencyConflict { .. }), "{other:?}");
    wrong.await.expect("no panic").expect_err("no such stream");
    assert!(!right.await.expect("no panic").expect("the id was not used up").repeated);

    // And across batches.
    let again = scene.appender.append(noting("a", 1).idempotent(id)).await.expect("the same");
    assert!(again.repeated && again.first == one.first);
    assert_eq!(check_invariants(scene.appender.store()).await.len(), 3);
}

#[tokio::test]
async fn who_goes_away_while_waiting_has_stored_nothing() {
    let scene = Scene::new().await;
    let taken = scene.shut().await;
    let waiting = scene.begin(noting("gone", 1)).await;
    let kept = scene.begin(noting("kept", 2)).await;
    waiting.abort();
    let _ = waiting.await;
    // This one was taken already: it is carried out.
    taken.abort();
    let _ = taken.await;
    scene.let_go();
    kept.await.expect("no panic").expect("an append");
    let log = check_invariants(scene.appender.store()).await;
    let streams: Vec<_> = log.iter().map(|event| event.stream.as_str()).collect();
    assert_eq!(streams, ["test-gate", "test-kept"]);
}

#[tokio::test]
async fn the_log_tells_whether_a_transaction_was_committed() {
    let scene = Scene::new().await;
    let store = scene.appender.store();
    for commits in [true, false] {
        let prepared = crate::store::Prepared::new(noting("a", 1), store.limits()).expect("an append");
        let mut transaction = store.database().write().await.expect("the writer");
        let staged = store.stage(&mut transaction, &[prepared]).await.expect("staged");
        let tail = staged.written.expect("an event").tail;
        if commits {
            transaction.commit().await.expect("the commit");
        } else {
            transaction.rollback();
            // Another transaction takes the same position.
            store.append(noting("b", 2)).await.expect("an append");
        }
        assert_eq!(store.was_committed(tail).await.expect("an answer"), commits);
    }
    check_invariants(store).await;
}
