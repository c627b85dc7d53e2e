//! The settings of sessions.

use std::sync::Arc;
use std::time::Duration;

use mainstay_core::settings::{Choice, Explanation, Problem, Reader, Section};
use mainstay_db::Database;

use super::store::{MemoryStore, SessionStore, SqlStore};

/// Most sessions that a process keeps for itself.
const MEMORY_CAPACITY: usize = 100_000;

/// The codes of this section.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0601",
        title: "sessions would go idle only after they have ended",
        text: "SESSION_IDLE_TIMEOUT ends a session that nobody uses, SESSION_LIFETIME ends any session.\n\
               An idle time beyond the lifetime would never do anything, so one of the two is not\n\
               what was meant.\n\n\
               Leave both out for the defaults, 30m and 12h, or set the lifetime to what a working\n\
               day needs and the idle time to what a lunch break needs.",
    },
    Explanation {
        code: "MS0602",
        title: "sessions are kept in the memory of one process",
        text: "With SESSION_STORE=memory each restart and each deployment signs everybody out, and a\n\
               second instance does not know the sessions of the first: ending them there does not\n\
               end them here.\n\n\
               Leave SESSION_STORE out to keep them in the database. A cache in memory stands in\n\
               front of it, so signed-in requests do not wait for it.",
    },
];

/// `SESSION_STORE`: where sessions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreKind {
    /// In this process.
    Memory,
    /// In the database.
    #[default]
    Database,
}

/// `SESSION_CACHE`: what stands in front of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheKind {
    /// A cache in this process.
    #[default]
    Memory,
    /// Nothing: each request asks the store.
    Off,
}

impl Choice for StoreKind {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("memory", Self::Memory), ("database", Self::Database)];
}

impl Choice for CacheKind {
    const CHOICES: &'static [(&'static str, Self)] = &[("memory", Self::Memory), ("off", Self::Off)];
}

/// How long sessions last, and where they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// `SESSION_STORE`: where they are kept.
    pub store: StoreKind,
    /// `SESSION_CACHE`: what stands in front of the store.
    pub cache: CacheKind,
    /// `SESSION_IDLE_TIMEOUT`: they end this long after they were last used.
    pub idle_timeout: Duration,
    /// `SESSION_LIFETIME`: they end this long after sign-in at the latest.
    pub lifetime: Duration,
    /// `SESSION_MAX_PER_USER`: in how many browsers a user may be signed in at once.
    pub max_per_user: u32,
}

impl Default for SessionSettings {
    /// The documented defaults.
    fn default() -> Self {
        let (idle_timeout, lifetime) = (Duration::from_mins(30), Duration::from_hours(12));
        let (store, cache) = (StoreKind::default(), CacheKind::default());
        Self { store, cache, idle_timeout, lifetime, max_per_user: 20 }
    }
}

impl SessionSettings {
    /// The store that the settings name. The schema of the database is current.
    pub fn open_store(&self, database: &Database) -> Arc<dyn SessionStore> {
        match self.store {
            StoreKind::Memory => Arc::new(MemoryStore::new(MEMORY_CAPACITY)),
            StoreKind::Database => Arc::new(SqlStore::new(database.clone())),
        }
    }
}

impl Section for SessionSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Sessions", "How long people stay signed in, and where that is kept.");
        let defaults = Self::default();
        let settings = Self {
            store: reader
                .field("SESSION_STORE")
                .doc("Where sessions are kept. `memory` forgets them at each restart.")
                .default(defaults.store)
                .read(),
            cache: reader
                .field("SESSION_CACHE")
                .doc("What stands in front of the store. `off` asks the store at each request.")
                .default(defaults.cache)
                .read(),
            idle_timeout: reader
                .field("SESSION_IDLE_TIMEOUT")
                .doc("A session ends this long after it was last used.")
                .default(defaults.idle_timeout)
                .bounds(Duration::from_mins(1)..=Duration::from_hours(24 * 30))
                .too_low("people are signed out while they read a page")
                .too_high("a browser that was left open stays signed in")
                .read(),
            lifetime: reader
                .field("SESSION_LIFETIME")
                .doc("A session ends this long after sign-in, however busy it is.")
                .default(defaults.lifetime)
                .bounds(Duration::from_mins(1)..=Duration::from_hours(24 * 90))
                .too_low("people sign in all day")
                .too_high("a stolen session stays good for months")
                .read(),
            max_per_user: reader
                .field("SESSION_MAX_PER_USER")
                .doc("In how many browsers a user may be signed in at once. One more ends the session that was seen longest ago.")
                .default(defaults.max_per_user)
                .bounds(1..=200)
                .too_low("people sign themselves out by signing in elsewhere")
                .too_high("a list of one's sessions that nobody reads")
                .read(),
        };
        if settings.idle_timeout > settings.lifetime {
            let problem = Problem::error("MS0601", "SESSION_IDLE_TIMEOUT is longer than SESSION_LIFETIME");
            let problem =
                problem.at("SESSION_IDLE_TIMEOUT").because("a session ends before it could go idle");
            reader.problem(problem.help("lower SESSION_IDLE_TIMEOUT to SESSION_LIFETIME or below"));
        }
        if settings.store == StoreKind::Memory {
            let problem =
                Problem::error("MS0602", "SESSION_STORE keeps sessions in the memory of one process");
            let problem = problem.at("SESSION_STORE");
            let problem =
                problem.because("a restart signs everybody out, and a second instance knows none of them");
            reader.insecure(problem.help("remove it to keep them in the database"));
        }
        settings
    }
}
