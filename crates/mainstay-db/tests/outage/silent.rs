//! A server that is there, and does not answer.

use std::time::Duration;

use futures_util::future::join_all;
use mainstay_db::{DbErrorKind, Work};
use mainstay_servers::Direction;

use crate::site::{Site, is_outage};

/// Many clients ask again and again for some seconds. Says what they were told, and how long each waited at most.
async fn besieged(site: &Site, seconds: u64) -> (Vec<DbErrorKind>, Duration) {
    let end = site.clock.now() + Duration::from_secs(seconds);
    let client = async || {
        let (mut told, mut longest) = (Vec::new(), Duration::ZERO);
        while site.clock.now() < end {
            let begun = site.clock.now();
            let answer = site.ask().await;
            longest = longest.max(site.clock.now() - begun);
            told.extend(answer.err().map(|error| error.kind()));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (told, longest)
    };
    let clients = join_all((0..50).map(|_| client()));
    let all = tokio::select! {
        all = clients => all,
        () = site.probing() => unreachable!("it never ends"),
    };
    let longest = all.iter().map(|(_, longest)| *longest).max().unwrap();
    (all.into_iter().flat_map(|(told, _)| told).collect(), longest)
}

#[tokio::test]
async fn a_paused_server_keeps_nobody_waiting_for_long_and_loses_nothing() {
    let site = Site::new(|_| {}).await;
    site.ask().await.unwrap();
    site.postgres.pause();
    let (told, longest) = besieged(&site, 6).await;
    assert!(longest < Duration::from_secs(8), "{longest:?}");
    assert!(told.iter().all(|kind| is_outage(*kind)), "{told:?}");
    let refused_at_once = told.iter().filter(|kind| **kind == DbErrorKind::CircuitOpen).count();
    assert!(refused_at_once > 50, "{refused_at_once} of {}", told.len());
    assert!(site.database.circuit().stands_still);
    let wait = site.ask().await.unwrap_err().wait().unwrap();
    assert!(wait <= Duration::from_mins(1) * 6 / 5, "{wait:?}");

    site.postgres.resume();
    let took = site.until("it answers again", async || site.ask().await.is_ok()).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    site.nothing_is_lost().await;
}

#[tokio::test]
async fn a_server_that_goes_silent_after_the_handshake_does_not_strand_the_pool() {
    for muted in [None, Some(Direction::Replies), Some(Direction::Requests)] {
        let site = Site::new(|settings| {
            settings.pool_max_size = 4;
            settings.pool_timeout = Duration::from_millis(500);
            settings.statement_timeout = Duration::from_millis(500);
        })
        .await;
        match muted {
            None => site.proxy.silence(),
            Some(direction) => site.proxy.mute(direction),
        }
        // Without probes: the limits of each statement and each wait do it alone.
        let asked = join_all((0..12).map(|_| site.ask())).await;
        assert!(asked.iter().all(|answer| answer.as_ref().is_err_and(|error| is_outage(error.kind()))));
        site.proxy.pass();
        site.until("it answers again", async || site.ask().await.is_ok()).await;
        site.nothing_is_lost().await;
    }
}

#[tokio::test]
async fn probes_alone_find_out_that_it_stands_still_and_that_it_is_back() {
    let site = Site::new(|_| {}).await;
    site.proxy.silence();
    let waiting = async {
        // Longer than its connections have; one of these waits for a connection, the others for an answer.
        join_all((0..=site.database.pool(Work::Web).max).map(|_| site.ask())).await
    };
    let answers = tokio::select! {
        answers = waiting => answers,
        () = site.probing() => unreachable!("it never ends"),
    };
    assert!(site.database.circuit().stands_still);
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| is_outage(error.kind()))));
    site.proxy.pass();
    site.until("it may be asked again", async || site.database.circuit().refuses_for.is_none()).await;
    site.nothing_is_lost().await;
}
