//! The body reaches the handler as it came, wherever the token was.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;

use super::*;
use crate::controls::body::BodyLimits;

/// A body in pieces of so many bytes.
fn pieces(text: &str, size: usize) -> Body {
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(size)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    Body::from_stream(stream::iter(pieces))
}

async fn admitted(world: &World, content_type: &str, body: Body) -> Result<Bytes, Refusal> {
    let request = post().header("origin", OWN).header(header::CONTENT_TYPE, content_type).body(body).unwrap();
    let request = world.admit(world.session("live"), false, request).await.1?;
    Ok(request.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn bodies_come_through_whole() {
    let world = World::new();
    let token = world.token("session");
    let long = "x".repeat(10_000);
    let bodies = [
        (FORM, format!("csrf_token={token}")),
        (FORM, format!("a={long}&csrf_token={token}&b=%2f+%C3%A9")),
        ("application/X-WWW-form-urlencoded; charset=utf-8", format!("csrf%5ftoken={token}")),
        (MULTIPART, part(FIELD, &token) + &part("a", &long) + "--x--\r\n"),
        (MULTIPART, part(FIELD, &token) + "--x--\r\n"),
    ];
    for (content_type, body) in &bodies {
        for size in [1, 7, 4096, 1 << 20] {
            let came = admitted(&world, content_type, pieces(body, size)).await.unwrap();
            assert!(came == *body, "{content_type} in pieces of {size}");
        }
    }
}

#[tokio::test]
async fn a_stream_is_not_waited_for() {
    let world = World::new();
    // Nothing but the first part ever comes: were more of the body awaited, this would never end.
    let start = part(FIELD, &world.token("session")) + "--x\r\n";
    let endless =
        stream::iter([Ok::<_, std::io::Error>(Bytes::from(start.clone()))]).chain(stream::pending());
    let request = post().header("origin", OWN).header(header::CONTENT_TYPE, MULTIPART);
    let request = request.body(Body::from_stream(endless)).unwrap();
    let mut body = world.admit(world.session("live"), false, request).await.1.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), start);
}

#[tokio::test]
async fn a_first_part_is_small() {
    let world = World::new();
    let padding = format!("X-Padding: {}\r\n", "x".repeat(4096));
    let start = part(FIELD, &world.token("session")).replace("--x\r\n", &format!("--x\r\n{padding}"));
    let refusal = admitted(&world, MULTIPART, pieces(&start, 100)).await.unwrap_err();
    assert_eq!(check_of(&refusal), "token_missing");
}

#[tokio::test]
async fn the_truth_about_a_body_that_cannot_be_read() {
    let world = World::new();
    let limits = BodyLimits { bytes: 100, time: Duration::from_secs(20), bytes_per_second: 1_000 };
    for content_type in [FORM, MULTIPART] {
        let start = if content_type == FORM { "a=b" } else { "--x\r\n" };
        let text = format!("{start}{}", "x".repeat(200));
        let (large, _) = limits.wrap(pieces(&text, 10));
        let refusal = admitted(&world, content_type, large).await.unwrap_err();
        assert_eq!(refusal.code(), crate::ErrorCode::PayloadTooLarge, "{content_type}");
        let broken =
            stream::iter([Ok(Bytes::copy_from_slice(start.as_bytes())), Err(std::io::Error::other("gone"))]);
        let (broken, _) = limits.wrap(Body::from_stream(broken));
        let refusal = admitted(&world, content_type, broken).await.unwrap_err();
        assert_eq!(refusal.code(), crate::ErrorCode::BadRequest, "{content_type}");
    }
}

#[tokio::test]
async fn what_is_refused_for_its_source_is_not_read() {
    let world = World::new();
    let endless = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let request = post().header("origin", "https://evil.example").header(header::CONTENT_TYPE, FORM);
    let verdict = world.verdict(world.session("live"), false, request.body(endless).unwrap()).await;
    assert_eq!(verdict, "origin");
}

#[test]
fn an_application_does_not_see_the_token() {
    let rows = [
        ("", ""),
        ("a=1&b=%20+&a=2", "a=1&b=%20+&a=2"),
        ("csrf_token=x", ""),
        ("csrf_token=x&a=%C3%A9+b%26c&d", "a=%C3%A9+b%26c&d="),
        ("a=1&csrf%5Ftoken=x&csrf_token", "a=1"),
        ("csrf_tokens=x&token=y", "csrf_tokens=x&token=y"),
    ];
    for (fields, expected) in rows {
        assert_eq!(without_token(fields.as_bytes()), expected.as_bytes(), "{fields}");
    }
}
