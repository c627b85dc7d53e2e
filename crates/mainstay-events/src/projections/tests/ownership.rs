use mainstay_core::random;

use super::*;
use crate::projections::place::Place;
use crate::projections::progress::checkpoint;

const PLACE: Place = Place { name: "tally", generation: 1, lane: 0 };

/// Holders one after the other: the fence of the first is worth nothing when the second has the lane.
#[tokio::test]
async fn a_zombie_changes_nothing() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let store = log().await;
    let projections = Projections::new(store.clone(), [tally as Arc<dyn Projection>], settings("one"));
    projections.prepare().await.expect("the tables");
    let (lease, clock) = (Duration::from_millis(20), Clock::system());
    let (first, second) = (random::uuid(&clock), random::uuid(&clock));
    let claim = async |holder, lease| {
        let mut write = store.database().write().await.expect("the writer");
        let claimed = checkpoint::claim(&mut write, PLACE, holder, lease).await.expect("an answer");
        write.commit().await.expect("the commit");
        claimed
    };
    let old = claim(first, lease).await.expect("nobody had it");
    assert!(claim(second, lease).await.is_none(), "it is taken");
    // It was frozen, and the lease has ended meanwhile.
    let new = loop {
        if let Some(claimed) = claim(second, Duration::from_mins(1)).await {
            break claimed;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    assert!(new.fence > old.fence);
    let advance = async |fence, to| {
        let mut write = store.database().write().await.expect("the writer");
        let step = (Position::START, Position::new(to));
        let moved = checkpoint::advance(&mut write, PLACE, fence, step, lease).await.expect("an answer");
        write.commit().await.expect("the commit");
        moved
    };
    assert!(!advance(old.fence, 5).await, "the zombie writes");
    assert!(advance(new.fence, 3).await);
    assert!(!advance(new.fence, 4).await, "the position was another one");
}

/// Two processes at once: one works, the other takes over when the first is gone without a word.
#[tokio::test]
async fn another_process_takes_over() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let mut first = Scene::new(&[&tally]).await;
    let second = Scene::on(first.store.clone(), &[&tally], "one").await;
    let last = first.note("a", 1).await;
    second.wait_for("tally", last).await;
    first.running.take().expect("it runs").abort();
    first.tasks.finished().await;
    let last = second.note("a", 2).await;
    second.wait_for("tally", last).await;
    assert_eq!(second.rows("tally").await, added_up(&second.store).await);
    second.stop().await;
}

async fn execute(store: &EventStore, sql: impl Into<mainstay_db::Sql>) {
    let mut write = store.database().write().await.expect("the writer");
    query(sql).execute(&mut write).await.expect("the statement");
    write.commit().await.expect("the commit");
}

#[tokio::test]
async fn a_restored_log_is_noticed() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let scene = Scene::new(&[&tally]).await;
    let last = scene.note("a", 1).await;
    scene.wait_for("tally", last).await;
    let restore = mainstay_db::ByDialect {
        sqlite: "update es_log set incarnation = zeroblob(16)",
        postgres: "update es_log set incarnation = decode(repeat('00', 16), 'hex')",
    };
    execute(&scene.store, restore).await;
    scene.note("a", 2).await;
    let status = scene.until("tally", |status| status.status == "halted").await;
    assert_eq!(status.failure.expect("why").kind, "log_restored");
    assert_eq!(status.position, last, "nothing was taken from it");
    // Another try helps nobody; a rebuild does.
    scene.wish("tally", None, Wish::Rebuild).await;
    scene.until("tally", |status| status.role == "serving" && status.generation == 2).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    scene.stop().await;
}

#[tokio::test]
async fn a_log_that_ends_too_early_is_noticed() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let scene = Scene::new(&[&tally]).await;
    let last = scene.note("a", 1).await;
    scene.wait_for("tally", last).await;
    execute(&scene.store, "update es_projection set position = 100").await;
    scene.note("a", 2).await;
    let status = scene.until("tally", |status| status.status == "halted").await;
    assert_eq!(status.failure.expect("why").kind, "log_restored");
    scene.stop().await;
}

#[tokio::test]
async fn a_hole_in_the_log_is_noticed() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let store = log().await;
    for number in 0..5 {
        store.append(noting("a", number)).await.expect("an append");
    }
    let unguard = mainstay_db::ByDialect {
        sqlite: "drop trigger es_event_is_never_deleted",
        postgres: "drop trigger es_event_is_never_deleted on es_event",
    };
    execute(&store, unguard).await;
    execute(&store, "delete from es_event where position = 3").await;
    let scene = Scene::on(store, &[&tally], "one").await;
    let status = scene.until("tally", |status| status.status == "halted").await;
    assert_eq!(status.failure.expect("why").kind, "log_damaged");
    scene.stop().await;
}
