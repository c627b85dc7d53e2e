//! Clients that leave, clients that do not read, and time that is up.

use std::time::Duration;

use concord::domain::Name;
use concord::engine::MatrixOptions;
use concord::evaluation::{
    AnswerError, BrokenOff, Evaluator, EvaluatorLimits, MatrixForm, Pieces, Rendering, Subject,
};
use concord::service::Concord;
use futures_util::StreamExt as _;
use mainstay::Role;
use mainstay::telemetry::metrics::Metrics;
use mainstay_core::{Clock, Tasks};
use mainstay_testkit::TestService;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::world::{ask, many};

const LONG: Duration = Duration::from_mins(1);

/// An evaluator beside that of the service, whose tasks and clock the test holds.
struct Beside {
    evaluator: Evaluator,
    tasks: Tasks,
    metrics: Metrics,
}

impl Beside {
    fn new(service: &TestService<Concord>, clock: &Clock, limits: EvaluatorLimits) -> Self {
        let (tasks, metrics) = (Tasks::new(), Metrics::new());
        let database = &service.started().database;
        let evaluator = Evaluator::start(database, clock, &tasks, &metrics, limits).unwrap();
        Self { evaluator, tasks, metrics }
    }

    async fn matrix(&self, deadline: Instant) -> Result<Pieces, AnswerError> {
        let name = |text: &str| Name::parse(text).unwrap();
        let subject = Subject { catalog: name("many"), ruleset: name("rules"), cluster_ruleset: None };
        let options = MatrixOptions::default();
        let answer = self.evaluator.matrix(&subject, MatrixForm::Results, options, deadline).await?;
        match answer.rendering {
            Rendering::Pieces(pieces) => Ok(pieces),
            Rendering::Whole(_) => panic!("the matrix is too small for this test"),
        }
    }

    fn counted(&self) -> bool {
        self.metrics.render().contains(r#"evaluation_seconds_count{kind="matrix"} 1"#)
    }
}

#[tokio::test]
async fn a_long_answer_arrives_whole_and_is_counted() {
    let service = many(300).await;
    let clock = Clock::system();
    let beside = Beside::new(&service, &clock, EvaluatorLimits::for_cores(2));
    let pieces = beside.matrix(clock.now() + LONG).await.unwrap();
    let body = pieces.map(Result::unwrap).collect::<Vec<_>>().await.concat();
    let matrix: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(matrix["total_comparisons"], 300 * 299 / 2);
    beside.tasks.finished().await;
    assert!(beside.counted());
    let text = beside.metrics.render();
    let compatible =
        format!(r#"evaluation_pairs_total{{result="compatible"}} {}"#, matrix["compatible_count"]);
    assert!(text.contains(&compatible), "{compatible} is not in {text}");
    service.stop().await;
}

#[tokio::test]
async fn nothing_is_rendered_for_who_has_left() {
    let service = many(300).await;
    let clock = Clock::system();
    let beside = Beside::new(&service, &clock, EvaluatorLimits::for_cores(2));
    let mut pieces = beside.matrix(clock.now() + LONG).await.unwrap();
    pieces.next().await.unwrap().unwrap();
    drop(pieces);
    beside.tasks.finished().await;
    assert!(!beside.counted());
    service.stop().await;
}

#[tokio::test]
async fn an_answer_breaks_off_when_its_time_is_up() {
    let service = many(300).await;
    let (clock, hands) = Clock::manual();
    let beside = Beside::new(&service, &clock, EvaluatorLimits::for_cores(2));
    let mut pieces = beside.matrix(clock.now() + LONG).await.unwrap();
    pieces.next().await.unwrap().unwrap();
    hands.advance(LONG);
    let rest: Vec<_> = pieces.by_ref().collect().await;
    assert_eq!(rest.last().unwrap().clone().unwrap_err(), BrokenOff);
    assert_eq!(rest.iter().filter(|piece| piece.is_err()).count(), 1);
    assert!(pieces.next().await.is_none());
    beside.tasks.finished().await;
    service.stop().await;
}

#[tokio::test]
async fn who_does_not_read_holds_nothing_beyond_the_deadline() {
    let service = many(300).await;
    let clock = Clock::system();
    let limits = EvaluatorLimits { long_answers: 1, ..EvaluatorLimits::for_cores(1) };
    let beside = Beside::new(&service, &clock, limits);
    // So that the compilation does not take of its time.
    drop(beside.matrix(clock.now() + LONG).await.unwrap());
    beside.tasks.finished().await;

    let unread = beside.matrix(clock.now() + Duration::from_millis(1_500)).await.unwrap();
    let refused = beside.matrix(clock.now() + LONG).await.unwrap_err();
    assert!(matches!(refused, AnswerError::Overloaded { .. }), "{refused}");
    beside.tasks.finished().await;
    assert!(beside.matrix(clock.now() + LONG).await.is_ok());
    let read: Vec<_> = unread.collect().await;
    assert_eq!(read.last().unwrap().clone().unwrap_err(), BrokenOff);
    service.stop().await;
}

#[tokio::test]
async fn heavy_work_that_cannot_begin_in_time_is_told_to_come_back() {
    let service = many(300).await;
    let clock = Clock::system();
    let beside = Beside::new(&service, &clock, EvaluatorLimits::for_cores(1));
    let refused = beside.matrix(clock.now()).await.unwrap_err();
    assert!(matches!(refused, AnswerError::Overloaded { .. } | AnswerError::Late), "{refused}");
    service.stop().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_the_work() {
    let service = many(700).await;
    let question = json!({"catalog_name": "many", "ruleset_name": "rules"}).to_string();
    let (address, token) = (service.client().address(), service.token(Role::Viewer).await);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/v1/evaluate/matrix HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         authorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{question}",
        question.len(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    drop(stream);
    // Which asserts that nothing is left running.
    service.stop().await;
}

#[tokio::test]
async fn requests_do_not_wait_for_a_matrix() {
    let service = many(200).await;
    let matrix = json!({"catalog_name": "many", "ruleset_name": "rules"});
    let pair = json!({
        "item1_id": "hat", "item2_id": "coat", "catalog_name": "wardrobe", "ruleset_name": "rules",
    });
    let matrices = futures_util::future::join_all((0..6).map(|_| ask(&service, "matrix", &matrix)));
    let pairs = async {
        for _ in 0..20 {
            ask(&service, "pair", &pair).await;
        }
    };
    let (matrices, ()) = futures_util::future::join(matrices, pairs).await;
    assert!(matrices.iter().all(|matrix| matrix["total_comparisons"] == 200 * 199 / 2));
    service.stop().await;
}
