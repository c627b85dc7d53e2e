use std::sync::atomic::AtomicBool;

use super::*;

/// A rebuild while many append and many read: readers always find a whole read model, and never an older one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rebuild_is_not_seen_by_readers() {
    let tally = Tally::with_lanes("tally", OnPoison::Quarantine, 2);
    let scene = Scene::new(&[&tally]).await;
    for number in 0..100 {
        scene.note(&(number % 5).to_string(), number).await;
    }
    scene.wait_for("tally", Position::new(100)).await;

    let done = Arc::new(AtomicBool::new(false));
    let writer = scene.tasks.spawn("writer", {
        let (store, done) = (scene.store.clone(), Arc::clone(&done));
        async move {
            while !done.load(Ordering::Acquire) {
                store.append(noting("busy", 1)).await.expect("an append");
            }
        }
    });
    let reader = scene.tasks.spawn("reader", {
        let (store, done) = (scene.store.clone(), Arc::clone(&done));
        async move {
            let mut most = 0;
            while !done.load(Ordering::Acquire) {
                let count: i64 = rows(&store, "tally").await.values().map(|row| row.0).sum();
                assert!(count >= most, "{count} events after {most}");
                most = count;
            }
        }
    });
    for generation in 2..7 {
        scene.wish("tally", None, Wish::Rebuild).await;
        scene.until("tally", |status| status.role == "serving" && status.generation == generation).await;
    }
    done.store(true, Ordering::Release);
    writer.await.expect("no panic");
    reader.await.expect("readers saw whole read models");
    let head = scene.store.head().await.expect("the head");
    scene.wait_for("tally", head).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    // The one before is kept, the others are gone.
    let all = operator::status(scene.store.database()).await.expect("the status");
    let generations: BTreeSet<_> = all.iter().map(|status| status.generation).collect();
    assert_eq!(generations, BTreeSet::from([5, 6]));
    scene.stop().await;
}

#[tokio::test]
async fn code_of_a_new_version_builds_its_own() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let scene = Scene::new(&[&tally]).await;
    let last = scene.note("a", 1).await;
    scene.wait_for("tally", last).await;
    let store = scene.stop().await;
    tally.version.store(2, Ordering::Relaxed);
    let scene = Scene::on(store, &[&tally], "two").await;
    scene.until("tally", |status| status.role == "serving" && status.version == 2).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    scene.stop().await;
}

/// What cannot be applied waits in the new read model too, and the swap waits for nobody.
#[tokio::test]
async fn a_rebuild_deals_with_bad_events_itself() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    tally.ills().bad.insert(13);
    let scene = Scene::new(&[&tally]).await;
    scene.note("ill", 13).await;
    scene.note("ill", 1).await;
    let last = scene.note("well", 2).await;
    scene.wait_for("tally", last).await;
    scene.wish("tally", None, Wish::Rebuild).await;
    let status = scene.until("tally", |status| status.role == "serving" && status.generation == 2).await;
    assert_eq!(status.quarantined.len(), 1);
    assert_eq!(status.quarantined[0].waiting, 2);
    assert_eq!(scene.rows("tally").await.len(), 1);
    tally.ills().bad.clear();
    scene.wish("tally", None, Wish::Rebuild).await;
    let built = scene.until("tally", |status| status.role == "serving" && status.generation == 3).await;
    assert!(built.is_well());
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    scene.stop().await;
}
