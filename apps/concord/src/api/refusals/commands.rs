//! How commands that are not carried out become refusals.

use std::time::Duration;

use http::{HeaderValue, header};
use mainstay::{ErrorCode, Refusal};
use mainstay_core::random;
use mainstay_events::{AppendError, InvalidAppend, ProjectionError, ReadError};

use super::detail;
use crate::commands::DomainError;
use crate::ledger::LedgerError;

/// When to come back to a service that is stopping: another instance, or the next start, may be there.
const SOON: Duration = Duration::from_secs(2);

impl From<DomainError> for Refusal {
    fn from(error: DomainError) -> Self {
        let message = error.to_string();
        let refuse = |code| Self::new(code).message(message);
        match error {
            DomainError::NotFound { .. } | DomainError::PairwiseRulesetNotFound { .. } => {
                refuse(ErrorCode::NotFound)
            }
            DomainError::AlreadyExists { .. } => refuse(ErrorCode::Conflict),
            DomainError::Changed { tag, .. } => {
                let refusal = refuse(ErrorCode::VersionConflict);
                match HeaderValue::from_str(&format!("\"{tag}\"")) {
                    Ok(tag) => refusal.header(header::ETAG, tag),
                    Err(_) => refusal,
                }
            }
            DomainError::Invalid { problems, .. } => {
                refuse(ErrorCode::ValidationFailed).details(problems.into_iter().map(detail))
            }
            DomainError::TooLarge { .. } => refuse(ErrorCode::PayloadTooLarge),
            DomainError::TooDeep { .. } => refuse(ErrorCode::ValidationFailed),
        }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Domain(error) => error.into(),
            LedgerError::Contended => Self::new(ErrorCode::Conflict)
                .message("Others changed the same things at the same time. Try again."),
            LedgerError::KeyReused => {
                Self::new(ErrorCode::Conflict).message("This Idempotency-Key was used for another request.")
            }
            LedgerError::TooLarge(
                error @ (InvalidAppend::TooManyEvents { .. } | InvalidAppend::TooManyStreams { .. }),
            ) => Self::new(ErrorCode::Conflict)
                .message(format!("Too much depends on this to go with it at once: {error}.")),
            LedgerError::TooLarge(error) => Self::new(ErrorCode::PayloadTooLarge)
                .message(format!("This is too much for one change: {error}.")),
            LedgerError::Read(error)
            | LedgerError::Earlier(ReadError::Database(error))
            | LedgerError::Append(
                AppendError::Database(error)
                | AppendError::Projection { source: ProjectionError::Database(error), .. },
            ) => error.into(),
            LedgerError::Append(AppendError::Overloaded { retry_after }) => {
                Self::new(ErrorCode::Overloaded).retry_after(jittered(retry_after))
            }
            LedgerError::Append(AppendError::Stopping) => {
                Self::new(ErrorCode::Draining).retry_after(jittered(SOON))
            }
            error => Self::new(ErrorCode::InternalError).because(error),
        }
    }
}

/// Spreads those who come back, by up to half of the time.
fn jittered(wait: Duration) -> Duration {
    let spread = u64::try_from(wait.as_millis() / 2).unwrap_or(u64::MAX);
    wait + Duration::from_millis(random::below(spread + 1))
}
