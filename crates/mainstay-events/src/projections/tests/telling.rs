use super::*;
use crate::outbox::{Delivery, Destination, Message, Outbox, OutboxSettings};

/// Remembers what it was told.
#[derive(Default)]
struct Pager(Mutex<Vec<Message>>);

impl Pager {
    fn told(&self) -> Vec<Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Destination for Pager {
    fn name(&self) -> &'static str {
        "pager"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> Delivery<'a> {
        Box::pin(async move {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
            Ok(())
        })
    }
}

/// A scene whose failures are told, as a process that begins.
async fn begin(store: EventStore, tallies: &[&Arc<Tally>], pager: &Arc<Pager>) -> Scene {
    let destinations = [Arc::clone(pager) as Arc<dyn Destination>];
    let patience = OutboxSettings { poll: Duration::from_millis(5), ..OutboxSettings::default() };
    let outbox = Outbox::new(store.database(), Clock::system(), destinations, patience);
    let handlers = tallies.iter().map(|tally| Arc::clone(*tally) as Arc<dyn Projection>);
    let projections = Projections::new(store.clone(), handlers, settings("one")).telling(outbox.clone());
    let scene = Scene::of(store, projections).await;
    let shutdown = scene.shutdown.clone();
    scene.tasks.spawn("outbox", async move { outbox.run(shutdown).await });
    scene
}

async fn until_told(pager: &Pager, count: usize) -> Vec<Message> {
    let patient = async {
        while pager.told().len() < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.expect("it is told");
    pager.told()
}

/// Two that cannot take an event, each in its way, and the scene in which both have met it.
async fn two_that_fail(pager: &Arc<Pager>) -> (Scene, [Arc<Tally>; 2]) {
    let tallies = [Tally::new("tally", OnPoison::Quarantine), Tally::new("other", OnPoison::Halt)];
    for tally in &tallies {
        tally.ills().bad.insert(13);
    }
    let scene = begin(log().await, &tallies.each_ref(), pager).await;
    scene.note("ill", 13).await;
    (scene, tallies)
}

#[tokio::test]
async fn what_begins_to_fail_is_told_once_also_after_a_restart() {
    let pager = Arc::new(Pager::default());
    let (scene, tallies) = two_that_fail(&pager).await;
    let mut subjects: Vec<_> =
        until_told(&pager, 2).await.iter().map(|message| message.subject().to_owned()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["other stands still: poison", "tally has put test-ill aside"]);
    let body: serde_json::Value = serde_json::from_str(pager.told()[0].body()).expect("JSON");
    assert_eq!(body["failure"]["event"]["stream"], "test-ill");
    assert!(pager.told().iter().all(|message| message.topic() == PROJECTION_FAILED));

    // The next process finds the same failures, and one more.
    let store = scene.stop().await;
    let scene = begin(store, &tallies.each_ref(), &pager).await;
    scene.note("worse", 13).await;
    let told = until_told(&pager, 3).await;
    assert_eq!(told[2].subject(), "tally has put test-worse aside");
    let ids: BTreeSet<_> = told.iter().map(Message::id).collect();
    assert_eq!((ids.len(), told.len()), (3, 3));
    scene.stop().await;
    assert_eq!(pager.told().len(), 3);
}

#[tokio::test]
async fn the_end_of_a_failure_is_told_too() {
    let pager = Arc::new(Pager::default());
    let (scene, tallies) = two_that_fail(&pager).await;
    until_told(&pager, 2).await;
    for tally in &tallies {
        tally.ills().bad.clear();
    }
    scene.wish("tally", Some("test-ill"), Wish::Retry).await;
    scene.wish("other", None, Wish::Retry).await;
    let told = until_told(&pager, 4).await;
    let mut ends: Vec<_> = told[2..].iter().map(|message| (message.subject(), message.topic())).collect();
    ends.sort_unstable();
    assert_eq!(
        ends,
        [("other goes on", PROJECTION_RECOVERED), ("tally goes on with test-ill", PROJECTION_RECOVERED)]
    );
    scene.stop().await;
}

#[tokio::test]
async fn whoever_had_it_tried_again_in_vain_is_told_so_and_not_that_it_goes_on() {
    let pager = Arc::new(Pager::default());
    let (scene, tallies) = two_that_fail(&pager).await;
    until_told(&pager, 2).await;
    for round in 1..=2 {
        scene.wish("tally", Some("test-ill"), Wish::Retry).await;
        scene.wish("other", None, Wish::Retry).await;
        let told = until_told(&pager, 2 * (round + 1)).await;
        let mut again: Vec<_> = told[2 * round..].iter().map(Message::subject).collect();
        again.sort_unstable();
        assert_eq!(again, ["other stands still: poison", "tally has put test-ill aside"]);
        let ids: BTreeSet<_> = told.iter().map(Message::id).collect();
        assert_eq!(ids.len(), told.len(), "a receiver that counts takes them for what they are");
    }

    // The next process finds what was told already; only another build tries by itself.
    let store = scene.stop().await;
    let scene = begin(store, &tallies.each_ref(), &pager).await;
    scene.note("worse", 13).await;
    let told = until_told(&pager, 7).await;
    assert_eq!(told[6].subject(), "tally has put test-worse aside");

    for tally in &tallies {
        tally.ills().bad.clear();
    }
    scene.wish("tally", None, Wish::Retry).await;
    scene.wish("other", None, Wish::Retry).await;
    let told = until_told(&pager, 10).await;
    let mut ends: Vec<_> = told[7..].iter().map(Message::subject).collect();
    ends.sort_unstable();
    assert_eq!(ends, ["other goes on", "tally goes on with test-ill", "tally goes on with test-worse"]);
    scene.stop().await;
    assert_eq!(pager.told().len(), 10);
}
