//! Why an upload is refused.

use super::content::ContentProblem;
use super::file_name::FileNameProblem;
use super::kind::KindProblem;
use crate::{Detail, ErrorCode, Refusal};

/// Why an upload is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The body is neither a form nor a file of a kind that the route takes.
    #[error("the content type is none that is accepted: {wanted}")]
    NotAnUpload {
        /// What is accepted.
        wanted: String,
    },
    /// The header that says how the body is cut cannot be understood.
    #[error("the Content-Type is there twice, or names no usable boundary")]
    Boundary,
    /// The body is compressed, or transformed in another way.
    #[error("the body has a Content-Encoding; send it as it is")]
    Encoded,
    /// The body does not follow the grammar.
    #[error("the body is no multipart/form-data: {0}")]
    Malformed(&'static str),
    /// More parts than the route can use.
    #[error("there are more than {limit} parts")]
    TooManyParts {
        /// The most parts.
        limit: usize,
    },
    /// A part whose head does not end.
    #[error("the head of a part is larger than {limit} bytes")]
    HeadTooLarge {
        /// The most bytes.
        limit: usize,
    },
    /// A part that is too large, while the body as a whole is not.
    #[error("the part '{field}' is larger than {limit} bytes")]
    PartTooLarge {
        /// The part.
        field: String,
        /// The most bytes.
        limit: usize,
    },
    /// A part whose field has no plain name.
    #[error("the name of a field is not 1 to {limit} letters, digits, or of _ - . [ ]")]
    FieldName {
        /// The most bytes.
        limit: usize,
    },
    /// A field that the route does not know.
    #[error("there is no field '{0}'")]
    UnknownField(String),
    /// A field that is there twice.
    #[error("the field '{0}' is there twice")]
    DoubledField(String),
    /// A field whose content is no text.
    #[error("the field '{0}' is not plain text")]
    FieldText(String),
    /// A file with a hostile name.
    #[error("{} cannot be taken: {problem}", place(.field))]
    FileName {
        /// The part.
        field: String,
        /// Why not.
        problem: FileNameProblem,
    },
    /// A file of a kind that the route does not take, or that contradicts itself.
    #[error("{} cannot be taken: {problem}", place(.field))]
    Kind {
        /// The part; empty for a body that is a file itself.
        field: String,
        /// Why not.
        problem: KindProblem,
    },
    /// A file whose content is not what its name or type says.
    #[error("{} cannot be taken: {problem}", place(.field))]
    Content {
        /// The part; empty for a body that is a file itself.
        field: String,
        /// Why not.
        problem: ContentProblem,
    },
    /// A form without a file.
    #[error("there is no file")]
    NoFile,
}

impl UploadError {
    /// | what is wrong | code |
    /// |---|---|
    /// | a size or a number | `payload_too_large` |
    /// | the content type of the body or of a file, or a content that contradicts it | `unsupported_media_type` |
    /// | the boundary in the head of the request, a header that is there twice | `bad_request` |
    /// | the framing of a form; a body that is a file itself, and not of its type | `malformed_body` |
    /// | names of fields and files, which fields there are | `validation_failed` |
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotAnUpload { .. } | Self::Encoded | Self::Kind { .. } => ErrorCode::UnsupportedMediaType,
            // As every other route says of a body that is not what its type says.
            Self::Content { field, .. } if field.is_empty() => ErrorCode::MalformedBody,
            Self::Content { problem, .. } => problem.code(),
            Self::Boundary => ErrorCode::BadRequest,
            Self::Malformed(_) => ErrorCode::MalformedBody,
            Self::TooManyParts { .. } | Self::HeadTooLarge { .. } | Self::PartTooLarge { .. } => {
                ErrorCode::PayloadTooLarge
            }
            Self::FieldName { .. }
            | Self::UnknownField(_)
            | Self::DoubledField(_)
            | Self::FieldText(_)
            | Self::FileName { .. }
            | Self::NoFile => ErrorCode::ValidationFailed,
        }
    }

    /// The part in question, and a reason for machines, where the fault is in one part.
    fn place(&self) -> Option<(&str, &'static str)> {
        match self {
            Self::UnknownField(field) => Some((field, "unknown")),
            Self::DoubledField(field) => Some((field, "duplicate")),
            Self::FieldText(field) => Some((field, "text")),
            Self::PartTooLarge { field, .. } => Some((field, "too_large")),
            Self::FileName { field, .. } => Some((field, "file_name")),
            Self::Kind { field, .. } => Some((field, "kind")),
            Self::Content { field, problem } => Some((field, problem.reason())),
            Self::FieldName { .. } => Some(("", "field_name")),
            Self::NoFile => Some(("file", "missing")),
            Self::Malformed(_) => Some(("", "malformed")),
            _ => None,
        }
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        let refusal = Self::new(error.code());
        if let UploadError::NotAnUpload { wanted } = &error {
            return refusal.message(format!("Send the body as {wanted}."));
        }
        let said = sentence(&error.to_string());
        let detail = error.place().map(|(field, reason)| Detail::new(field, reason, said.clone()));
        refusal.details(detail).message(said)
    }
}

/// Where a file is.
fn place(field: &str) -> String {
    if field.is_empty() { "the body".to_owned() } else { format!("the file in '{field}'") }
}

/// `there is no file` becomes `There is no file.`
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}
