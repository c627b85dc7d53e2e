//! How what goes wrong below becomes a refusal: here, and nowhere else.

mod commands;
mod evaluation;

use mainstay::{Detail, ErrorCode, Refusal};

use crate::domain::NameError;
use crate::engine::Problem;

/// A text in a request that is to be a name and cannot be one.
pub(super) fn bad_name(field: &'static str, error: NameError) -> Refusal {
    let message = error.to_string();
    Refusal::new(ErrorCode::BadRequest)
        .message(format!("This name cannot be used: {message}."))
        .detail(Detail::new(field, "invalid_name", message))
}

/// What is wrong with content, and where.
fn detail(problem: Problem) -> Detail {
    Detail::new(problem.field, problem.code, problem.message)
}
