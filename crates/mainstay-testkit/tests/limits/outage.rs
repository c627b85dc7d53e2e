//! What becomes of limits while Redis is out, under each policy.

use std::time::Duration;

use mainstay_testkit::TestService;
use mainstay_testkit::servers::Redis;

use crate::sample::Sample;
use crate::shared::{connected, settings};

/// How an outage begins, and how it ends.
type Outage = (fn(&Redis), fn(&Redis));

const KILLED: Outage = (Redis::kill, Redis::start_again);
const PAUSED: Outage = (Redis::pause, Redis::resume);

/// The value of the counter of a class and a mode.
fn counted(service: &TestService<Sample>, class: &str, mode: &str) -> u64 {
    let text = service.process().metrics().render();
    let wanted = [format!("class=\"{class}\""), format!("mode=\"{mode}\"")];
    let lines = text.lines().filter(|line| line.starts_with("rate_limit_decisions_total"));
    let lines = lines.filter(|line| wanted.iter().all(|part| line.contains(part)));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// Waits until a request of a class is decided in another way.
async fn until(service: &TestService<Sample>, path: &str, class: &str, mode: &str) {
    let (client, before) = (service.client(), counted(service, class, mode));
    let wait = async {
        while counted(service, class, mode) == before {
            client.get(path).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it is decided that way in time");
}

async fn goes_through(outage: Outage) {
    let (begin, end) = outage;
    let redis = Redis::start();
    let url = redis.url();
    let rates =
        [("RATE_LIMIT_LOCAL", "100/h"), ("RATE_LIMIT_CLOSED", "100000/s"), ("RATE_LIMIT_OPEN", "20/h")];
    // As long as a request may wait where this runs; what is decided does not depend on it.
    let patience = [("RATE_LIMIT_REDIS_TIMEOUT", "100ms")];
    let more: Vec<_> = rates.into_iter().collect();
    let mut all = settings(&url, &more);
    all.retain(|(name, _)| *name != "RATE_LIMIT_REDIS_TIMEOUT");
    all.extend(patience);
    let service = TestService::start(Sample, &all).await;
    connected(&service).await;
    let client = service.client();

    // In the middle of a burst: half of the budget of each is used.
    for _ in 0..50 {
        assert_eq!(client.get("/local").await.status, 200);
    }
    begin(&redis);

    // Closed: nothing passes that was not counted; it is told apart from a limit that is reached.
    until(&service, "/closed", "closed", "closed").await;
    let refused = client.get("/closed").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (503, "store_unavailable"));

    // Local: it goes on from what Redis had counted: half of the rate and a fifth more.
    let mut gone = 0;
    for _ in 0..200 {
        gone += usize::from(client.get("/local").await.status == 200);
    }
    assert!((40..=60).contains(&gone), "{gone}");
    assert!(counted(&service, "local", "local") > 0);

    // Open: all pass.
    until(&service, "/open", "open", "open").await;
    for _ in 0..100 {
        assert_eq!(client.get("/open").await.status, 200);
    }

    // The service itself is as ready as before, and says what it lacks.
    assert_eq!(client.get("/health/ready").await.status, 200);

    // And it finds back without a restart.
    end(&redis);
    until(&service, "/closed", "closed", "redis").await;
    assert_eq!(client.get("/closed").await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn a_redis_that_is_killed() {
    goes_through(KILLED).await;
}

#[tokio::test]
async fn a_redis_that_stands_still() {
    goes_through(PAUSED).await;
}
