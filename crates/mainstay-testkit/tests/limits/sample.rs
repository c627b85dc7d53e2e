//! A service with a class of limits for each thing that can happen while Redis is out.

use bytes::Bytes;
use http::Method;
use mainstay::life::App;
use mainstay::limits::OnFailure;
use mainstay::{BuildError, Class, Json, Rate, Role, Routes, Service};
use mainstay_core::Tasks;
use mainstay_db::Migrations;
use mainstay_testkit::{Answer, Client};

pub(crate) const CLOSED: Class = Class::new("closed", Rate::per_hour(100)).on_failure(OnFailure::Closed);
pub(crate) const LOCAL: Class = Class::new("local", Rate::per_hour(100));
pub(crate) const OPEN: Class = Class::new("open", Rate::per_hour(100)).on_failure(OnFailure::Open);

#[derive(Clone, Copy)]
pub(crate) struct Sample;

impl Service for Sample {
    const NAME: &'static str = "limited";
    const VERSION: &'static str = "0.0.1";
    const ABOUT: &'static str = "A service for tests.";
    const LIMITS: &'static [Class] = &[CLOSED, LOCAL, OPEN];
    type Settings = ();
    type State = ();

    fn routes(&self) -> Routes<()> {
        Routes::new()
            .get("/anybody", async || Json("here"))
            .public()
            .get("/viewers", async || Json("here"))
            .role(Role::Viewer)
            .get("/closed", async || Json("here"))
            .public()
            .limit(CLOSED)
            .get("/local", async || Json("here"))
            .public()
            .limit(LOCAL)
            .get("/open", async || Json("here"))
            .public()
            .limit(OPEN)
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    async fn build(&self, _: &mut App<()>) -> Result<(), BuildError> {
        Ok(())
    }
}

/// A GET with headers of its own.
pub(crate) async fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers.iter().fold(client.request(Method::GET, path), |request, (name, value)| {
        request.header(*name, value.as_bytes())
    });
    client.send(request.body(Bytes::new()).unwrap()).await
}

/// How many of so many requests are answered, asked by 64 clients at once. All others are told that they are too many.
pub(crate) async fn answered(clients: &[Client], path: &'static str, asked: usize) -> usize {
    let tasks = Tasks::new();
    let work = |at: usize| {
        let client = clients[at % clients.len()].clone();
        async move {
            let mut gone = 0;
            for _ in 0..asked / 64 {
                let answer = client.get(path).await;
                if answer.status == 200 {
                    gone += 1;
                } else {
                    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "rate_limited"));
                }
            }
            gone
        }
    };
    let clients: Vec<_> = (0..64).map(|at| tasks.spawn("client", work(at))).collect();
    let mut gone = 0;
    for client in clients {
        gone += client.await.unwrap();
    }
    gone
}
