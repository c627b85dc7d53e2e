//! Requests of one session at once, in thousands of orders.
//!
//! The store lets others run before and after each of its functions, for a while that a seed decides; the runtime
//! itself is deterministic, so a seed that fails, fails again.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures_util::future::join_all;
use http::StatusCode;

use super::browser::{Browser, open};
use super::{World, user};
use crate::session::{Session, SessionError, Standing, UserId, Whose};

const SEEDS: u64 = 2_000;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Set(usize),
    Count,
    Confirm,
    SignInAgain,
    SignOut,
    EndOne,
    EndAll,
}

use Does::{Confirm, Count, EndAll, EndOne, Set, SignInAgain, SignOut};

struct Run<'a> {
    world: &'a World,
    ada: UserId,
    first: Browser,
    /// All cookies that were ever given out.
    cookies: Mutex<BTreeSet<String>>,
}

impl<'a> Run<'a> {
    async fn new(world: &'a World, seed: u64) -> Self {
        let ada = user();
        let first = world.signed_in(ada).await;
        world.store.linger_by(seed);
        let cookies = Mutex::new([first.cookie()].into());
        Self { world, ada, first, cookies }
    }

    /// One request. Returns whether it was let in.
    async fn request(&self, does: Does) -> bool {
        let sessions = &self.world.sessions;
        let session = open(sessions, &self.first.cookie()).await;
        if !matches!(session.standing(), Standing::SignedIn(_)) {
            return false;
        }
        self.act(&session, does).await.unwrap();
        match sessions.save(&session, StatusCode::OK).await {
            Ok(line) => {
                let mut browser = self.first.clone();
                browser.receive(line.as_ref());
                self.cookies.lock().unwrap().extend(browser.cookie);
            }
            Err(SessionError::Superseded) => assert_eq!(does, SignInAgain),
            Err(error) => panic!("{error}"),
        }
        if matches!(does, SignOut | EndOne | EndAll) {
            let old = open(sessions, &self.first.cookie()).await;
            assert!(matches!(old.standing(), Standing::Refused(_)), "it is over when it says so");
        }
        true
    }

    async fn act(&self, session: &Session, does: Does) -> Result<(), SessionError> {
        let sessions = &self.world.sessions;
        match does {
            Set(number) => session.set(&format!("value {number}"), &number),
            Count => session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1).map(drop),
            Confirm => session.confirm(),
            SignInAgain => session.sign_in(self.ada, sessions.epoch(self.ada).await?),
            SignOut => session.sign_out(),
            EndOne => {
                let id = session.id().expect("it is stored");
                sessions.revoke(id, Some(self.ada)).await.map(drop)
            }
            EndAll => sessions.revoke_all(Whose::User(self.ada), None).await,
        }
    }

    async fn good_cookies(&self) -> Vec<String> {
        let cookies = self.cookies.lock().unwrap().clone();
        let mut good = Vec::new();
        for cookie in cookies {
            // Asks both instances, and demands that they agree.
            if self.world.is_good(&cookie).await {
                good.push(cookie);
            }
        }
        good
    }
}

/// Runs the requests at once under many seeds, and hands each outcome to a judge.
async fn explore(requests: &[Does], judge: impl AsyncFn(&Run<'_>, &[bool])) {
    let world = World::new();
    for seed in 1..=SEEDS {
        let run = Run::new(&world, seed).await;
        // Whoever is first in the queue changes too.
        let turn = usize::try_from(seed).unwrap() % requests.len();
        let turned = requests[turn..].iter().chain(&requests[..turn]);
        let mut let_in = join_all(turned.map(|does| run.request(*does))).await;
        let_in.rotate_right(turn);
        judge(&run, &let_in).await;
    }
}

#[tokio::test]
async fn saves_lose_nothing() {
    explore(&[Set(1), Set(2), Count, Count], async |run, _| {
        let good = run.good_cookies().await;
        assert_eq!(good, [run.first.cookie()]);
        let session = run.first.open().await;
        for number in [1, 2] {
            assert_eq!(session.get::<usize>(&format!("value {number}")).unwrap(), Some(number));
        }
        assert_eq!(session.get::<u64>("count").unwrap(), Some(2), "counting counts right");
    })
    .await;
}

#[tokio::test]
async fn of_several_rotations_one_wins_and_what_was_saved_stays() {
    explore(&[Confirm, Set(1), Confirm, Count], async |run, _| {
        let good = run.good_cookies().await;
        assert_eq!(good.len(), 1, "one token is good");
        assert_ne!(good, [run.first.cookie()], "the first one is dead");
    })
    .await;
}

#[tokio::test]
async fn a_sign_out_wins_against_everything_but_new_credentials() {
    explore(&[Set(1), SignOut, Confirm, Count], async |run, let_in| {
        // It is let in unless a confirmation has replaced its token before.
        if let_in[1] {
            assert_eq!(run.good_cookies().await, <[String; 0]>::default());
        } else {
            assert_eq!(run.good_cookies().await.len(), 1);
        }
    })
    .await;
    explore(&[SignOut, SignInAgain], async |run, let_in| {
        assert!(!run.world.is_good(&run.first.cookie()).await);
        assert_eq!(run.good_cookies().await.len(), usize::from(let_in[1]));
    })
    .await;
}

#[tokio::test]
async fn what_an_owner_ends_stays_ended() {
    explore(&[EndOne, Set(1), Confirm, SignOut], async |run, let_in| {
        let expected = usize::from(!let_in[0] && !let_in[3]);
        assert_eq!(run.good_cookies().await.len(), expected);
    })
    .await;
}

#[tokio::test]
async fn ending_all_spares_nothing_that_began_before() {
    explore(&[EndAll, Confirm, Set(1), SignInAgain], async |run, let_in| {
        let good = run.good_cookies().await;
        assert!(!good.contains(&run.first.cookie()), "{let_in:?}");
        if let_in[0] {
            // Only who read the epoch afterwards is signed in, and not with anything of before.
            assert!(good.len() <= usize::from(let_in[3]), "{let_in:?}");
        }
    })
    .await;
}
