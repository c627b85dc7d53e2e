use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let scene = Scene::with(AppenderLimits { waiting: 2, ..AppenderLimits::default() }).await;
    let first = scene.shut().await;
    let waiting = [scene.begin(noting("a", 1)).await, scene.begin(noting("a", 2)).await];
    let error = scene.appender.append(noting("a", 3)).await.expect_err("no room");
    let AppendError::Overloaded { retry_after } = error else { panic!("{error:?}") };
    assert!(retry_after >= Duration::from_secs(1) && retry_after <= Duration::from_mins(1));
    scene.let_go();
    first.await.expect("no panic").expect("an append");
    for caller in waiting {
        caller.await.expect("no panic").expect("an append");
    }
    scene.appender.append(noting("a", 3)).await.expect("room again");
    assert_eq!(check_invariants(scene.appender.store()).await.len(), 4);
}

#[tokio::test]
async fn what_waits_is_bounded_in_bytes_too() {
    let scene = Scene::with(AppenderLimits { waiting_bytes: 64, ..AppenderLimits::default() }).await;
    let first = scene.shut().await;
    // One may wait whatever its size.
    let large = scene.begin(naming("large", &"x".repeat(1_000))).await;
    let error = scene.appender.append(noting("a", 1)).await.expect_err("no room");
    assert!(matches!(error, AppendError::Overloaded { .. }), "{error:?}");
    scene.let_go();
    first.await.expect("no panic").expect("an append");
    large.await.expect("no panic").expect("an append");
    scene.appender.append(noting("a", 1)).await.expect("room again");
    assert_eq!(scene.appender.shared.waiting_bytes.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_transaction_is_bounded_and_keeps_the_order() {
    for limits in [
        AppenderLimits { requests: 3, ..AppenderLimits::default() },
        AppenderLimits { events: 4, ..AppenderLimits::default() },
        AppenderLimits { bytes: 20, ..AppenderLimits::default() },
    ] {
        let scene = Scene::with(limits).await;
        let first = scene.shut().await;
        let mut callers = Vec::new();
        for number in 0..10 {
            callers.push(scene.begin(noting("a", number)).await);
        }
        scene.let_go();
        first.await.expect("no panic").expect("an append");
        for (index, caller) in callers.into_iter().enumerate() {
            let appended = caller.await.expect("no panic").expect("an append");
            assert_eq!(appended.last.get(), index as u64 + 2);
        }
        let log = check_invariants(scene.appender.store()).await;
        let mut times: Vec<_> = log[1..].iter().map(|event| event.recorded_at).collect();
        times.dedup();
        assert!(times.len() > 2, "{limits:?}: {} transactions", times.len());
    }
}

#[tokio::test]
async fn closing_carries_out_what_waits_and_takes_nothing_more() {
    let scene = Scene::new().await;
    let first = scene.shut().await;
    let waiting = [scene.begin(noting("a", 1)).await, scene.begin(noting("b", 2)).await];
    let (closing, tasks) = (scene.appender.clone(), scene.tasks.clone());
    let closed = tasks.spawn("closing", async move { closing.close().await });
    scene.let_go();
    closed.await.expect("no panic");
    first.await.expect("no panic").expect("an append");
    for caller in waiting {
        assert!(caller.is_finished(), "answered before the end");
        caller.await.expect("no panic").expect("an append");
    }
    let error = scene.appender.append(noting("c", 3)).await.expect_err("closed");
    assert!(matches!(error, AppendError::Stopping), "{error:?}");
    scene.appender.close().await;
    scene.tasks.finished().await;
    assert_eq!(check_invariants(scene.appender.store()).await.len(), 3);
}

#[tokio::test]
async fn the_task_ends_with_its_last_handle() {
    let Scene { appender, tasks, .. } = Scene::new().await;
    appender.append(noting("a", 1)).await.expect("an append");
    drop(appender);
    tasks.finished().await;
}
