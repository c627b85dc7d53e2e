//! The style sheet of the runtime's own pages.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use schemars::SchemaGenerator;

use crate::routes::{Cache, DescribeResponse, Operation};
use crate::{Answer, Control, Routes};

const CSS: &str = "text/css; charset=utf-8";

struct StyleSheet;

impl IntoResponse for StyleSheet {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, CSS)], include_str!("mainstay.css")).into_response()
    }
}

impl DescribeResponse for StyleSheet {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(Answer::new(StatusCode::OK).content("text/css", None));
    }
}

/// The routes of the runtime's own assets.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .tag("Pages")
        .get("/assets/mainstay.css", async || StyleSheet)
        .summary("The style sheet of the runtime's own pages")
        .public()
        .cache(Cache::Public(3600))
        .waive(Control::Session, "refusals are styled for everybody")
}
