//! The server stands still, as under `SIGSTOP`.

use std::time::Duration;

use futures_util::future::join_all;
use mainstay_testkit::servers::Postgres;

use crate::site::{Site, assert_honest};

/// How long it may take until the probes of health have failed.
const NOTICED: Duration = Duration::from_secs(15);

const PAUSE: Duration = Duration::from_secs(20);
const CLIENTS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hangs_nothing_is_500_and_no_permit_is_lost() {
    let site = Site::new(Postgres::start(), &[("REQUEST_TIMEOUT", "10s")]).await;
    let kept = site.client().get("/list").await;
    assert_eq!(kept.status, 200);
    site.postgres.pause();
    let end = site.clock.now() + PAUSE;
    let client = async |number: usize| {
        let client = site.client();
        let (mut answers, mut longest) = (0_usize, Duration::ZERO);
        while site.clock.now() < end {
            let begun = site.clock.now();
            // Some read, some change, some are content with what was.
            let answer = match number % 3 {
                0 => client.get("/read").await,
                1 => client.post("/write", &().into()).await,
                _ => client.get("/list").await,
            };
            longest = longest.max(site.clock.now() - begun);
            assert_honest(&answer);
            if number % 3 == 2 && answer.status == 200 {
                assert_eq!(answer.text(), kept.text());
                assert!(answer.headers["warning"].to_str().unwrap().starts_with("110"));
            }
            answers += 1;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        (answers, longest)
    };
    let told = join_all((0..CLIENTS).map(client)).await;
    let longest = told.iter().map(|(_, longest)| *longest).max().unwrap();
    // Three probes of a second must fail first; the deadline of these requests is ten.
    assert!(longest < Duration::from_secs(9), "{longest:?}");
    assert!(
        told.iter().map(|(answers, _)| *answers).sum::<usize>() > 10 * CLIENTS,
        "most were answered at once"
    );
    site.until("an old answer stands in", async || site.client().get("/list").await.status == 200).await;
    site.until("nobody waits any more", async || site.client().get("/read").await.code() == "circuit_open")
        .await;
    assert_eq!(site.client().get("/health/ready").await.status, 503);
    assert_eq!(site.client().get("/health/live").await.status, 200);

    site.postgres.resume();
    let took = site.until_ready().await;
    println!("longest answer {longest:?}; ready again after {took:?}");
    site.proves_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_permit_held_the_answer_still_names_the_database() {
    let settings =
        [("ADMISSION_MIN", "2"), ("ADMISSION_START", "4"), ("ADMISSION_MAX", "4"), ("ADMISSION_QUEUE", "4")];
    let site = Site::new(Postgres::start(), &settings).await;
    assert_eq!(site.client().get("/read").await.status, 200);
    site.postgres.pause();
    let end = site.clock.now() + NOTICED;
    let client = async |_| {
        let client = site.client();
        let (mut unknown, mut known) = (0_usize, 0_usize);
        while site.clock.now() < end {
            // Looked at before asking: who asks while it is closed may have to be content with less.
            let is_known = site.database().circuit().refuses_for.is_some();
            let answer = client.get("/read").await;
            assert_honest(&answer);
            if is_known {
                let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
                assert!(answer.code() != "overloaded" && wait <= 20, "{} after {wait} s", answer.code());
                known += 1;
            } else if answer.code() == "overloaded" {
                unknown += 1;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (unknown, known)
    };
    let told = join_all((0..CLIENTS).map(client)).await;
    let (unknown, known) = told.iter().fold((0, 0), |sum, told| (sum.0 + told.0, sum.1 + told.1));
    println!("{unknown} were told of overload before anybody knew, {known} of the database");
    assert!(unknown > 0 && known > CLIENTS, "{unknown} and {known}");
    site.postgres.resume();
    site.until_ready().await;
    site.proves_whole().await;
}
