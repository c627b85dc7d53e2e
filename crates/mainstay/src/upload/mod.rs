//! Files that clients send, judged before anything is kept.
//!
//! An [`Upload`] is one or more files: as parts of a form (`multipart/form-data`), or as the body itself. Which kinds
//! of files, how many, and which fields beside them is written in the handler's signature (see [`Accepts`]); how large
//! the body may be is `MAX_UPLOAD_SIZE_MB`, for every route with such a handler, without a word in its registration.
//!
//! | what arrives | refusal |
//! |---|---|
//! | a declared length beyond `MAX_UPLOAD_SIZE_MB` | `payload_too_large`, before a byte is read |
//! | more bytes than that, whatever was declared | `payload_too_large`, at the first byte beyond it |
//! | more parts or files than the route can use | `payload_too_large`, at the head of the first one too many |
//! | a part, a field of text or the head of a part that is too large | `payload_too_large` |
//! | a content type that is neither a form nor of an accepted kind; a `Content-Encoding` | `unsupported_media_type` |
//! | a form without a boundary, two content types | `bad_request` |
//! | a body that breaks the grammar of forms | `malformed_body` |
//! | a name of a field that is not plain, unknown, or there twice; a hostile file name; no file, an empty file | `validation_failed`, with the field |
//! | a file of another kind, or whose name, type and content disagree; an archive, a program, an image, markup; not UTF-8 | `unsupported_media_type`, with the field |
//! | a body that is a file itself, and not of its type | `malformed_body`, as on every other route |
//! | a body that is too slow, or breaks off | `request_timeout`, `bad_request` |
//!
//! Whatever is refused is forgotten; what is accepted is text in memory. Files have no place on a disk here, and their
//! names are metadata only.

pub(crate) mod config;
mod content;
mod disposition;
mod error;
mod file_name;
mod intake;
mod kind;
mod multipart;
mod parameters;
mod rules;
#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, HeaderName, header};
use http_body_util::BodyExt;
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::extract::body;
use crate::routes::{DescribeRequest, Operation};
use crate::{ErrorCode, Refusal};

pub use config::UploadSettings;
pub use content::{ContentProblem, Looks};
pub use disposition::attachment;
pub use error::UploadError;
pub use file_name::{FileName, FileNameProblem};
pub use kind::{Kind, KindProblem};
pub use rules::{Accepts, Rules};

use intake::{Intake, Taken};
use parameters::Parameterised;

const FORM: &str = "multipart/form-data";

/// The longest boundary that RFC 2046 allows, in bytes.
const MAX_BOUNDARY_BYTES: usize = 70;

/// The files of a request, by the rules of `A`. There is one at least.
pub struct Upload<A> {
    taken: Taken,
    accepts: PhantomData<fn() -> A>,
}

/// A file that was taken.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadedFile {
    field: String,
    name: Option<FileName>,
    kind: Kind,
    text: String,
}

impl<A> Upload<A> {
    /// The files, in the order in which they were sent.
    pub fn files(&self) -> &[UploadedFile] {
        &self.taken.files
    }

    /// The files, in the order in which they were sent.
    pub fn into_files(self) -> Vec<UploadedFile> {
        self.taken.files
    }

    /// The text of a field of the form.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.taken.fields.iter().find(|(other, _)| other == name).map(|(_, text)| text.as_str())
    }
}

impl UploadedFile {
    /// The field of the form that it was sent in; empty if it was the body itself.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The name that the client gave it. Say it, never open it.
    pub fn name(&self) -> Option<&FileName> {
        self.name.as_ref()
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it holds, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<S, A> FromRequest<S> for Upload<A>
where
    S: Send + Sync,
    A: Accepts,
{
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let taken = match Shape::of(&head.headers, &A::RULES)? {
            Shape::Form { boundary } => form(body, &boundary, A::RULES).await?,
            Shape::File(kind) => {
                let bytes = body::read(body).await?;
                Intake::whole(kind, bytes.into())?
            }
        };
        Ok(Self { taken, accepts: PhantomData })
    }
}

/// How the files are packed.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    Form { boundary: String },
    File(Kind),
}

impl Shape {
    /// Decides by the head of a request.
    fn of(headers: &HeaderMap, rules: &Rules) -> Result<Self, UploadError> {
        let other = || UploadError::NotAnUpload { wanted: rules.wanted() };
        let content_type = only(headers, &header::CONTENT_TYPE)?.unwrap_or_default();
        if body::is_packed(headers) {
            return Err(UploadError::Encoded);
        }
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence == FORM {
            let content_type = Parameterised::parse(content_type).ok_or(UploadError::Boundary)?;
            let boundary = content_type.get("boundary").filter(|boundary| is_boundary(boundary));
            return Ok(Self::Form { boundary: boundary.ok_or(UploadError::Boundary)?.to_owned() });
        }
        let kind =
            Kind::of_media_type(&essence).filter(|kind| rules.kinds.contains(kind)).ok_or_else(other)?;
        let charset = Parameterised::parse(content_type).ok_or_else(other)?;
        let charset = charset.get("charset").map(str::to_ascii_lowercase);
        intake::check_charset(charset.as_deref())
            .map_err(|problem| UploadError::Kind { field: String::new(), problem })?;
        Ok(Self::File(kind))
    }
}

/// A header that may be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, UploadError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| UploadError::Boundary),
        (Some(_), Some(_)) => Err(UploadError::Boundary),
    }
}

/// 1 to 70 of the characters that RFC 2046 allows, the last of them no blank.
fn is_boundary(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=MAX_BOUNDARY_BYTES).contains(&text.len()) && text.bytes().all(is_allowed) && !text.ends_with(' ')
}

/// Reads a form, no further than to the first part that cannot be taken.
async fn form(mut body: Body, boundary: &str, rules: Rules) -> Result<Taken, Refusal> {
    let mut reader = multipart::Reader::new(boundary);
    let mut intake = Intake::new(rules);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body::refusal(&error))?;
        if let Some(data) = frame.data_ref() {
            reader.push(data, &mut intake)?;
        }
    }
    reader.finish()?;
    Ok(intake.finish()?)
}

impl<A> fmt::Debug for Upload<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("files", &self.taken.files).finish_non_exhaustive()
    }
}

impl fmt::Debug for UploadedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, name, kind, text } = self;
        // What it holds is somebody's data, and can be megabytes of it.
        f.debug_struct("UploadedFile")
            .field("field", field)
            .field("name", name)
            .field("kind", kind)
            .field("bytes", &text.len())
            .finish()
    }
}

impl<A: Accepts> DescribeRequest for Upload<A> {
    const IS_UPLOAD: bool = true;

    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        let kinds = A::RULES.kinds.iter().map(|kind| (kind.media_type(), json_schema!({})));
        operation.bodies.extend(kinds);
        operation.bodies.push((FORM, form_schema(&A::RULES)));
        operation.errors.extend([
            ErrorCode::BadRequest,
            ErrorCode::UnsupportedMediaType,
            ErrorCode::MalformedBody,
            ErrorCode::ValidationFailed,
            ErrorCode::PayloadTooLarge,
            ErrorCode::RequestTimeout,
        ]);
    }
}

fn form_schema(rules: &Rules) -> Schema {
    let file = json_schema!({"type": "string", "format": "binary"});
    let files = json_schema!({"type": "array", "items": file, "minItems": 1, "maxItems": rules.files});
    let fields = rules.fields.iter().map(|name| ((*name).to_owned(), json_schema!({"type": "string"})));
    let properties: serde_json::Map<_, _> =
        fields.chain([("file".to_owned(), files)]).map(|(name, schema)| (name, schema.to_value())).collect();
    json_schema!({"type": "object", "properties": properties, "required": ["file"]})
}
