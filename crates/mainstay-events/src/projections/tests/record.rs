use std::fmt;

use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Metadata, Subscriber};

use super::*;

/// Keeps records with `critical = true`.
#[derive(Clone, Default)]
struct Criticals(Arc<Mutex<Vec<BTreeMap<String, String>>>>);

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for Criticals {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.0.contains_key("critical") {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fields.0);
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// One record names all that fail, with all that is needed to look for the reason; and again after a while.
#[tokio::test]
async fn one_record_names_every_projection_that_fails() {
    let criticals = Criticals::default();
    // One thread: everything of this test is heard.
    let _heard = tracing::subscriber::set_default(criticals.clone());
    let (one, other) = (Tally::new("tally", OnPoison::Quarantine), Tally::new("other", OnPoison::Halt));
    for tally in [&one, &other] {
        tally.ills().bad.insert(13);
    }
    let scene = Scene::new(&[&one, &other]).await;
    let request = uuid::Uuid::from_u128(77);
    scene.store.append(noting("ill", 13).correlation(request)).await.expect("an append");
    scene.until("tally", |status| status.quarantined.len() == 1).await;
    scene.until("other", |status| status.status == "halted").await;

    let both = |records: &[BTreeMap<String, String>]| {
        records.iter().filter(|record| record["failed"] == "other, tally").cloned().collect::<Vec<_>>()
    };
    let heard = || criticals.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let patient = async {
        while both(&heard()).len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.expect("it is said again and again");
    let record = both(&heard()).remove(0);
    assert_eq!(record["failures"], "2");
    let details: serde_json::Value = serde_json::from_str(&record["details"]).expect("JSON");
    for (line, name) in details.as_array().expect("a list").iter().zip(["other", "tally"]) {
        assert_eq!(line["projection"], name);
        assert_eq!(line["attempts"], 4);
        assert_eq!(line["event"]["stream"], "test-ill");
        assert_eq!(line["event"]["position"], 1);
        assert_eq!(line["event"]["type"], "noted");
        assert_eq!(line["event"]["request_id"], request.to_string());
        assert!(line["error"].as_str().expect("a text").contains("it is bad"), "{line}");
        assert!(line["backtrace"].as_str().is_some_and(|trace| !trace.is_empty()));
    }
    assert_eq!(details[1]["quarantined"], "test-ill");

    for tally in [&one, &other] {
        tally.ills().bad.clear();
        scene.wish(tally.name, None, Wish::Retry).await;
        scene.until(tally.name, ProjectionStatus::is_well).await;
    }
    scene.stop().await;
}
