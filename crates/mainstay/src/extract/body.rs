//! Reading a body whole, with the truth about why that failed.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::controls::body::BodyFailure;
use crate::{ErrorCode, Refusal};

/// Reads the whole body. Its size and time are bounded by the guard already.
pub(crate) async fn read(body: Body) -> Result<Bytes, Refusal> {
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(refusal(&error)),
    }
}

/// The refusal of a body that could not be read.
pub(crate) fn refusal(error: &axum::Error) -> Refusal {
    failure_of(error).unwrap_or(BodyFailure::Broken).into()
}

/// Refuses a body whose content type is not accepted by `accepts`.
pub(super) fn expect_type(
    headers: &HeaderMap,
    accepts: fn(&str) -> bool,
    wanted: &str,
) -> Result<(), Refusal> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if accepts(&essence) {
        return Ok(());
    }
    let message = format!("Send the body with Content-Type: {wanted}.");
    Err(Refusal::new(ErrorCode::UnsupportedMediaType).message(message))
}

/// The guard's own failure, below whatever axum wrapped around it.
fn failure_of(error: &axum::Error) -> Option<BodyFailure> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<BodyFailure>() {
            return Some(*failure);
        }
        cause = error.source();
    }
    None
}
