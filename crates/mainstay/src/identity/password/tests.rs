//! Hashes and the hasher.

use std::sync::Arc;

use mainstay_core::{Clock, Tasks};

use super::memory::Buffers;
use super::{HashError, Hasher, Parameters, Password, PasswordHash, PasswordSettings, Verified};

/// As cheap as Argon2 gets while it still takes a whole place.
const CHEAP: Parameters = Parameters { memory_kib: 1024, passes: 1, lanes: 1 };

fn hasher(ceiling_mib: u32) -> Hasher {
    let settings = PasswordSettings { hash_memory_mib: ceiling_mib };
    Hasher::with_parameters(CHEAP, &settings, &Clock::system(), &Tasks::new()).unwrap()
}

fn stored(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

#[tokio::test]
async fn a_password_verifies_exactly_as_it_was_received() {
    let hasher = hasher(2);
    let hash = hasher.hash(&Password::new(" Grüße, 今日は ")).await.unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=1024,t=1,p=1$"), "{}", hash.as_str());
    for (password, verified) in [
        (" Grüße, 今日は ", Verified::Yes),
        ("Grüße, 今日は", Verified::No),
        (" grüße, 今日は ", Verified::No),
        // The same text with its umlaut in two characters.
        (" Gru\u{308}ße, 今日は ", Verified::No),
        ("", Verified::No),
    ] {
        assert_eq!(
            hasher.verify(&Password::new(password), Some(&hash)).await.unwrap(),
            verified,
            "{password:?}"
        );
    }
}

#[tokio::test]
async fn hashes_of_others_verify() {
    // From the tests of the reference implementation.
    let hash = stored("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
    let verified = hasher(2).verify(&Password::new("password"), Some(&hash)).await.unwrap();
    assert_eq!(verified, Verified::Outdated);
}

#[tokio::test]
async fn every_salt_is_new() {
    let hasher = hasher(2);
    let password = Password::new("the same");
    assert_ne!(hasher.hash(&password).await.unwrap(), hasher.hash(&password).await.unwrap());
}

#[tokio::test]
async fn whatever_there_is_to_compare_with_one_hash_is_computed() {
    let hasher = hasher(64);
    let password = Password::new("correct");
    let hash = hasher.hash(&password).await.unwrap();
    let rows: [(Option<PasswordHash>, &str); 7] = [
        (Some(hash), "yes"),
        (None, "no"),
        (Some(stored("")), "not a hash"),
        (Some(stored("$2b$12$abcdefghijklmnopqrstuv")), "not a hash"),
        (Some(stored("$argon2i$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")), "not a hash"),
        (
            Some(stored("$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")),
            "too expensive",
        ),
        (
            Some(stored("$argon2id$v=19$m=1024,t=4000000,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")),
            "too expensive",
        ),
    ];
    for (against, expected) in rows {
        let before = hasher.load().hashed;
        let found = match hasher.verify(&password, against.as_ref()).await {
            Ok(Verified::Yes) => "yes",
            Ok(Verified::No) => "no",
            Ok(Verified::Outdated) => "outdated",
            Err(HashError::NotAHash(_)) => "not a hash",
            Err(HashError::TooExpensive) => "too expensive",
            Err(error) => panic!("{error}"),
        };
        assert_eq!((found, hasher.load().hashed - before), (expected, 1), "{against:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_stay_below_the_ceiling() {
    let hasher = hasher(3);
    let hash = Arc::new(hasher.hash(&Password::new("correct")).await.unwrap());
    let tasks = Tasks::new();
    let attempts: Vec<_> = (0..200)
        .map(|attempt| {
            let (hasher, hash) = (hasher.clone(), Arc::clone(&hash));
            tasks.spawn("attempt", async move {
                let password = Password::new(if attempt % 2 == 0 { "correct" } else { "wrong" });
                hasher.verify(&password, Some(&hash)).await
            })
        })
        .collect();
    for (attempt, outcome) in attempts.into_iter().enumerate() {
        let expected = if attempt % 2 == 0 { Verified::Yes } else { Verified::No };
        match outcome.await.unwrap() {
            Ok(verified) => assert_eq!(verified, expected),
            Err(error) => assert!(matches!(error, HashError::Overloaded { .. }), "{error}"),
        }
    }
    let load = hasher.load();
    assert!(load.most_in_use_mib <= 3 && load.waiting == 0, "{load:?}");
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_told_when_to_come_back() {
    let hasher = hasher(1);
    // Somebody holds the only place, and does not give it back.
    let held = Arc::clone(&hasher.inner_places()).acquire_owned().await.unwrap();
    let refused = hasher.hash(&Password::new("password")).await.unwrap_err();
    let HashError::Overloaded { retry_after } = refused else { panic!("{refused}") };
    assert!(retry_after.as_secs() >= 1, "{retry_after:?}");
    assert_eq!(hasher.load().waiting, 0);
    drop(held);
}

#[tokio::test]
async fn work_that_nobody_waits_for_keeps_its_place() {
    let hasher = hasher(1);
    let (begun, released) = (std::sync::mpsc::channel::<()>(), std::sync::mpsc::channel::<()>());
    let waiting = hasher.clone();
    let work = async move {
        let (begun, released) = (begun, released);
        let work = waiting.run(CHEAP, move |_| {
            begun.0.send(()).unwrap();
            released.1.recv().unwrap();
            Ok(())
        });
        // Give up as soon as the work has begun.
        tokio::select! {
            biased;
            done = work => panic!("{done:?}"),
            () = async { while begun.1.try_recv().is_err() { tokio::task::yield_now().await } } => released.0,
        }
    };
    let release = work.await;
    assert_eq!(hasher.inner_places().available_permits(), 0, "the place is still taken");
    release.send(()).unwrap();
    // The next one gets the place when the work has ended.
    hasher.hash(&Password::new("password")).await.unwrap();
}

#[test]
fn a_buffer_is_used_again_and_an_odd_one_is_not_kept() {
    let buffers = Buffers::new(CHEAP);
    let large = Parameters { memory_kib: 4096, ..CHEAP };
    buffers.with(CHEAP, |memory| assert_eq!(memory.len(), 1024));
    assert_eq!(buffers.idle_blocks(), 1024);
    buffers.with(CHEAP, |_| ());
    assert_eq!(buffers.idle_blocks(), 1024);
    buffers.with(large, |memory| assert_eq!(memory.len(), 4096));
    assert_eq!(buffers.idle_blocks(), 0, "what lay idle made room for it");
}

#[test]
fn generated_passwords_pass_their_own_judgement() {
    for _ in 0..100 {
        let password = super::generate();
        assert_eq!(password.expose().len(), 23);
        assert_eq!(super::judge(password.expose(), &["operator", "concord"]), Ok(()));
    }
}

#[test]
fn nothing_is_printed() {
    assert_eq!(
        format!("{:?} {:?}", Password::new("planted"), stored("planted")),
        "Password(redacted) PasswordHash(redacted)"
    );
}
