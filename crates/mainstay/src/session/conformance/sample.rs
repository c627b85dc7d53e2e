//! Sessions to check with.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_core::random;
use uuid::Uuid;

use crate::session::data::{Patch, SessionData};
use crate::session::expiry::Expiry;
use crate::session::record::{
    AuthLevel, Device, Epoch, Generation, SessionId, SessionRecord, Subject, UserId,
};
use crate::session::store::{Inserted, Patched, Rotated, Rotation, SessionStore};
use crate::session::token::{SecretHash, TokenId};
use crate::{CsrfSecret, CsrfSecrets};

pub(super) type Store = Arc<dyn SessionStore>;

pub(super) const IDLE: Duration = Duration::from_mins(30);
pub(super) const LIFETIME: Duration = Duration::from_hours(12);

/// A moment some seconds after the beginning.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000_000 + seconds)
}

pub(super) fn user() -> UserId {
    Uuid::from_bytes(random::bytes())
}

/// A session that began at second 0.
pub(super) fn anonymous() -> SessionRecord {
    SessionRecord {
        id: SessionId(Uuid::from_bytes(random::bytes())),
        token: TokenId::from_bytes(random::bytes()),
        secret_hash: SecretHash::from_bytes(random::bytes()),
        subject: None,
        generation: Generation::default(),
        created_at: at(0),
        last_seen_at: at(0),
        expiry: Expiry::begin(at(0), IDLE, LIFETIME),
        csrf: CsrfSecrets::restore(CsrfSecret::from_bytes(random::bytes()), None),
        device: Device { user_agent: None, address: None },
        data: SessionData::EMPTY,
    }
}

/// A session of a user, with all that one can have.
pub(super) async fn of(store: &Store, user: UserId) -> SessionRecord {
    let epoch = store.epoch(user).await.expect("an epoch");
    with_epoch(user, epoch)
}

pub(super) fn with_epoch(user: UserId, epoch: Epoch) -> SessionRecord {
    let subject = Subject { user, epoch, level: AuthLevel::Confirmed, authenticated_at: at(-5) };
    let address: IpAddr = [192, 0, 2, 7].into();
    let secret = || CsrfSecret::from_bytes(random::bytes());
    SessionRecord {
        subject: Some(subject),
        csrf: CsrfSecrets::restore(secret(), Some((secret(), at(600)))),
        device: Device { user_agent: Some("Mozilla/5.0 (ü)".into()), address: Some(address) },
        data: data(&Patch::new().set("cart", 3).set("name", "Ada")),
        ..anonymous()
    }
}

pub(super) fn data(patch: &Patch) -> SessionData {
    SessionData::EMPTY.patched(patch).expect("there is room")
}

pub(super) async fn insert(store: &Store, record: SessionRecord) -> SessionRecord {
    assert_eq!(store.insert(&record).await.expect("an answer"), Inserted::Done);
    record
}

pub(super) async fn inserted(store: &Store, user: UserId) -> SessionRecord {
    let record = of(store, user).await;
    insert(store, record).await
}

pub(super) async fn find(store: &Store, token: TokenId) -> Option<SessionRecord> {
    store.load(token).await.expect("an answer")
}

pub(super) async fn lives(store: &Store, record: &SessionRecord) -> bool {
    find(store, record.token).await.is_some()
}

pub(super) async fn patch(store: &Store, record: &SessionRecord, patch: &Patch) -> Patched {
    store.patch(record.token, None, patch).await.expect("an answer")
}

/// The same session with another token.
pub(super) fn renewed(record: &SessionRecord) -> Rotation {
    let SessionRecord { token, secret_hash, .. } = anonymous();
    let to = SessionRecord { token, secret_hash, data: SessionData::EMPTY, ..record.clone() };
    Rotation { to, keeps_data: true, patch: Patch::new(), expected: None }
}

pub(super) async fn rotate(store: &Store, old: TokenId, rotation: &Rotation) -> Rotated {
    store.rotate(old, rotation).await.expect("an answer")
}

/// Everything that can be seen of two sessions is the same.
pub(super) fn assert_same(one: &SessionRecord, other: &SessionRecord) {
    let seen = |record: &SessionRecord| {
        let previous = record.csrf.previous().map(|(secret, until)| (*secret.expose(), until));
        let csrf = (*record.csrf.current().expose(), previous);
        let times = (record.created_at, record.last_seen_at, record.expiry);
        let names = (record.id, record.token, record.secret_hash.to_bytes());
        (names, record.subject, record.generation, times, csrf, record.device.clone(), record.data.to_json())
    };
    assert_eq!(seen(one), seen(other));
}
