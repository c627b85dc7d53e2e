//! What operators ask a running service, and tell it.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay::life::{App, Restart, WorkerState};
use mainstay::{BuildError, Role, Routes, Service};
use mainstay_db::Migrations;
use mainstay_testkit::TestService;
use serde_json::{Value, json};

/// A service with a worker that fails until it is cured.
#[derive(Clone, Default)]
struct Ailing {
    cured: Arc<AtomicBool>,
}

impl Service for Ailing {
    const NAME: &'static str = "ailing";
    const VERSION: &'static str = "0.0.1";
    const ABOUT: &'static str = "A service for tests.";
    type Settings = ();
    type State = ();

    fn routes(&self) -> Routes {
        Routes::new()
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    async fn build(&self, app: &mut App<()>) -> Result<(), BuildError> {
        let cured = Arc::clone(&self.cured);
        let wait = Duration::from_millis(1);
        let policy = Restart {
            budget: 2,
            first_delay: wait,
            longest_delay: wait,
            cooldown: None,
            ..Restart::budgeted()
        };
        app.worker("columns", policy, move |shutdown| {
            let cured = cured.load(Ordering::Relaxed);
            async move {
                if !cured {
                    return Err("the disk is full".into());
                }
                shutdown.begun().await;
                Ok(())
            }
        });
        Ok(())
    }
}

const RESTART: &str = "/admin/api/workers/columns/restart";

async fn until(service: &TestService<Ailing>, state: WorkerState) {
    let workers = service.process().workers();
    workers.until(|list| list.iter().any(|worker| worker.name == "columns" && worker.state == state)).await;
}

fn columns(list: &Value) -> Value {
    let workers = list["workers"].as_array().unwrap();
    workers.iter().find(|worker| worker["name"] == "columns").unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_has_failed_too_often_is_restarted_by_who_says_why() {
    let ailing = Ailing::default();
    let service = TestService::start(ailing.clone(), &[]).await;
    let operator = service.client_as(Role::Operator).await;
    until(&service, WorkerState::Faulted).await;

    let worker = columns(&operator.get("/admin/api/workers").await.json());
    assert_eq!(
        (&worker["state"], &worker["restarts"], &worker["churn"]),
        (&json!("faulted"), &json!(2), &json!(2))
    );
    assert_eq!((&worker["churn_blocked"], &worker["budget"]), (&json!(true), &json!(2)));
    assert_eq!(worker["last_error"], "the disk is full");

    let blocked = operator.post(RESTART, &json!({})).await;
    assert_eq!((blocked.status.as_u16(), &blocked.json()["error"]["code"]), (409, &json!("conflict")));
    assert_eq!(blocked.json()["error"]["details"][0]["code"], "churn_blocked");
    let unreasoned = operator.post(RESTART, &json!({ "acknowledge": true, "reason": " " })).await;
    assert_eq!(
        (unreasoned.status.as_u16(), &unreasoned.json()["error"]["details"][0]["field"]),
        (422, &json!("reason"))
    );
    let misspelt = operator.post(RESTART, &json!({ "acknowledged": true })).await;
    assert_eq!(misspelt.status, 422);
    let unknown = operator.post("/admin/api/workers/rows/restart", &json!({})).await;
    assert_eq!(unknown.status, 404);

    ailing.cured.store(true, Ordering::Relaxed);
    let ordered = operator.post(RESTART, &json!({ "acknowledge": true, "reason": "a larger disk" })).await;
    assert_eq!((ordered.status.as_u16(), &ordered.json()["churn"]), (202, &json!(1)));
    until(&service, WorkerState::Running).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_operators_are_told_and_obeyed() {
    let service = TestService::start(Ailing::default(), &[]).await;
    let editor = service.client_as(Role::Editor).await;
    for path in ["/admin/api/system-status", "/admin/api/workers"] {
        assert_eq!(service.client().get(path).await.status, 401, "{path}");
        assert_eq!(editor.get(path).await.status, 403, "{path}");
    }
    assert_eq!(service.client().post(RESTART, &json!({})).await.status, 401);
    assert_eq!(editor.post(RESTART, &json!({})).await.status, 403);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_stays_down_degrades_the_service_and_operators_hear_which() {
    let service = TestService::start(Ailing::default(), &[]).await;
    let operator = service.client_as(Role::Operator).await;
    until(&service, WorkerState::Faulted).await;
    let status = async || operator.get("/admin/api/system-status").await.json();
    // The health lane looks once a second, and says nothing new before it has seen it twice.
    let mut told = status().await;
    while told["status"] != "degraded" {
        tokio::task::yield_now().await;
        told = status().await;
    }
    assert_eq!(
        told["dependencies"]["workers"],
        json!({ "status": "degraded", "message": "faulted: columns" })
    );
    assert_eq!(told["recommendation"]["action"], "restart");
    assert_eq!(told["recommendation"]["reasons"], json!(["workers stay down: columns"]));
    assert_eq!(told["restarts"], json!({ "policy_state": "blocked", "churn": 2, "faulted": ["columns"] }));
    assert_eq!(told["thresholds"], json!({ "slow_ms": 250, "stalled_ms": 1000 }));
    assert_eq!((&told["runtime"]["state"], &told["runtime"]["accepting"]), (&json!("moving"), &json!(true)));
    assert!(told["connections"]["public"]["open"].as_u64().unwrap() >= 1, "{told}");

    // Degraded is not down, and the public hears no message.
    let health = service.client().get("/health").await;
    assert_eq!((health.status.as_u16(), &health.json()["status"]), (200, &json!("degraded")));
    assert_eq!(health.json()["dependencies"]["workers"], json!({ "status": "degraded" }));
    assert_eq!(health.json().get("recommendation"), None);
    assert_eq!(service.client().get("/health/ready").await.status, 200);
    service.stop().await;
}
