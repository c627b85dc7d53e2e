//! How a handler's own types describe its route.

use axum::extract::State;
use axum::handler::Handler;
use http::StatusCode;
use schemars::{Schema, SchemaGenerator};

use crate::{ErrorCode, Exchange, Refusal};

/// What the types of a handler say of its route: parameters, body, answers.
///
/// Extractors and answers fill it through [`DescribeRequest`] and [`DescribeResponse`]; the API reference
/// is derived from it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Operation {
    /// The function's name, for the operation's id.
    pub name: &'static str,
    /// Parameters in the path, by the schema of the type that takes them.
    pub path: Option<Schema>,
    /// Parameters in the query string, by the schema of the type that takes them.
    pub query: Option<Schema>,
    /// Headers that the handler reads: name and what it does with it.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Bodies by content type.
    pub bodies: Vec<(&'static str, Schema)>,
    /// Successful answers.
    pub answers: Vec<Answer>,
    /// Codes that the extractors refuse with.
    pub errors: Vec<ErrorCode>,
}

/// A successful answer: its status, what it means, its content where it has any.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Content type and schema.
    pub content: Vec<(&'static str, Option<Schema>)>,
}

impl Answer {
    /// An answer without content yet.
    pub fn new(status: StatusCode) -> Self {
        Self { status, content: Vec::new() }
    }

    /// Adds a content type, with its schema where it has one.
    #[must_use]
    pub fn content(mut self, content_type: &'static str, schema: Option<Schema>) -> Self {
        self.content.push((content_type, schema));
        self
    }
}

/// What an extractor tells the API reference.
pub trait DescribeRequest {
    /// Whether the body brings files, so that `MAX_UPLOAD_SIZE_MB` bounds it rather than `MAX_REQUEST_SIZE_MB`.
    const IS_UPLOAD: bool = false;

    /// Adds parameters, bodies and the codes that this extractor refuses with. By default: nothing.
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        let _ = (operation, schemas);
    }
}

/// What an answer tells the API reference.
pub trait DescribeResponse {
    /// Adds the successful answers of this type.
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator);
}

/// A handler that can describe itself: every axum handler whose extractors and answer can.
pub trait Endpoint<T, S>: Handler<T, S> {
    /// Whether one of its extractors takes files.
    const IS_UPLOAD: bool;

    /// Describes the route by the handler's types.
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator);
}

/// A handler's description, to be made when somebody asks for the API reference.
#[derive(Clone, Copy)]
pub(crate) struct Describe {
    name: fn() -> &'static str,
    fill: fn(&mut Operation, &mut SchemaGenerator),
    /// Whether the handler takes files.
    pub(crate) is_upload: bool,
}

impl Describe {
    pub(crate) fn of<H, T, S>() -> Self
    where
        H: Endpoint<T, S>,
    {
        Self { name: std::any::type_name::<H>, fill: H::describe, is_upload: H::IS_UPLOAD }
    }

    pub(crate) fn run(self, schemas: &mut SchemaGenerator) -> Operation {
        let mut operation = Operation { name: self.name(), ..Operation::default() };
        (self.fill)(&mut operation, schemas);
        operation
    }

    /// The function's own name, such as `create` of `concord::api::resources::schemas::create`.
    pub(crate) fn name(self) -> &'static str {
        let path = (self.name)();
        path.rsplit("::").find(|part| !part.starts_with('{')).unwrap_or(path)
    }
}

impl<S> DescribeRequest for State<S> {}
impl DescribeRequest for Exchange {}
impl DescribeRequest for http::HeaderMap {}

impl<R: DescribeResponse> DescribeResponse for Result<R, Refusal> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        R::describe(operation, schemas);
    }
}

impl DescribeResponse for StatusCode {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(Answer::new(Self::OK));
    }
}

impl DescribeResponse for axum::response::Html<String> {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(Answer::new(StatusCode::OK).content("text/html", None));
    }
}

impl<S, F, Answer, Output> Endpoint<((),), S> for F
where
    F: Handler<((),), S> + FnOnce() -> Output,
    Output: Future<Output = Answer>,
    Answer: DescribeResponse,
{
    const IS_UPLOAD: bool = false;

    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        Answer::describe(operation, schemas);
    }
}

macro_rules! endpoint {
    ($($extractor:ident),+) => {
        impl<S, F, Answer, Output, M, $($extractor),+> Endpoint<(M, $($extractor,)+), S> for F
        where
            F: Handler<(M, $($extractor,)+), S> + FnOnce($($extractor),+) -> Output,
            Output: Future<Output = Answer>,
            Answer: DescribeResponse,
            $($extractor: DescribeRequest,)+
        {
            const IS_UPLOAD: bool = $($extractor::IS_UPLOAD)||+;

            fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
                $($extractor::describe(operation, schemas);)+
                Answer::describe(operation, schemas);
            }
        }
    };
}

endpoint!(A);
endpoint!(A, B);
endpoint!(A, B, C);
endpoint!(A, B, C, D);
endpoint!(A, B, C, D, E);
endpoint!(A, B, C, D, E, G);
