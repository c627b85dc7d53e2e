//! From a handler to a page.

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use schemars::SchemaGenerator;
use serde::Serialize;

use super::{Globals, Templates};
use crate::routes::{DescribeRequest, DescribeResponse, Operation};
use crate::{Answer, ErrorCode, Exchange, Refusal};

/// Renders pages for one request. Handlers take it as an extractor where their state holds [`Templates`].
#[derive(Clone, Debug)]
pub struct View {
    templates: Templates,
    globals: Globals,
}

/// A rendered page: HTML in UTF-8.
#[derive(Clone, Debug)]
#[must_use]
pub struct Page {
    status: StatusCode,
    html: String,
}

impl View {
    /// Renders a template with a context: a struct, a map, or `()`.
    ///
    /// # Errors
    ///
    /// `internal_error` where there is no such template, or it does not fit the context; the log says why.
    pub fn render(&self, name: &'static str, context: impl Serialize) -> Result<Page, Refusal> {
        let html = self.templates.render(name, context, &self.globals);
        let html = html.map_err(|error| Refusal::new(ErrorCode::InternalError).because(error))?;
        Ok(Page { status: StatusCode::OK, html })
    }
}

impl Page {
    /// The page with another status than 200: a form that is shown again with what is wrong in it.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The HTML.
    pub fn html(&self) -> &str {
        &self.html
    }
}

impl<S> FromRequestParts<S> for View
where
    S: Send + Sync,
    Templates: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let exchange = Exchange::from_request_parts(parts, state).await?;
        Ok(Self { templates: Templates::from_ref(state), globals: Globals::of(exchange) })
    }
}

impl DescribeRequest for View {}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let content_type = HeaderValue::from_static("text/html; charset=utf-8");
        (self.status, [(header::CONTENT_TYPE, content_type)], self.html).into_response()
    }
}

impl DescribeResponse for Page {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(Answer::new(StatusCode::OK).content("text/html", None));
    }
}
