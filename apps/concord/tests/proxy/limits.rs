//! Where the proxy says no, and where Concord does.

use bytes::Bytes;
use http::StatusCode;
use mainstay::Role;

use crate::browser::{get, request, send};
use crate::place::{instance, nginx};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_one_shape_by_either() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);
    let token = format!("Bearer {}", service.token(Role::Editor).await);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];

    // Above Concord's limit and below the proxy's, then above both.
    for (mebibytes, from_concord) in [(10, true), (12, false)] {
        let body = Bytes::from(vec![b' '; mebibytes * MIB + 1]);
        let answer = send(&nginx, request("POST", "/api/v1/schemas", &headers, body)).await.unwrap();
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{mebibytes} MiB");
        assert_eq!(answer.code(), "payload_too_large");
        assert_eq!(answer.all("content-security-policy").len() == 1, from_concord, "{mebibytes} MiB");
        assert_eq!(answer.all("x-request-id").len(), 1);
    }
    service.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_in_the_same_shape() {
    let service = instance().await;
    let nginx = nginx(&[service.started().address]);

    let long = "a".repeat(12 * 1024);
    let header = send(&nginx, get("/api/v1/catalogs", &[("x-long", &long)])).await.unwrap();
    let target = send(&nginx, get(&format!("/api/v1/catalogs?name={long}"), &[])).await.unwrap();

    let expected = (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large");
    assert_eq!((header.status, header.code().as_str()), expected);
    assert_eq!((target.status, target.code().as_str()), (StatusCode::URI_TOO_LONG, "uri_too_long"));
    service.stop().await;
}
