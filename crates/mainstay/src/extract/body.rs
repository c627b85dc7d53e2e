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

/// Refuses a body whose content type is not accepted by `accepts`, is named twice, or that is packed.
pub(super) fn expect_type(
    headers: &HeaderMap,
    accepts: fn(&str) -> bool,
    wanted: &str,
) -> Result<(), Refusal> {
    let unsupported = |message: String| Err(Refusal::new(ErrorCode::UnsupportedMediaType).message(message));
    if is_packed(headers) {
        return unsupported("Send the body as it is, without Content-Encoding.".to_owned());
    }
    let mut fields = headers.get_all(header::CONTENT_TYPE).iter();
    let sent = fields.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if accepts(&essence) && fields.next().is_none() {
        return Ok(());
    }
    unsupported(format!("Send the body with Content-Type: {wanted}."))
}

/// Whether a body has to be unpacked to be read. We never do: nobody can say beforehand what it would become.
pub(crate) fn is_packed(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn types_row_by_row() {
        let json = "application/json";
        let rows: &[(&[&str], &[&str], bool)] = &[
            (&[json], &[], true),
            (&["Application/JSON; charset=utf-8"], &[], true),
            (&[json], &["identity"], true),
            (&[json], &["Identity"], true),
            (&[], &[], false),
            (&[""], &[], false),
            (&["text/plain"], &[], false),
            (&["text/plain; application/json"], &[], false),
            (&["application/jsonp"], &[], false),
            (&[json, json], &[], false),
            (&[json, "text/plain"], &[], false),
            (&["text/plain", json], &[], false),
            (&["application/json, text/plain"], &[], false),
            (&[json], &["gzip"], false),
            (&[json], &["identity, gzip"], false),
            (&[json], &["identity", "br"], false),
            (&[json], &[""], false),
        ];
        for (types, encodings, is_accepted) in rows {
            let mut headers = HeaderMap::new();
            for value in *types {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            for value in *encodings {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            let verdict = expect_type(&headers, |essence| essence == "application/json", json);
            let code = verdict.map_err(|refusal| refusal.code());
            let expected = if *is_accepted { Ok(()) } else { Err(ErrorCode::UnsupportedMediaType) };
            assert_eq!(code, expected, "{types:?} {encodings:?}");
        }
    }
}
