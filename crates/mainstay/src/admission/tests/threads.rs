//! Many tasks on several threads, some of which leave at any moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use mainstay_core::{Clock, Tasks, random};
use tokio::time::timeout;

use crate::admission::{Admission, AdmissionSettings, Course, Outcome, UsualTime};
use crate::routes::{Cost, Priority};

const LIMIT: u32 = 5;
const TASKS: usize = 64;
const ROUNDS: usize = 200;

fn admission() -> Admission {
    let settings = AdmissionSettings { min: LIMIT, start: LIMIT, max: LIMIT, ..AdmissionSettings::default() };
    Admission::new(&settings, &Clock::system())
}

fn course(priority: Priority) -> Course {
    Course { cost: Cost::Quick, priority, usual: UsualTime::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_limit_holds_and_every_permit_comes_back() {
    let (admission, tasks) = (admission(), Tasks::new());
    let (now, most, done) =
        (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> = (0..TASKS)
        .map(|index| {
            let (admission, now, most, done) =
                (admission.clone(), Arc::clone(&now), Arc::clone(&most), Arc::clone(&done));
            tasks.spawn("client", async move {
                let course = course(Priority::ALL[index % Priority::ALL.len()]);
                for _ in 0..ROUNDS {
                    let work = async {
                        let Ok(permit) = admission.admit(&course).await else { return };
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        now.fetch_sub(1, Ordering::SeqCst);
                        permit.end(Outcome::Answered);
                        done.fetch_add(1, Ordering::SeqCst);
                    };
                    // Some clients leave while they wait; none while they work, which is counted by hand here.
                    if random::below(4) == 0 {
                        let _ = timeout(Duration::ZERO, admission.admit(&course)).await;
                    }
                    work.await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert!(most.load(Ordering::SeqCst) <= LIMIT, "{most:?}");
    assert!(done.load(Ordering::SeqCst) > 0);
    let lane = admission.snapshot().lanes[0];
    assert_eq!((lane.in_flight, lane.queued), (0, 0), "{lane:?}");
}

#[tokio::test]
async fn a_permit_that_comes_to_somebody_who_has_left_goes_to_the_next() {
    let admission = admission();
    let course = course(Priority::Identity);
    let mut held = Vec::new();
    for _ in 0..LIMIT {
        held.push(admission.admit(&course).await.unwrap());
    }
    let mut first = Box::pin(admission.admit(&course));
    let mut second = Box::pin(admission.admit(&course));
    for wait in [&mut first, &mut second] {
        assert!(futures_util::poll!(wait).is_pending());
    }
    // The permit is the first one's now, which never looks.
    held.pop();
    drop(first);
    assert!(second.await.is_ok());
}

#[tokio::test]
async fn a_panic_gives_the_permit_back() {
    let admission = admission();
    let tasks = Tasks::new();
    for _ in 0..3 * LIMIT {
        let admission = admission.clone();
        let worker = tasks.spawn("client", async move {
            let course = course(Priority::Identity);
            let _permit = admission.admit(&course).await.unwrap();
            panic!("planted");
        });
        assert!(worker.await.is_err());
    }
    assert_eq!(admission.snapshot().lanes[0].in_flight, 0);
}

#[tokio::test]
async fn where_it_is_off_everybody_is_let_in() {
    let settings =
        AdmissionSettings { enabled: false, min: 2, start: 2, max: 2, ..AdmissionSettings::default() };
    let admission = Admission::new(&settings, &Clock::system());
    let course = course(Priority::Background);
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(admission.admit(&course).await.unwrap());
    }
    assert_eq!(admission.snapshot().lanes[0].in_flight, 0);
}
