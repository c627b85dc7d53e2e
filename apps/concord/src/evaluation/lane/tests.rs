use std::sync::mpsc;

use futures_util::FutureExt as _;

use super::*;

const SOON: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_mins(1);

fn lane(places: usize) -> (Lane, Tasks, Clock) {
    let (clock, tasks) = (Clock::system(), Tasks::new());
    (Lane::new(&clock, &tasks, places, 1), tasks, clock)
}

#[tokio::test]
async fn only_so_much_works_at_once() {
    let (lane, tasks, clock) = lane(2);
    let held =
        [lane.enter(clock.now() + LATER).await.unwrap(), lane.enter(clock.now() + LATER).await.unwrap()];
    let refused = lane.enter(clock.now() + SOON).await.unwrap_err();
    let AnswerError::Overloaded { retry_after } = refused else { panic!("{refused}") };
    assert!((RETRY[0]..=RETRY[1] * 3 / 2).contains(&retry_after), "{retry_after:?}");
    drop(held);
    let place = lane.enter(clock.now() + SOON).await.unwrap();
    assert_eq!(place.work(|_| 42).await.unwrap(), 42);
    tasks.finished().await;
}

#[tokio::test]
async fn the_queue_is_short() {
    let (lane, _, clock) = lane(1);
    let held = lane.enter(clock.now() + LATER).await.unwrap();
    let deadline = clock.now() + LATER;
    let mut waiting: Vec<_> = (0..WAITING_PER_PLACE).map(|_| Box::pin(lane.enter(deadline))).collect();
    for waits in &mut waiting {
        assert!(waits.now_or_never().is_none());
    }
    assert!(matches!(lane.enter(deadline).now_or_never(), Some(Err(AnswerError::Overloaded { .. }))));
    waiting.pop();
    assert!(lane.enter(deadline).now_or_never().is_none(), "whoever leaves makes room in the queue");
    drop(held);
    assert!(waiting.remove(0).await.is_ok(), "first come, first served");
}

#[tokio::test]
async fn work_whose_client_has_left_is_told_to_stop_and_keeps_its_place_until_then() {
    let (lane, tasks, clock) = lane(1);
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let place = lane.enter(clock.now() + LATER).await.unwrap();
    let work = place.work(move |stop| {
        begun.send(stop.is_due()).unwrap();
        may_go_on.recv().unwrap();
        begun.send(stop.is_due()).unwrap();
    });
    let mut work = Box::pin(work);
    assert!(work.as_mut().now_or_never().is_none());
    assert!(!has_begun.recv().unwrap());
    drop(work);
    assert!(lane.enter(clock.now() + SOON).await.is_err(), "it still works");
    go_on.send(()).unwrap();
    assert!(has_begun.recv().unwrap());
    tasks.finished().await;
    assert!(lane.enter(clock.now() + SOON).await.is_ok());
}

#[tokio::test]
async fn work_stops_at_the_deadline() {
    let (clock, hands) = Clock::manual();
    let stop = Stop::at(&clock, clock.now() + SOON);
    assert!(!stop.is_due());
    hands.advance(SOON);
    assert!(stop.is_due());
}

#[tokio::test]
async fn a_panic_ends_one_evaluation_and_not_the_service() {
    let (lane, tasks, clock) = lane(1);
    let place = lane.enter(clock.now() + LATER).await.unwrap();
    let outcome = place.work(|_| panic!("a defect")).await;
    assert!(matches!(outcome, Err(AnswerError::Panicked)));
    assert!(tasks.panicked().now_or_never().is_none());
    assert!(lane.enter(clock.now() + SOON).await.is_ok());
}

#[tokio::test]
async fn room_for_long_answers_is_not_waited_for() {
    let (lane, _, _) = lane(1);
    let room = lane.room().unwrap();
    assert!(matches!(lane.room(), Err(AnswerError::Overloaded { .. })));
    drop(room);
    assert!(lane.room().is_ok());
}
