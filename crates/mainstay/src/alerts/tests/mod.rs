//! Channels against real receivers: nginx, a mail server, programs.

mod mails;
mod programs;
mod settings;
mod webhooks;

use std::path::Path;

use mainstay_core::settings::{Environment, read_pairs};
use mainstay_core::{Clock, Tasks};
use uuid::Uuid;

use super::*;

const ALERT: Alert<'static> = Alert {
    id: Uuid::from_u128(0x77),
    topic: "projection_failed",
    subject: "stock has put item-1 aside",
    details: r#"{"projection":"stock","failure":{"error":"no \"such\" thing"}}"#,
};

/// The one channel of these settings.
fn channel(pairs: &[(&str, &str)]) -> Channel {
    channel_of(&Tasks::new(), pairs)
}

fn channel_of(tasks: &Tasks, pairs: &[(&str, &str)]) -> Channel {
    let pairs: Vec<_> = pairs.iter().copied().chain([("ALERTS_ENABLED", "yes")]).collect();
    let loaded = read_pairs::<AlertSettings>(Environment::Test, &pairs);
    assert!(!loaded.report.has_errors(), "{:?}", loaded.report.problems);
    let settings = loaded.settings.expect("settings");
    let sender = Sender { service: "concord", environment: "test", instance: "one".into() };
    let mut channels = open(&settings, &sender, &Clock::system(), tasks).expect("it opens");
    assert_eq!(channels.len(), 1);
    channels.remove(0)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// The chain of an error that must be one.
fn refusal(outcome: Result<(), SendError>) -> String {
    mainstay_core::Chain(&outcome.expect_err("it was not taken")).to_string()
}
