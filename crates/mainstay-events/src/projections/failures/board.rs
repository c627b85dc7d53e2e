//! What fails at the moment: one list for all lanes of the process, from which one record is made.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use super::failure::Failure;
use crate::projections::place::Place;

/// Most news that wait for being told to somebody. The log has them all.
const NEWS: usize = 1_000;

/// Most failures that one record spells out. The others are counted.
const SPELLED_OUT: usize = 50;

/// What fails at the moment.
#[derive(Debug, Default)]
pub(in crate::projections) struct Board {
    failing: Mutex<BTreeMap<(Place, Option<String>), Failure>>,
    /// Lanes that stood and try again: whether that helped is not known yet.
    trying: Mutex<BTreeMap<Place, Failure>>,
    changed: Notify,
    /// What was not told yet.
    news: Mutex<VecDeque<News>>,
    happened: Notify,
}

/// What people want to know.
#[derive(Clone, Debug)]
pub(in crate::projections) enum News {
    /// It began to fail.
    Began(Failed),
    /// It fails no more.
    Ended(Failed),
}

/// What fails, or did.
#[derive(Clone, Debug)]
pub(in crate::projections) struct Failed {
    pub(in crate::projections) place: Place,
    /// What was put aside; without it, the whole lane stands.
    pub(in crate::projections) key: Option<String>,
    pub(in crate::projections) failure: Failure,
}

/// A failure in the record.
#[derive(Debug, Serialize)]
struct Line<'a> {
    projection: &'a str,
    generation: u32,
    lane: u16,
    /// What was put aside; without it, the whole lane stands.
    quarantined: Option<&'a str>,
    #[serde(flatten)]
    failure: &'a Failure,
}

impl Board {
    /// Notes that a lane (or a key of it) fails.
    pub(in crate::projections) fn put(&self, place: Place, key: Option<String>, failure: Failure) {
        let is_news = {
            let mut failing = self.failing();
            let before = failing.get(&(place, key.clone()));
            let is_news = before.is_none_or(|before| before.is_another_than(&failure));
            failing.insert((place, key.clone()), failure.clone());
            is_news
        };
        if key.is_none() {
            self.trying().remove(&place);
        }
        if is_news {
            self.tell(News::Began(Failed { place, key, failure }));
        }
    }

    fn tell(&self, event: News) {
        self.changed.notify_one();
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        if news.len() < NEWS {
            news.push_back(event);
        }
        drop(news);
        self.happened.notify_one();
    }

    /// Waits until something began or ceased to fail, and says what.
    pub(in crate::projections) async fn news(&self) -> VecDeque<News> {
        loop {
            let news = std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner));
            if !news.is_empty() {
                return news;
            }
            self.happened.notified().await;
        }
    }

    /// Notes that it fails no more.
    pub(in crate::projections) fn remove(&self, place: Place, key: Option<&str>) {
        let key = key.map(str::to_owned);
        let removed = self.failing().remove(&(place, key.clone()));
        if let Some(failure) = removed {
            self.tell(News::Ended(Failed { place, key, failure }));
        }
    }

    /// Notes that a lane that stood tries again. Nobody is told before it [went on](Self::went_on): it may well come to
    /// stand at the same place.
    pub(in crate::projections) fn tries_again(&self, place: Place) {
        let failure = self.failing().remove(&(place, None));
        if let Some(failure) = failure {
            self.trying().insert(place, failure);
        }
    }

    /// Notes that a lane is behind what it stood at, if it did.
    pub(in crate::projections) fn went_on(&self, place: Place) {
        let helped = self.trying().remove(&place);
        if let Some(failure) = helped {
            self.tell(News::Ended(Failed { place, key: None, failure }));
        }
    }

    /// Forgets a lane: somebody else has it.
    pub(in crate::projections) fn forget(&self, place: Place) {
        self.failing().retain(|(other, _), _| *other != place);
    }

    /// Waits until something begins or ceases to fail.
    pub(in crate::projections) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The projections that fail, with the keys of each that were put aside.
    pub(in crate::projections) fn names(&self) -> BTreeMap<&'static str, usize> {
        let mut names = BTreeMap::new();
        for (place, key) in self.failing().keys() {
            *names.entry(place.name).or_default() += usize::from(key.is_some());
        }
        names
    }

    /// Whether a whole lane of a projection stands.
    pub(in crate::projections) fn stands(&self, name: &str) -> bool {
        self.failing().keys().any(|(place, key)| place.name == name && key.is_none())
    }

    /// Writes the one record that names every failed projection; nothing if none is.
    pub(in crate::projections) fn record(&self) {
        let (names, count, details) = {
            let failing = self.failing();
            let lines: Vec<_> = failing
                .iter()
                .take(SPELLED_OUT)
                .map(|((place, key), failure)| Line {
                    projection: place.name,
                    generation: place.generation,
                    lane: place.lane,
                    quarantined: key.as_deref(),
                    failure,
                })
                .collect();
            // Texts and numbers always serialise.
            let details = serde_json::to_string(&lines).unwrap_or_default();
            let mut names: Vec<_> = failing.keys().map(|(place, _)| place.name).collect();
            names.dedup();
            (names.join(", "), failing.len(), details)
        };
        if count > 0 {
            tracing::error!(
                critical = true,
                failed = names,
                failures = count,
                details,
                "projections fail: {names}"
            );
        } else {
            tracing::info!("no projection fails any more");
        }
    }

    pub(in crate::projections) fn is_empty(&self) -> bool {
        self.failing().is_empty()
    }

    fn trying(&self) -> MutexGuard<'_, BTreeMap<Place, Failure>> {
        // Each change is one insertion or removal.
        self.trying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failing(&self) -> MutexGuard<'_, BTreeMap<(Place, Option<String>), Failure>> {
        // Each change is one insertion or removal.
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
