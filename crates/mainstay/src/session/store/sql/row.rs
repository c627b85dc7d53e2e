//! Sessions as rows.

use std::net::IpAddr;
use std::time::Duration;

use mainstay_db::{Row, Value};

use crate::session::data::SessionData;
use crate::session::expiry::Expiry;
use crate::session::record::{
    AuthLevel, Device, Epoch, Generation, SessionId, SessionRecord, SessionSummary, Subject,
};
use crate::session::store::StoreError;
use crate::session::token::{SecretHash, TokenId};
use crate::{CsrfSecret, CsrfSecrets};

/// The columns in the order of the two statements that write whole rows.
pub(super) fn values(record: &SessionRecord, generation: Generation, data: &SessionData) -> [Value; 18] {
    let subject = record.subject.as_ref();
    let previous = record.csrf.previous();
    [
        record.id.0.into(),
        record.token.to_bytes().into(),
        record.secret_hash.to_bytes().into(),
        subject.map(|subject| subject.user).into(),
        subject.map_or(0, |subject| subject.epoch.0).into(),
        subject.map_or(0, |subject| subject.level.number()).into(),
        subject.map(|subject| subject.authenticated_at).into(),
        generation.0.into(),
        record.created_at.into(),
        record.last_seen_at.into(),
        i64::try_from(record.expiry.idle.as_micros()).unwrap_or(i64::MAX / 2).into(),
        record.expiry.ends_at.into(),
        (*record.csrf.current().expose()).into(),
        previous.map(|(secret, _)| *secret.expose()).into(),
        previous.map(|(_, until)| until).into(),
        record.device.user_agent.clone().into(),
        record.device.address.map(|address| address.to_string()).into(),
        data.to_json().into(),
    ]
}

pub(super) fn record(token: TokenId, row: &Row) -> Result<SessionRecord, StoreError> {
    let subject = match (row.get::<Option<_>>(2)?, row.get(5)?) {
        (Some(user), Some(authenticated_at)) => Some(Subject {
            user,
            epoch: Epoch(row.get(3)?),
            level: AuthLevel::from_number(row.get(4)?).ok_or_else(|| damaged("an unknown level"))?,
            authenticated_at,
        }),
        _ => None,
    };
    let previous = match (row.get::<Option<_>>(12)?, row.get(13)?) {
        (Some(secret), Some(until)) => Some((CsrfSecret::from_bytes(secret), until)),
        _ => None,
    };
    Ok(SessionRecord {
        id: SessionId(row.get(0)?),
        token,
        secret_hash: SecretHash::from_bytes(row.get(1)?),
        subject,
        generation: Generation(row.get(6)?),
        created_at: row.get(7)?,
        last_seen_at: row.get(8)?,
        expiry: expiry(row, 9, 10)?,
        csrf: CsrfSecrets::restore(CsrfSecret::from_bytes(row.get(11)?), previous),
        device: device(row, 14, 15)?,
        data: SessionData::from_json(row.get(16)?).map_err(damaged)?,
    })
}

pub(super) fn summary(row: &Row) -> Result<SessionSummary, StoreError> {
    Ok(SessionSummary {
        id: SessionId(row.get(0)?),
        created_at: row.get(1)?,
        last_seen_at: row.get(2)?,
        expiry: expiry(row, 3, 4)?,
        device: device(row, 5, 6)?,
    })
}

fn expiry(row: &Row, idle: usize, ends_at: usize) -> Result<Expiry, StoreError> {
    Ok(Expiry { idle: Duration::from_micros(row.get(idle)?), ends_at: row.get(ends_at)? })
}

fn device(row: &Row, user_agent: usize, address: usize) -> Result<Device, StoreError> {
    let address: Option<&str> = row.get(address)?;
    let address = address.map(str::parse::<IpAddr>).transpose().map_err(damaged)?;
    Ok(Device { user_agent: row.get(user_agent)?, address })
}

fn damaged(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Damaged(why.into())
}
