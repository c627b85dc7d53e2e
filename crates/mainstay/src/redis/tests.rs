//! The connection, on a real Redis.

use std::time::Duration;

use futures_util::future::join_all;
use mainstay_core::settings::Setting;
use mainstay_core::{Chain, Clock};
use mainstay_servers::Redis;

use super::{Link, LinkError, RedisUrl};

/// Long enough for a machine that has much else to do.
const PATIENT: Duration = Duration::from_secs(10);

fn link(url: &str, ca_file: Option<&std::path::Path>) -> Link {
    Link::new(&RedisUrl::parse(url).unwrap(), ca_file, &Clock::system()).unwrap()
}

#[tokio::test]
async fn by_tls_a_certificate_is_believed_for_its_name_and_by_its_authority_only() {
    let (redis, other) = (Redis::start_with_tls(), Redis::start_with_tls());
    let (ours, theirs) = (redis.ca_file(), other.ca_file());
    link(&redis.tls_url(), Some(&ours)).connect().await.unwrap();
    let by_number = redis.tls_url().replace("localhost", "127.0.0.1");
    let rows = [
        // For the name, and not for the number.
        (by_number, Some(&ours), "not valid for name"),
        // Of an authority that was not named, and of one that the system does not know.
        (redis.tls_url(), Some(&theirs), "BadSignature"),
        (redis.tls_url(), None, "UnknownIssuer"),
    ];
    for (url, ca_file, fault) in rows {
        let error = link(&url, ca_file.map(std::path::PathBuf::as_path)).connect().await.unwrap_err();
        let text = Chain(&error).to_string();
        assert!(matches!(error, LinkError::Failed(_)) && text.contains(fault), "{text}");
    }
}

#[tokio::test]
async fn more_calls_than_there_are_places_take_turns_and_are_all_answered() {
    let redis = Redis::start();
    let link = link(&redis.url(), None);
    link.connect().await.unwrap();
    let asked = (0..1_000).map(|number: u32| {
        let link = &link;
        let echo = async move |mut connection| {
            redis::cmd("ECHO").arg(number).query_async::<u32>(&mut connection).await
        };
        async move { link.call(PATIENT, echo).await.unwrap() == number }
    });
    assert!(join_all(asked).await.into_iter().all(|is_right| is_right));
}

#[tokio::test]
async fn who_finds_too_many_waiting_is_told_at_once_and_that_is_no_failure_of_redis() {
    let redis = Redis::start();
    let link = link(&redis.url(), None);
    link.connect().await.unwrap();
    redis.pause();
    // None of them has failed yet, so the breaker lets all of them in.
    let ask = async || {
        link.call(PATIENT, async |mut connection| redis::cmd("PING").query_async::<()>(&mut connection).await)
            .await
    };
    let asked = join_all((0..5_000).map(|_| ask()));
    let told = async {
        let full = asked.await.into_iter().filter(|told| matches!(told, Err(LinkError::Full(_)))).count();
        assert_eq!(full, 5_000 - 256 - 4_096);
    };
    let going_on = async {
        // Polled after the others, so that all of them stand in line already.
        tokio::task::yield_now().await;
        redis.resume();
    };
    tokio::join!(told, going_on);
    ask().await.unwrap();
}
