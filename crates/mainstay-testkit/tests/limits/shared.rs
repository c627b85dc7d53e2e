//! Several nodes, one Redis, one budget.

use std::time::Duration;

use mainstay_testkit::TestService;
use mainstay_testkit::servers::Redis;

use crate::sample::{Sample, answered};

/// What all nodes have in common. The time is no matter here, on a machine that has much else to do.
pub(crate) fn settings<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let common = [
        ("REDIS_URL", url),
        ("RATE_LIMIT_STORE", "redis"),
        ("RATE_LIMIT_REDIS_TIMEOUT", "1s"),
        ("SECRET_KEY", "R7pV2kQ9xN4mT8wZ3bH6cJ1fL5gD0sYa-nodes"),
    ];
    common.into_iter().chain(more.iter().copied()).collect()
}

/// Waits until the service has its connection to Redis.
pub(crate) async fn connected(service: &TestService<Sample>) {
    let client = service.client();
    let is_decided = || service.process().metrics().render().contains("mode=\"redis\"");
    let wait = async {
        while !is_decided() {
            // Something to decide, in a class that is nobody's business here.
            client.get("/nowhere").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("Redis is reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_nodes_and_64_clients_share_one_budget() {
    let redis = Redis::start();
    let url = redis.url();
    let mut nodes = Vec::new();
    for _ in 0..5 {
        let node = TestService::start(Sample, &settings(&url, &[("RATE_LIMIT_LOCAL", "128/h")])).await;
        connected(&node).await;
        nodes.push(node);
    }
    let clients: Vec<_> = nodes.iter().map(TestService::client).collect();
    assert_eq!(answered(&clients, "/local", 1_280).await, 128);
    for node in nodes {
        node.stop().await;
    }
}
