//! Where a command comes from, and how to know a repeated request again.

use axum::extract::FromRequestParts;
use http::Method;
use http::request::Parts;
use mainstay::routes::{DescribeRequest, Operation};
use mainstay::{ErrorCode, Exchange, Refusal};
use schemars::SchemaGenerator;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::ledger::{Origin, Repetition};

/// Longest `Idempotency-Key`, in bytes.
const MAX_KEY_BYTES: usize = 255;

/// A request that the client may repeat, if it sent an `Idempotency-Key`.
pub(in crate::api) struct Repeatable {
    request_id: Uuid,
    method: Method,
    path: String,
    key: Option<String>,
}

impl Repeatable {
    /// The origin of the command that the request brought. What the request asks for decides whether another
    /// one of the same key is the same.
    pub(in crate::api) fn origin(&self, request: &impl Serialize) -> Result<Origin, Refusal> {
        self.origin_of_part("", request)
    }

    /// As [`Repeatable::origin`], for a request that brings several commands.
    pub(in crate::api) fn origin_of_part(
        &self,
        part: &str,
        request: &impl Serialize,
    ) -> Result<Origin, Refusal> {
        let repetition = match &self.key {
            Some(key) => {
                let body = serde_json::to_vec(request)
                    .map_err(|error| Refusal::new(ErrorCode::InternalError).because(error))?;
                let fingerprint = Sha256::digest(body).into();
                Some(Repetition { append_id: self.append_id(key, part), fingerprint })
            }
            None => None,
        };
        Ok(Origin::new(self.request_id, repetition))
    }

    /// The key in the scope of its route: a UUID of version 8, made of a hash.
    fn append_id(&self, key: &str, part: &str) -> Uuid {
        let mut hash = Sha256::new();
        for field in [self.method.as_str(), &self.path, part, key] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// The origin of a command that is safe to repeat by itself.
pub(in crate::api) fn origin(exchange: &Exchange) -> Origin {
    Origin::new(exchange.request_id(), None)
}

impl<S: Sync> FromRequestParts<S> for Repeatable {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let exchange = Exchange::from_request_parts(parts, state).await?;
        let mut keys = parts.headers.get_all("idempotency-key").iter();
        let key = keys.next().map(|key| {
            let plain = key.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()));
            plain.filter(|_| keys.next().is_none()).map(str::to_owned).ok_or_else(|| {
                let message = "Send one Idempotency-Key of 1 to 255 printable ASCII characters.";
                Refusal::new(ErrorCode::BadRequest).message(message)
            })
        });
        Ok(Self {
            request_id: exchange.request_id(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            key: key.transpose()?,
        })
    }
}

impl DescribeRequest for Repeatable {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.headers.push((
            "Idempotency-Key",
            "Makes the request safe to repeat: within a week, one of the same key gets the same answer.",
        ));
        operation.errors.extend([ErrorCode::BadRequest, ErrorCode::Conflict]);
    }
}
