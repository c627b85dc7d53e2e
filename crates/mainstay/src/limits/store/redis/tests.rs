//! The store on a real Redis: alone, by several nodes, and while Redis is out.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use mainstay_core::settings::Setting;
use mainstay_core::{Clock, Secret, Shutdown, Tasks};
use mainstay_servers::{ChaosProxy, Redis};
use uuid::Uuid;

use super::*;
use crate::Rate;
use crate::limits::gcra::Quota;
use crate::limits::key::{Scope, Subject};
use crate::limits::store::{Charge, conformance};
use crate::redis::RedisUrl;

/// Long enough for a machine that has much else to do: what is tested here is not the wait.
const PATIENT: Duration = Duration::from_secs(10);

/// An instance of a service.
struct Node {
    store: RedisStore,
    link: Link,
    shutdown: Shutdown,
    tasks: Tasks,
}

impl Node {
    async fn start(url: &str, budget: Duration) -> Self {
        Self::believing(None, url, budget).await
    }

    async fn believing(ca_file: Option<&Path>, url: &str, budget: Duration) -> Self {
        let (clock, tasks, shutdown) = (Clock::system(), Tasks::new(), Shutdown::new());
        let link = Link::new(&RedisUrl::parse(url).unwrap(), ca_file, &clock).unwrap();
        let keys = Keys::new(&Secret::new("the secret that all nodes share"), &[]);
        let parts = RedisParts {
            link: link.clone(),
            service: "test",
            keys: &keys,
            budget,
            slots: 4_096,
            clock: &clock,
        };
        let store = RedisStore::new(parts);
        let (kept, present, ending) = (link.clone(), store.clone(), shutdown.clone());
        tasks.spawn("redis", async move {
            tokio::join!(kept.keep(&ending), present.keep_present(&ending));
        });
        let node = Self { store, link, shutdown, tasks };
        until(|| node.link.is_connected()).await;
        node
    }

    /// As the limiter does while Redis is out.
    fn charge_locally(&self, charges: &Charges) -> Outcome {
        let part = charges.resized(|quota| quota.part_of(self.store.instances()));
        self.store.local().charge_now(&part, Mode::Local)
    }

    async fn stop(self) {
        self.shutdown.begin();
        tokio::time::timeout(PATIENT, self.tasks.finished()).await.expect("it ends");
    }
}

/// Waits for a state.
async fn until(reached: impl Fn() -> bool) {
    let wait = async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENT, wait).await.expect("it is reached in time");
}

fn charge(rate: Rate) -> Charges {
    let subject = Subject::id(Uuid::from_bytes(random::bytes()));
    let key = LimitKey { class: "test", scope: Scope::Identity, subject };
    Charges::of(Charge { key, quota: Quota::of(rate) })
}

#[tokio::test]
async fn it_is_a_store_of_limits() {
    let redis = Redis::start();
    let node = Node::start(&redis.url(), PATIENT).await;
    conformance::check_all(&node.store).await;
    node.stop().await;
}

#[tokio::test]
async fn it_is_asked_by_its_socket_as_well() {
    let redis = Redis::start();
    let url = format!("redis+unix://{}?pass={}", redis.socket().display(), redis.password());
    let node = Node::start(&url, PATIENT).await;
    assert!(node.store.charge(&charge(Rate::per_hour(1))).await.unwrap().is_admitted);
    node.stop().await;
}

#[tokio::test]
async fn it_is_asked_by_tls_as_well() {
    let redis = Redis::start_with_tls();
    let node = Node::believing(Some(&redis.ca_file()), &redis.tls_url(), PATIENT).await;
    conformance::check_all(&node.store).await;
    let limit = Rate::per_hour(3);
    assert!(node.store.charge(&charge(limit)).await.unwrap().is_admitted);
    node.stop().await;
}

/// How many of ten times as many go, asked by five nodes at once.
async fn admitted_by_five(redis: &Redis, rate: Rate, asked: usize) -> usize {
    let nodes = join_all((0..5).map(|_| Node::start_owned(redis.url()))).await;
    let charges = charge(rate);
    let gone = Arc::new(AtomicUsize::new(0));
    let tasks = Tasks::new();
    for at in 0..64 {
        let (store, gone) = (nodes[at % nodes.len()].store.clone(), Arc::clone(&gone));
        tasks.spawn("client", async move {
            for _ in 0..asked / 64 {
                let outcome = store.charge(&charges).await.expect("Redis answers");
                gone.fetch_add(usize::from(outcome.is_admitted), Ordering::Relaxed);
            }
        });
    }
    tokio::time::timeout(PATIENT * 6, tasks.finished()).await.expect("all are answered");
    for node in nodes {
        node.stop().await;
    }
    gone.load(Ordering::Relaxed)
}

impl Node {
    async fn start_owned(url: String) -> Self {
        Self::start(&url, PATIENT).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_nodes_share_one_bucket() {
    let redis = Redis::start();
    let gone = admitted_by_five(&redis, Rate::per_hour(100), 6_400).await;
    assert_eq!(gone, 100, "one more would be there after 36 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_of_five_nodes_are_never_more_than_the_limit() {
    let redis = Redis::start();
    let rate = Rate { requests: 1_000, seconds: 10 };
    let clock = Clock::system();
    let began = clock.now();
    let gone = admitted_by_five(&redis, rate, 64_000).await;
    let filled = (clock.now() - began).as_micros() / 10_000;
    let most = 1_000 + usize::try_from(filled).unwrap();
    // What five nodes may hold and never use: a portion each.
    assert!(gone <= most && gone + 5 * 5 >= 1_000, "{gone} of {most}");
}

#[tokio::test]
async fn a_clock_that_is_set_back_locks_nobody_out() {
    let redis = Redis::start();
    let node = Node::start(&redis.url(), PATIENT).await;
    let charges = charge(Rate::per_minute(600));
    // As if the server had been a day ahead.
    let name = node.store.name(&charges.as_slice()[0].key);
    let ahead = Clock::system().timestamp().as_microsecond() + 86_400_000_000;
    let command = async |mut connection| {
        redis::cmd("SET").arg(&name).arg(ahead).query_async::<()>(&mut connection).await
    };
    node.link.call(PATIENT, command).await.unwrap();
    let refused = node.store.charge(&charges).await.unwrap();
    assert!(!refused.is_admitted && refused.standing.wait <= 100_000_000, "{refused:?}");
    node.stop().await;
}

#[tokio::test]
async fn what_redis_refused_is_not_asked_again() {
    let redis = Redis::start();
    let node = Node::start(&redis.url(), PATIENT).await;
    let charges = charge(Rate::per_hour(3));
    let mut modes = Vec::new();
    for _ in 0..6 {
        modes.push(node.store.charge(&charges).await.unwrap().mode);
    }
    // The third answer said already that nothing is left.
    assert_eq!(
        modes,
        [Mode::Shared, Mode::Shared, Mode::Shared, Mode::Remembered, Mode::Remembered, Mode::Remembered]
    );
    node.stop().await;
}

#[tokio::test]
async fn names_and_addresses_stay_here() {
    let redis = Redis::start();
    let node = Node::start(&redis.url(), PATIENT).await;
    let subject = Subject::network("192.0.2.77".parse().unwrap());
    let key = LimitKey { class: "visible_class", scope: Scope::Address, subject };
    let charges = Charges::of(Charge { key, quota: Quota::of(Rate::per_hour(3)) });
    node.store.charge(&charges).await.unwrap();
    node.store.mark(key, 1_000_000_000).await.unwrap();
    let keys =
        async |mut connection| redis::cmd("KEYS").arg("*").query_async::<Vec<String>>(&mut connection).await;
    let names = node.link.call(PATIENT, keys).await.unwrap();
    assert!(names.iter().any(|name| name.starts_with("test:limit:")), "{names:?}");
    assert!(
        !names.iter().any(|name| name.contains("visible_class") || name.contains("192.0.2.77")),
        "{names:?}"
    );
    node.stop().await;
}

#[tokio::test]
async fn the_nodes_are_counted() {
    let redis = Redis::start();
    let one = Node::start(&redis.url(), PATIENT).await;
    let other = Node::start(&redis.url(), PATIENT).await;
    until(|| one.store.instances() == 2 && other.store.instances() == 2).await;
    // A part of the rate each, and a fifth more.
    let charges = charge(Rate::per_hour(100));
    let gone = (0..200).filter(|_| one.charge_locally(&charges).is_admitted).count();
    assert_eq!(gone, 60);
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn while_redis_is_out_the_bucket_goes_on_from_what_it_was() {
    let redis = Redis::start();
    let node = Node::start(&redis.url(), PATIENT).await;
    let charges = charge(Rate::per_hour(100));
    for _ in 0..75 {
        assert!(node.store.charge(&charges).await.unwrap().is_admitted);
    }
    redis.kill();
    until_out(&node, &charges).await;
    let gone = (0..200).filter(|_| node.charge_locally(&charges).is_admitted).count();
    assert_eq!(gone, 30, "a quarter of the hour is left of 120");
    node.stop().await;
}

/// Waits until the store says that it is out.
async fn until_out(node: &Node, charges: &Charges) {
    let wait = async { while node.store.charge(charges).await.is_ok() {} };
    tokio::time::timeout(PATIENT, wait).await.expect("it is noticed");
}

/// Waits until the store answers again.
async fn until_back(node: &Node) {
    let wait = async {
        while node.store.charge(&charge(Rate::per_hour(1))).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENT, wait).await.expect("it comes back by itself");
}

#[tokio::test]
async fn a_redis_that_was_killed_is_done_without_and_found_again() {
    let redis = Redis::start();
    let node = Node::start(&redis.url(), Duration::from_millis(500)).await;
    let charges = charge(Rate::per_hour(1_000));
    assert!(node.store.charge(&charges).await.unwrap().is_admitted);
    redis.kill();
    until_out(&node, &charges).await;
    redis.start_again();
    until_back(&node).await;
    // It has forgotten all, scripts included, and nothing here holds it to that.
    assert!(node.store.charge(&charges).await.unwrap().is_admitted);
    node.stop().await;
}

#[tokio::test]
async fn a_redis_that_stands_still_costs_a_few_requests_their_budget_and_the_others_nothing() {
    let redis = Redis::start();
    let budget = Duration::from_millis(20);
    let node = Node::start(&redis.url(), budget).await;
    until_back(&node).await;
    redis.pause();
    let clock = Clock::system();
    let began = clock.now();
    let outcomes = {
        let mut outcomes = Vec::new();
        for _ in 0..500 {
            outcomes.push(node.store.charge(&charge(Rate::per_hour(1))).await);
        }
        outcomes
    };
    let took = clock.now() - began;
    assert!(outcomes.iter().all(Result::is_err));
    assert!(took < budget * 100, "500 requests waited for {took:?}");
    redis.resume();
    until_back(&node).await;
    node.stop().await;
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_again() {
    let redis = Redis::start();
    let proxy = ChaosProxy::start(redis.address());
    let node = Node::start(&redis.url_by(proxy.address()), Duration::from_millis(500)).await;
    until_back(&node).await;
    proxy.cut();
    until_out(&node, &charge(Rate::per_hour(100_000))).await;
    proxy.pass();
    until_back(&node).await;
    node.stop().await;
}
