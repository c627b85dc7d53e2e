//! Instances come and go, and the proxy's configuration changes, while clients ask.

use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;

use crate::browser::{get, send};
use crate::place::{instance, nginx};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_stops_costs_no_client_an_answer() {
    let (one, other) = (instance().await, instance().await);
    let nginx = nginx(&[one.started().address, other.started().address]);
    let done = AtomicBool::new(false);

    let asking = async {
        let mut answers = 0_u32;
        while !done.load(Ordering::Acquire) || answers < 50 {
            let answer = send(&nginx, get("/health/live", &[])).await.unwrap();
            assert_eq!(answer.status, StatusCode::OK, "after {answers} answers");
            answers += 1;
        }
    };
    let stopping = async {
        one.stop().await;
        done.store(true, Ordering::Release);
    };
    tokio::join!(asking, stopping);

    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_of_the_proxy_costs_no_client_an_answer() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);

    for round in 0..60 {
        if round % 20 == 10 {
            nginx.reload();
        }
        let answer = send(&nginx, get("/health/live", &[])).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "round {round}");
    }
    service.stop().await;
}

#[tokio::test]
async fn without_an_instance_clients_learn_when_to_come_back() {
    let service = instance().await;
    let address = service.started().address;
    service.stop().await;
    let nginx = nginx(&[address]);

    let answer = send(&nginx, get("/api/v1/catalogs", &[])).await.unwrap();

    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "overloaded"));
    assert_eq!(answer.all("retry-after"), ["5"]);
    assert_eq!(answer.all("strict-transport-security").len(), 1);
}
