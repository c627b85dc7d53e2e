use super::*;

/// One bad event among good ones of several streams.
async fn with_a_bad_one(way: Way, policy: OnPoison) -> (Scene, Arc<Tally>) {
    let tally = Tally::new("tally", policy);
    tally.ills().bad.insert(13);
    tally.ills().way = way;
    let scene = Scene::new(&[&tally]).await;
    for number in 0..10 {
        scene.note(&(number % 3).to_string(), number).await;
    }
    scene.note("ill", 1).await;
    scene.note("ill", 13).await;
    scene.note("ill", 2).await;
    scene.note("0", 5).await;
    (scene, tally)
}

#[tokio::test]
async fn the_key_of_a_bad_event_waits_and_the_others_go_on() {
    for way in [Way::Refuse, Way::Panic, Way::Constraint] {
        let (scene, tally) = with_a_bad_one(way, OnPoison::Quarantine).await;
        scene.wait_for("tally", Position::new(14)).await;
        scene.note("ill", 3).await;
        let last = scene.note("1", 4).await;
        scene.wait_for("tally", last).await;
        let mut expected = added_up(&scene.store).await;
        // What came before the bad one counts.
        expected.insert("test-ill".into(), (1, 1, 1));
        assert_eq!(scene.rows("tally").await, expected, "{way:?}");
        let status = scene.until("tally", |status| status.quarantined.len() == 1).await;
        let [kept] = status.quarantined.as_slice() else { panic!("{status:?}") };
        assert_eq!((kept.key.as_str(), kept.waiting), ("test-ill", 3));
        let failure = kept.failure.as_ref().expect("why");
        let event = failure.event.as_ref().expect("which");
        assert_eq!((failure.attempts, event.position.get()), (4, 12));
        assert!(failure.backtrace.as_ref().is_some_and(|trace| trace.contains("projections")));
        assert!(!scene.is_well().await);

        // Tried again in vain: nothing changes, but for the count.
        assert_eq!(scene.wish("tally", Some("test-ill"), Wish::Retry).await, 1);
        let again = |status: &ProjectionStatus| {
            let failure = status.quarantined.first().and_then(|kept| kept.failure.as_ref());
            failure.is_some_and(|failure| failure.attempts == 5)
        };
        scene.until("tally", again).await;
        assert_eq!(scene.rows("tally").await, expected, "{way:?}");

        // Repaired.
        tally.ills().bad.clear();
        assert_eq!(scene.wish("tally", None, Wish::Retry).await, 1);
        scene.until("tally", ProjectionStatus::is_well).await;
        assert_eq!(scene.rows("tally").await, added_up(&scene.store).await, "{way:?}");
        assert!(scene.is_well().await);
        scene.stop().await;
    }
}

#[tokio::test]
async fn another_build_tries_by_itself() {
    let (scene, tally) = with_a_bad_one(Way::Refuse, OnPoison::Quarantine).await;
    scene.until("tally", |status| status.quarantined.len() == 1).await;
    let store = scene.stop().await;
    let scene = Scene::on(store, &[&tally], "one").await;
    scene.wait_for("tally", Position::new(14)).await;
    scene.until("tally", |status| status.quarantined.len() == 1).await;
    let store = scene.stop().await;
    tally.ills().bad.clear();
    let scene = Scene::on(store, &[&tally], "two").await;
    scene.until("tally", ProjectionStatus::is_well).await;
    scene.wait_for("tally", Position::new(14)).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    scene.stop().await;
}

#[tokio::test]
async fn an_operator_may_leave_a_key_out() {
    let (scene, _tally) = with_a_bad_one(Way::Refuse, OnPoison::Quarantine).await;
    scene.until("tally", |status| status.quarantined.len() == 1).await;
    assert_eq!(scene.wish("tally", Some("test-nobody"), Wish::Skip).await, 0, "no such key");
    scene.wish("tally", Some("test-ill"), Wish::Skip).await;
    scene.until("tally", ProjectionStatus::is_well).await;
    // The key is free again.
    let last = scene.note("ill", 9).await;
    scene.wait_for("tally", last).await;
    assert_eq!(scene.rows("tally").await["test-ill"].2, 4, "the last version");
    scene.stop().await;
}

#[tokio::test]
async fn a_projection_that_halts_waits_for_an_operator() {
    let (scene, tally) = with_a_bad_one(Way::Refuse, OnPoison::Halt).await;
    let status = scene.until("tally", |status| status.status == "halted").await;
    assert_eq!(status.position.get(), 11, "all before it");
    let store = scene.stop().await;
    let scene = Scene::on(store, &[&tally], "one").await;
    // In vain: it comes to stand again.
    let before = status.failure.expect("why").at;
    scene.wish("tally", None, Wish::Retry).await;
    let again =
        |status: &ProjectionStatus| status.failure.as_ref().is_some_and(|failure| failure.at > before);
    scene.until("tally", again).await;
    scene.wish("tally", None, Wish::Skip).await;
    scene.until("tally", |status| status.position == Position::new(14)).await;
    let mut expected = added_up(&scene.store).await;
    expected.insert("test-ill".into(), (2, 3, 3));
    assert_eq!(scene.rows("tally").await, expected);
    scene.stop().await;
}

#[tokio::test]
async fn holes_are_left_where_they_may_be() {
    let (scene, _tally) = with_a_bad_one(Way::Panic, OnPoison::Skip).await;
    scene.wait_for("tally", Position::new(14)).await;
    let mut expected = added_up(&scene.store).await;
    expected.insert("test-ill".into(), (2, 3, 3));
    assert_eq!(scene.rows("tally").await, expected);
    scene.stop().await;
}

#[tokio::test]
async fn many_bad_keys_are_bad_code() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    tally.ills().bad.insert(13);
    let scene = Scene::new(&[&tally]).await;
    for number in 0..20 {
        scene.note(&number.to_string(), 13).await;
    }
    let status = scene.until("tally", |status| status.status == "faulted").await;
    assert_eq!((status.quarantined.len(), status.position.get()), (4, 4));
    assert_eq!(status.failure.expect("why").kind, "mass_poison");
    tally.ills().bad.clear();
    scene.wish("tally", None, Wish::Retry).await;
    scene.until("tally", |status| status.position == Position::new(20)).await;
    scene.until("tally", ProjectionStatus::is_well).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    scene.stop().await;
}

/// Few among many are bad events, and not bad code.
#[tokio::test]
async fn few_bad_keys_among_many_are_put_aside() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    tally.ills().bad.insert(13);
    let store = log().await;
    for number in 0..660 {
        store.append(noting(number, if number % 110 == 109 { 13 } else { 1 })).await.expect("an append");
    }
    let scene = Scene::on(store, &[&tally], "one").await;
    scene.wait_for("tally", Position::new(660)).await;
    let status = scene.until("tally", |status| status.quarantined.len() == 6).await;
    assert_eq!(status.status, "running");
    scene.stop().await;
}

#[tokio::test]
async fn a_database_that_fails_for_a_while_is_no_fault_of_an_event() {
    let tally = Tally::new("tally", OnPoison::Quarantine);
    let settings =
        DatabaseSettings { pool_timeout: Duration::from_millis(50), ..DatabaseSettings::in_memory() };
    // Only SQLite has one writer, for which the projection waits in vain that holds it.
    let store = EventStore::new(open_as_told(&settings).await, Clock::system());
    tally.ills().database = Some(store.database().clone());
    tally.ills().busy = 1_000;
    let scene = Scene::on(store, &[&tally], "one").await;
    let last = loop {
        // It has to get past the one who waits for himself.
        if let Ok(appended) = scene.store.append(noting("a", 1)).await {
            break appended.last;
        }
    };
    let patient = async {
        while scene.is_well().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.expect("degraded");
    tally.ills().busy = 0;
    scene.wait_for("tally", last).await;
    assert_eq!(scene.rows("tally").await, added_up(&scene.store).await);
    let patient = async {
        while !scene.is_well().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.expect("well again");
    scene.stop().await;
}

#[tokio::test]
async fn one_that_stands_holds_no_other_up() {
    let (ill, well) = (Tally::new("tally", OnPoison::Halt), Tally::new("other", OnPoison::Halt));
    ill.ills().bad.insert(13);
    let scene = Scene::new(&[&ill, &well]).await;
    let last = scene.note("a", 13).await;
    scene.wait_for("other", last).await;
    scene.until("tally", |status| status.status == "halted").await;
    assert_eq!(scene.rows("other").await, added_up(&scene.store).await);
    scene.stop().await;
}

/// Events that do not read: from a later build, of a shape without an upcaster, of another shape altogether.
#[tokio::test]
async fn events_that_do_not_read_are_put_aside_and_never_guessed_at() {
    #[derive(serde::Serialize, serde::Deserialize)]
    enum Strange<const VERSION: u32> {
        #[serde(rename = "Noted")]
        Words(String),
    }

    impl<const VERSION: u32> Event for Strange<VERSION> {
        fn event_type(&self) -> &'static str {
            "noted"
        }

        fn schema_version(&self) -> u32 {
            VERSION
        }
    }

    let tally = Tally::new("tally", OnPoison::Quarantine);
    let scene = Scene::new(&[&tally]).await;
    let append = async |event| scene.store.append(event).await.expect("an append").last;
    let strange =
        |name: &str| Append::new().events(&stream(name), Expected::Any, &[Strange::<1>::Words("x".into())]);
    let later =
        |name: &str| Append::new().events(&stream(name), Expected::Any, &[Strange::<9>::Words("x".into())]);
    append(strange("shape")).await;
    append(later("later")).await;
    let last = scene.note("well", 1).await;
    scene.wait_for("tally", last).await;
    let status = scene.until("tally", |status| status.quarantined.len() == 2).await;
    let told: Vec<_> = status
        .quarantined
        .iter()
        .map(|kept| {
            let failure = kept.failure.as_ref().expect("why");
            let event = failure.event.as_ref().expect("which");
            (kept.key.as_str(), failure.kind.as_str(), event.schema_version)
        })
        .collect();
    assert_eq!(told, [("test-later", "poison", 9), ("test-shape", "poison", 1)]);
    assert_eq!(scene.rows("tally").await.keys().collect::<Vec<_>>(), ["test-well"]);
    assert!(!scene.is_well().await);
    scene.stop().await;
}
