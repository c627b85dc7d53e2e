//! What becomes of limits while Redis is out, under each policy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainstay::telemetry::metrics::Metrics;
use mainstay_core::{Clock, Tasks};
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

/// Waits until operators see the breaker of Redis in a state, while requests go on.
async fn until_breaker_is(service: &TestService<Sample>, level: &str) {
    let (client, line) = (service.client(), format!("breaker_state{{dependency=\"redis\"}} {level}\n"));
    // The link knows no handle: what it tells is of the whole process.
    let metrics = Metrics::install();
    let wait = async {
        while !metrics.render().contains(&line) {
            client.get("/closed").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("the breaker gets there in time");
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
    Metrics::install();
    let service = TestService::start(Sample, &all).await;
    connected(&service).await;
    let client = service.client();

    let clock = Clock::system();
    let began = clock.now();
    // In the middle of a burst: half of the budget of each is used.
    for _ in 0..50 {
        assert_eq!(client.get("/local").await.status, 200);
    }
    // Where this machine was too busy for an answer in time, Redis has not counted all of them.
    let uncounted = usize::try_from(counted(&service, "local", "local")).unwrap();
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
    // One more for each half a minute that has gone by: 120 an hour.
    let refilled = usize::try_from((clock.now() - began).as_secs() / 30).unwrap() + 1;
    let most = 60 + refilled + 2 * uncounted;
    assert!((40..=most).contains(&gone), "{gone} of {most}");
    assert!(counted(&service, "local", "local") > 0);

    // Open: all pass.
    until(&service, "/open", "open", "open").await;
    for _ in 0..100 {
        assert_eq!(client.get("/open").await.status, 200);
    }

    // The service itself is as ready as before, and says what it lacks.
    until_breaker_is(&service, "2").await;
    assert_eq!(client.get("/health/ready").await.status, 200);

    // And it finds back without a restart.
    end(&redis);
    until(&service, "/closed", "closed", "redis").await;
    assert_eq!(client.get("/closed").await.status, 200);
    until_breaker_is(&service, "0").await;
    service.stop().await;
}

/// What became of a burst of 64 clients at once, by status and code, when Redis ended in the middle of it.
async fn burst(service: &TestService<Sample>, redis: &Redis, path: &'static str) -> BTreeMap<String, usize> {
    let (tasks, answered) = (Tasks::new(), Arc::new(AtomicUsize::new(0)));
    let work = || {
        let (client, answered) = (service.client(), Arc::clone(&answered));
        async move {
            let mut told = Vec::new();
            for _ in 0..20 {
                let answer = client.get(path).await;
                answered.fetch_add(1, Ordering::Relaxed);
                told.push(if answer.status == 200 { "went".to_owned() } else { answer.code() });
            }
            told
        }
    };
    let clients: Vec<_> = (0..64).map(|_| tasks.spawn("client", work())).collect();
    while answered.load(Ordering::Relaxed) < 100 {
        tokio::task::yield_now().await;
    }
    redis.kill();
    let mut became = BTreeMap::new();
    for client in clients {
        for told in client.await.unwrap() {
            *became.entry(told).or_default() += 1;
        }
    }
    became
}

/// Each policy, in a burst through which Redis is killed: nobody hangs, nothing is 500, and no limit lets more go than it
/// says it would.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_in_the_middle_of_a_burst() {
    let rates = [("RATE_LIMIT_LOCAL", "200/h"), ("RATE_LIMIT_CLOSED", "200/h"), ("RATE_LIMIT_OPEN", "200/h")];
    for (path, fewest, most, codes) in [
        // A fifth more than the rate, and the answers of Redis that were on their way to 64 clients when it ended.
        ("/local", 200, 240 + 64, &["rate_limited"][..]),
        ("/closed", 1, 200, &["rate_limited", "store_unavailable"]),
        ("/open", 201, 1_280, &["rate_limited"]),
    ] {
        let redis = Redis::start();
        let url = redis.url();
        let service = TestService::start(Sample, &settings(&url, &rates)).await;
        connected(&service).await;
        let became = burst(&service, &redis, path).await;
        let went = became.get("went").copied().unwrap_or_default();
        assert!((fewest..=most).contains(&went), "{path}: {became:?}");
        assert!(
            became.keys().all(|told| told == "went" || codes.contains(&told.as_str())),
            "{path}: {became:?}"
        );
        assert_eq!(became.values().sum::<usize>(), 64 * 20, "{path}: {became:?}");
        service.stop().await;
    }
}

#[tokio::test]
async fn a_redis_that_is_killed() {
    goes_through(KILLED).await;
}

#[tokio::test]
async fn a_redis_that_stands_still() {
    goes_through(PAUSED).await;
}
