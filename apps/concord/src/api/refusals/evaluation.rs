//! How evaluations that fail become refusals.

use mainstay::{Detail, ErrorCode, Refusal};

use super::detail;
use crate::engine::{EvaluationError, InvalidItem};
use crate::evaluation::AnswerError;

/// | failure | code |
/// |---|---|
/// | something that is named is not there | `not_found` |
/// | members of a cluster are not there | `bad_request` |
/// | too much is asked at once | `batch_too_large` |
/// | what is stored cannot be evaluated | `validation_failed`, with the places |
/// | no room, no time | `overloaded`, `handler_timeout` |
/// | the database fails | as it does elsewhere |
/// | our own mistakes | `internal_error` |
impl From<AnswerError> for Refusal {
    fn from(error: AnswerError) -> Self {
        let message = error.to_string();
        let refuse = |code| Self::new(code).message(message);
        match error {
            AnswerError::NotFound { .. } => refuse(ErrorCode::NotFound),
            AnswerError::MembersNotFound(_) | AnswerError::BaseItemNotFound(_) => {
                refuse(ErrorCode::BadRequest)
            }
            AnswerError::TooMany { .. } => refuse(ErrorCode::BatchTooLarge),
            AnswerError::Content(error) => {
                refuse(ErrorCode::ValidationFailed).details(error.problems.into_iter().map(detail))
            }
            AnswerError::Evaluation(EvaluationError::InvalidItems(items)) => {
                refuse(ErrorCode::ValidationFailed).details(items.into_iter().flat_map(places))
            }
            AnswerError::Evaluation(_) | AnswerError::CatalogTooLarge { .. } => {
                refuse(ErrorCode::ValidationFailed)
            }
            AnswerError::Overloaded { retry_after } => {
                Self::new(ErrorCode::Overloaded).retry_after(retry_after)
            }
            AnswerError::Late => ErrorCode::HandlerTimeout.into(),
            AnswerError::Read(error) => error.into(),
            error @ (AnswerError::Damaged { .. } | AnswerError::Panicked) => {
                Self::new(ErrorCode::InternalError).because(error)
            }
        }
    }
}

/// What is wrong with an item, and where in it.
fn places(item: InvalidItem) -> impl Iterator<Item = Detail> {
    let InvalidItem { item_id, problems, .. } = item;
    problems.into_iter().map(move |problem| {
        Detail::new(format!("items['{item_id}'].{}", problem.field), problem.code, problem.message)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Kind;

    #[test]
    fn decision_table() {
        let rows = [
            (
                AnswerError::NotFound { kind: Kind::Ruleset, name: "r".into() },
                "not_found",
                "RuleSet 'r' not found",
            ),
            (
                AnswerError::MembersNotFound(vec!["a".into(), "b".into()]),
                "bad_request",
                "Items not found in catalog: ['a', 'b']",
            ),
            (AnswerError::BaseItemNotFound("a".into()), "bad_request", "Base item 'a' not found in catalog"),
            (
                AnswerError::TooMany { what: "item_ids", count: 1_001, most: 1_000 },
                "batch_too_large",
                "item_ids may be 1000 at most, not 1001",
            ),
            (EvaluationError::EmptyCatalogue.into(), "validation_failed", "Cannot evaluate empty catalog"),
            (
                AnswerError::CatalogTooLarge { count: 100_001 },
                "validation_failed",
                "Cannot evaluate a catalog of 100001 items, at most 100000",
            ),
            (
                AnswerError::Overloaded { retry_after: Duration::from_secs(2) },
                "overloaded",
                ErrorCode::Overloaded.message(),
            ),
            (AnswerError::Late, "handler_timeout", ErrorCode::HandlerTimeout.message()),
            (AnswerError::Panicked, "internal_error", ErrorCode::InternalError.message()),
        ];
        for (error, code, text) in rows {
            let refusal = Refusal::from(error);
            assert_eq!((refusal.code().as_str(), refusal.text()), (code, text));
        }
    }
}
