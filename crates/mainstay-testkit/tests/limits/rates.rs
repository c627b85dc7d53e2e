//! How many go, and what the others are told.

use http::Method;
use mainstay::Role;
use mainstay_testkit::TestService;

use crate::sample::{Sample, answered, get};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn n_of_ten_n_go_however_many_ask_at_once() {
    // Without admission: 64 at once may be more than the machine can do, and that is another refusal.
    let settings = [("RATE_LIMIT_DEFAULT", "128/h"), ("ADMISSION_ENABLED", "no")];
    let service = TestService::start(Sample, &settings).await;
    assert_eq!(answered(&[service.client()], "/anybody", 1_280).await, 128);
    // By identity: the address has four times as much for those, which is what is asked for here.
    let clients = [service.client_as(Role::Viewer).await, service.client_as(Role::Viewer).await];
    assert_eq!(answered(&clients, "/viewers", 256).await, 128);
    let other = [service.client_as(Role::Editor).await];
    assert_eq!(answered(&other, "/viewers", 256).await, 128, "another identity has a bucket of its own");
    assert_eq!(answered(&other, "/viewers", 64).await, 0);
    service.stop().await;
}

#[tokio::test]
async fn every_answer_tells_the_limit_and_a_refusal_when_to_come_back() {
    let service = TestService::start(Sample, &[("RATE_LIMIT_DEFAULT", "3/m")]).await;
    let client = service.client();
    for left in [2, 1, 0] {
        let answer = client.get("/anybody").await;
        assert_eq!(answer.status, 200);
        let told = ["x-ratelimit-limit", "x-ratelimit-remaining", "ratelimit-policy"]
            .map(|name| answer.header(name));
        assert_eq!(told, ["3", &left.to_string(), "\"default_anonymous\";q=3;w=60"]);
        let full_in: i64 = 20 * (3 - left);
        assert_eq!(answer.header("ratelimit"), format!("\"default_anonymous\";r={left};t={full_in}"));
        assert!(answer.header("retry-after").is_empty());
        let reset: i64 = answer.header("x-ratelimit-reset").parse().unwrap();
        let now = mainstay_core::Clock::system().timestamp().as_second();
        assert!((reset - now - full_in).abs() <= 2, "{reset} {now}");
    }
    let refused = client.get("/anybody").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "rate_limited"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((18..=25).contains(&wait), "{wait}");
    assert_eq!(refused.json()["error"]["retry_after"], wait);
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    // What is not there is limited as well: looking for it costs as much.
    assert_eq!(client.get("/nowhere").await.status, 429);
    service.stop().await;
}

#[tokio::test]
async fn probes_and_preflights_cost_nothing() {
    let settings = [("RATE_LIMIT_DEFAULT", "2/h"), ("CORS_ORIGINS", "https://friend.example")];
    let service = TestService::start(Sample, &settings).await;
    let client = service.client();
    for _ in 0..20 {
        for probe in ["/health", "/health/live", "/health/ready", "/api/v1/health"] {
            let answer = client.get(probe).await;
            assert_eq!((answer.status.as_u16(), answer.header("ratelimit")), (200, ""), "{probe}");
        }
        let preflight = client
            .request(Method::OPTIONS, "/anybody")
            .header("origin", "https://friend.example")
            .header("access-control-request-method", "GET");
        let answer = client.send(preflight.body(bytes::Bytes::new()).unwrap()).await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    let statuses = [client.get("/anybody").await, client.get("/anybody").await, client.get("/anybody").await];
    assert_eq!(statuses.map(|answer| answer.status.as_u16()), [200, 200, 429]);
    assert_eq!(client.get("/health").await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn those_who_bring_nothing_take_nothing_from_those_who_do() {
    let service = TestService::start(Sample, &[("RATE_LIMIT_DEFAULT", "4/h")]).await;
    let stranger = service.client();
    let mut told = Vec::new();
    for _ in 0..8 {
        told.push(stranger.get("/viewers").await.status.as_u16());
    }
    assert_eq!(told, [401, 401, 401, 401, 429, 429, 429, 429]);
    // Four times as much for who says that they are somebody, whether they are or not.
    let mut told = Vec::new();
    for _ in 0..18 {
        told.push(get(&stranger, "/viewers", &[("authorization", "Bearer nonsense")]).await.status.as_u16());
    }
    assert_eq!(told.iter().filter(|status| **status == 401).count(), 16);
    assert_eq!(told.last(), Some(&429));
    service.stop().await;
}

#[tokio::test]
async fn another_token_of_the_same_user_is_no_other_identity() {
    let service = TestService::start(Sample, &[("RATE_LIMIT_DEFAULT", "5/h")]).await;
    let (name, password) =
        ("alice".parse().unwrap(), mainstay::identity::Password::new("seven green bottles"));
    let accounts = &service.started().accounts;
    let alice = accounts.create(&name, Role::Viewer, &password, "test").await.unwrap();
    let mut gone = 0;
    for number in 0..4 {
        let token = format!("token {number}");
        let new = mainstay::identity::NewApiToken {
            name: &token,
            role: Role::Viewer,
            owner: Some(alice.id),
            expires_at: None,
        };
        let (_, text) = accounts.create_token(new, "alice").await.unwrap();
        let client = service.client().with_token(text.expose());
        for _ in 0..4 {
            gone += usize::from(client.get("/viewers").await.status == 200);
        }
    }
    assert_eq!(gone, 5);
    service.stop().await;
}

#[tokio::test]
async fn limits_that_are_off_say_nothing_and_are_still_proven() {
    let service =
        TestService::start(Sample, &[("RATE_LIMIT_DEFAULT", "1/h"), ("RATE_LIMIT_ENABLED", "no")]).await;
    for _ in 0..5 {
        let answer = service.client().get("/anybody").await;
        assert_eq!((answer.status.as_u16(), answer.header("ratelimit")), (200, ""));
    }
    service.stop().await;
}
