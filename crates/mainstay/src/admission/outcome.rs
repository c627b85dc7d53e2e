//! What an answer says of the work.

use axum::response::Response;
use http::StatusCode;

use crate::{ErrorCode, Refusal};

/// How work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered well: how long it took says something.
    Answered,
    /// It failed because too much was done at once: for lack of time, of a connection, of room further inside.
    Lacked,
    /// It says nothing of how much can be done at once.
    Other,
}

impl Outcome {
    /// What an answer says.
    ///
    /// | the answer | counts as |
    /// |---|---|
    /// | a success, a redirection | answered |
    /// | `overloaded` by a lane further inside, `pool_exhausted`, `query_timeout`, `handler_timeout` | lacked |
    /// | 503 or 504 of the application's own making | lacked |
    /// | a dependency that is out: `database_unavailable`, `circuit_open`, `store_unavailable` | nothing: doing less at once brings it back no sooner |
    /// | any other | nothing: a refusal is quick whatever the load, a defect slow |
    pub(crate) fn of(answer: &Result<Response, Refusal>) -> Self {
        let refused = match answer {
            Ok(answer) => answer.extensions().get::<Refusal>().map(Refusal::code),
            Err(refusal) => Some(refusal.code()),
        };
        match (refused, answer) {
            (Some(code), _) => Self::of_refusal(code),
            (None, Ok(answer)) => Self::of_status(answer.status()),
            (None, Err(_)) => Self::Other,
        }
    }

    fn of_refusal(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Overloaded
            | ErrorCode::PoolExhausted
            | ErrorCode::QueryTimeout
            | ErrorCode::HandlerTimeout => Self::Lacked,
            _ => Self::Other,
        }
    }

    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Self::Lacked,
            status if status.is_success() || status.is_redirection() => Self::Answered,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn each_row_of_the_table() {
        let lacked = [
            ErrorCode::Overloaded,
            ErrorCode::PoolExhausted,
            ErrorCode::QueryTimeout,
            ErrorCode::HandlerTimeout,
        ];
        for code in ErrorCode::ALL {
            let expected = if lacked.contains(code) { Outcome::Lacked } else { Outcome::Other };
            assert_eq!(Outcome::of(&Err(Refusal::new(*code))), expected, "{code:?}");
            // A handler that refuses gives its refusal as an answer.
            assert_eq!(Outcome::of(&Ok(Refusal::new(*code).into_response())), expected, "{code:?}");
        }
        let rows = [
            (200, Outcome::Answered),
            (304, Outcome::Answered),
            (404, Outcome::Other),
            (500, Outcome::Other),
            (503, Outcome::Lacked),
            (504, Outcome::Lacked),
        ];
        for (status, expected) in rows {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Outcome::of(&Ok(status.into_response())), expected, "{status}");
        }
    }
}
