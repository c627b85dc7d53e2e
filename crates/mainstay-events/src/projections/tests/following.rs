use mainstay_core::random;

use super::*;

#[tokio::test]
async fn a_read_model_follows_and_goes_on_after_a_restart() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let scene = Scene::new(&[&tally]).await;
    for number in 0..40 {
        scene.note(&(number % 3).to_string(), number).await;
    }
    scene.wait_for("tally", Position::new(40)).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);

    let store = scene.stop().await;
    store.append(noting("0", 7)).await.expect("an append");
    let scene = Scene::on(store, &[&tally], "one").await;
    scene.wait_for("tally", Position::new(41)).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    assert!(scene.is_well().await);
    scene.stop().await;
}

/// The doorbell never rings: another process appends.
#[tokio::test]
async fn what_others_append_is_found_without_being_woken() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let scene = Scene::new(&[&tally]).await;
    let other = EventStore::new(scene.store.database().clone(), Clock::system());
    let last = other.append(noting("a", 1)).await.expect("an append").last;
    scene.wait_for("tally", last).await;
    scene.stop().await;
}

#[tokio::test]
async fn lanes_share_the_keys() {
    let tally = Tally::with_lanes("tally", OnPoison::Quarantine, 4);
    let scene = Scene::new(&[&tally]).await;
    for number in 0..60 {
        scene.note(&(number % 11).to_string(), number).await;
    }
    scene.wait_for("tally", Position::new(60)).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    scene.stop().await;
}

#[tokio::test]
async fn whoever_waits_is_told_when_it_is_in_vain() {
    let tally = Tally::new("tally", OnPoison::Halt);
    tally.ills().bad.insert(13);
    let scene = Scene::new(&[&tally]).await;
    let wait = async |name: &str, position, limit| {
        scene.projections.wait_for(name, Position::new(position), Duration::from_millis(limit)).await
    };
    let unknown = wait("nothing", 1, 10_000).await;
    assert!(matches!(unknown, Err(WaitError::Unknown)), "{unknown:?}");
    let late = wait("tally", 1, 20).await;
    assert!(matches!(late, Err(WaitError::TimedOut { .. })), "{late:?}");
    let bad = scene.note("a", 13).await;
    scene.until("tally", |status| status.status == "halted").await;
    let standing = wait("tally", bad.get(), 10_000).await;
    assert!(matches!(standing, Err(WaitError::Standing { .. })), "{standing:?}");
    scene.stop().await;
}

/// A runner that is cut off again and again, at any moment: between two statements, in the commit, behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_event_has_its_effect_once_however_often_it_is_cut_off() {
    let tally = Tally::with_lanes("tally", OnPoison::Quarantine, 2);
    let store = log().await;
    let tasks = Tasks::new();
    let writers: Vec<_> = (0..8_u64)
        .map(|writer| {
            let store = store.clone();
            tasks.spawn("writer", async move {
                for number in 0..50 {
                    store.append(noting(writer % 5, number)).await.expect("an append");
                }
            })
        })
        .collect();
    let mut cuts = 0;
    while !writers.iter().all(JoinHandle::is_finished) || cuts < 20 {
        let mut scene = Scene::on(store.clone(), &[&tally], "one").await;
        tokio::time::sleep(Duration::from_millis(random::below(25))).await;
        // Not asked to stop: gone. What it held, it holds until the lease ends.
        scene.running.take().expect("it runs").abort();
        scene.tasks.finished().await;
        cuts += 1;
    }
    let scene = Scene::on(store, &[&tally], "one").await;
    scene.wait_for("tally", Position::new(400)).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    scene.stop().await;
}

/// Nobody looks by himself within an hour here.
#[tokio::test]
async fn what_others_append_rings_a_bell_on_a_server() {
    use mainstay_db::DatabaseUrl;
    use mainstay_servers::TestDatabase;

    let on_server = TestDatabase::postgres();
    let url = DatabaseUrl::parse(on_server.url()).expect("a URL");
    let of_its_own = async || {
        let database = DatabaseSettings { pool_min_size: 1, ..DatabaseSettings::new(url.clone()) };
        EventStore::new(open_as_told(&database).await, Clock::system())
    };
    let (follower, appending) = (of_its_own().await, of_its_own().await);
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let hour = Duration::from_hours(1);
    let patient = ProjectionSettings { poll: hour, lease: hour * 3, ..settings("one") };
    let following = Projections::new(follower, [Arc::clone(&tally) as Arc<dyn Projection>], patient.clone());
    following.prepare().await.expect("the tables");
    let telling = Projections::new(appending.clone(), [], patient);
    let (tasks, shutdown) = (Tasks::new(), Shutdown::new());
    for projections in [&following, &telling] {
        let (projections, theirs, shutdown) = (projections.clone(), tasks.clone(), shutdown.clone());
        drop(tasks.spawn("projections", async move { projections.run(&theirs, shutdown).await }));
    }
    for number in 1..=20 {
        let last = appending.append(noting("a", number)).await.expect("an append").last;
        following.wait_for("tally", last, Duration::from_secs(20)).await.expect("it was told");
    }
    shutdown.begin();
    tasks.finished().await;
}
