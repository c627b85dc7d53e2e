//! The codes that clients see.

use std::fmt::Write as _;

use mainstay::ErrorCode;

use super::{cell, head};

const ABOUT: &str = "What is in `error.code` of a refusal. Code and status never change; the message may, and is fixed for what is our \
fault. [errors.md](../errors.md) has the shape.";

/// The page.
pub(super) fn page(program: &str) -> String {
    let mut text = head("Error codes", program, "errors", ABOUT);
    text.push_str("| code | status | says by default |\n|---|---|---|\n");
    let mut codes = ErrorCode::ALL.to_vec();
    // By status for people; the order of the source keeps those of one status together by theme.
    codes.sort_by_key(|code| code.status().as_u16());
    for code in codes {
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "| `{}` | {} | {} |", code.as_str(), code.status().as_u16(), cell(code.message()));
    }
    text
}
