//! Uploads through the whole edge, and through the extractor alone.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::FromRequest;
use futures_util::StreamExt;
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt;
use mainstay_core::Clock;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Accepts, Kind, Rules, Shape, Upload, UploadError, UploadSettings};
use crate::accept::Peer;
use crate::pipeline::{Defences, Edge, RequestSettings};
use crate::telemetry::metrics::Metrics;
use crate::{ErrorCode, Json, Refusal, Routes};

struct Tables;

impl Accepts for Tables {
    const RULES: Rules =
        Rules::of(&[Kind::Json, Kind::Yaml, Kind::Csv]).files(3).file_bytes(1000).fields(&["title"]);
}

const LIMIT: u64 = 20_000;

fn edge() -> Edge {
    let routes = Routes::at("/api")
        .post("/tables", async |upload: Upload<Tables>| {
            let file = |file: &super::UploadedFile| {
                let name = file.name().map(super::FileName::as_str);
                json!([file.field(), name, file.kind().to_string(), file.text()])
            };
            let files: Vec<_> = upload.files().iter().map(file).collect();
            Json(json!({"files": files, "title": upload.field("title")}))
        })
        .public()
        .waive(crate::Control::Csrf, "no page of ours calls it")
        .post("/small", async |_: Upload<Tables>| Json(0))
        .body_bytes(10)
        .public()
        .waive(crate::Control::Csrf, "no page of ours calls it")
        .post("/plain", async |Json(value): Json<Value>| Json(value))
        .public()
        .waive(crate::Control::Csrf, "no page of ours calls it");
    let settings = RequestSettings {
        body_bytes: 100,
        upload: UploadSettings { bytes: LIMIT },
        ..RequestSettings::default()
    };
    let edge = Edge::new(
        Defences::for_nobody(settings, Clock::system()),
        Clock::system(),
        Metrics::new().http().clone(),
    );
    edge.install(routes, ErrorCode::NotFound).unwrap();
    edge
}

const BOUNDARY: &str = "----x";

/// A part: the rest of its disposition behind `form-data;`, further lines, its content.
type Part<'a> = (&'a str, &'a str, &'a [u8]);

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, lines, content) in parts {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n{lines}\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send(edge: &Edge, path: &str, content_type: &str, body: impl Into<Body>) -> (u16, Value) {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, content_type)
        .body(body.into())
        .unwrap();
    let address = "192.0.2.1:4711".parse().unwrap();
    let answer = edge.answer(request, Peer { address, local: address }).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn send_form(edge: &Edge, parts: &[Part<'_>]) -> (u16, Value) {
    send(edge, "/api/tables", &format!("multipart/form-data; boundary={BOUNDARY}"), form(parts)).await
}

#[tokio::test]
async fn files_are_taken() {
    let edge = edge();
    let parts: &[Part<'_>] = &[
        ("name=csrf_token", "", b"anything"),
        ("name=\"file\"; filename=\"a.json\"", "Content-Type: application/json\r\n", b"\xef\xbb\xbf{}"),
        ("name=\"title\"", "", "Möbel".as_bytes()),
        ("name=\"unused\"; filename=\"\"", "Content-Type: application/octet-stream\r\n", b""),
    ];
    let (status, answer) = send_form(&edge, parts).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer, json!({"files": [["file", "a.json", "JSON", "{}"]], "title": "Möbel"}));

    let several: &[Part<'_>] = &[
        ("name=f; filename=\"b.yml\"", "Content-Type: text/yaml; charset=UTF-8\r\n", b"a: 1"),
        ("name=f; filename*=UTF-8''%C3%BC.csv", "", b"a,b\r\n"),
        ("name=g; filename=blob", "Content-Type: application/json\r\n", b"[]"),
    ];
    let (_, answer) = send_form(&edge, several).await;
    let files = json!([
        ["f", "b.yml", "YAML", "a: 1"],
        ["f", "ü.csv", "CSV", "a,b\r\n"],
        ["g", "blob", "JSON", "[]"]
    ]);
    assert_eq!(answer["files"], files);
}

#[tokio::test]
async fn a_body_may_be_a_file_itself() {
    let edge = edge();
    for (content_type, kind) in [
        ("application/json", "JSON"),
        ("application/json; charset=utf-8", "JSON"),
        ("application/merge-patch+json", "JSON"),
        ("application/yaml", "YAML"),
        ("Text/CSV", "CSV"),
    ] {
        let (status, answer) = send(&edge, "/api/tables", content_type, "[1]").await;
        assert_eq!((status, &answer["files"][0]), (200, &json!(["", null, kind, "[1]"])), "{content_type}");
    }
    for content_type in ["text/plain", "text/html", "application/zip", "", "application/json; charset=latin1"]
    {
        let (status, answer) = send(&edge, "/api/tables", content_type, "[1]").await;
        assert_eq!(status, 415, "{content_type}: {answer}");
    }
    let (_, answer) = send(&edge, "/api/tables", "image/png", "[1]").await;
    let wanted = "Send the body as application/json, application/yaml, text/csv, multipart/form-data.";
    assert_eq!(answer["error"]["message"], wanted);
    for (content_type, body) in [
        ("application/json", ""),
        ("application/json", "x"),
        ("application/yaml", "\0"),
        ("text/csv", "<html>"),
    ] {
        let (status, answer) = send(&edge, "/api/tables", content_type, body).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (422, &json!("malformed_body")),
            "{content_type} {body}"
        );
    }
}

#[tokio::test]
async fn the_limit_is_that_of_uploads() {
    let edge = edge();
    let long = |bytes: usize| Body::from(format!("[{}]", " ".repeat(bytes - 2)));
    let limit = usize::try_from(LIMIT).unwrap();
    assert_eq!(send(&edge, "/api/tables", "application/json", long(limit)).await.0, 200);
    let (status, answer) = send(&edge, "/api/tables", "application/json", long(limit + 1)).await;
    assert_eq!((status, &answer["error"]["code"]), (413, &json!("payload_too_large")));
    assert_eq!(
        send(&edge, "/api/plain", "application/json", long(101)).await.0,
        413,
        "the others have their own"
    );
    assert_eq!(
        send(&edge, "/api/small", "application/json", long(11)).await.0,
        413,
        "a route's own word counts"
    );

    // Nobody can wait for the end of this one.
    let endless = futures_util::stream::repeat(Ok::<_, std::convert::Infallible>("x".repeat(100)));
    let head = "--x\r\nContent-Disposition: form-data; name=title\r\n\r\n".to_owned();
    let body = Body::from_stream(futures_util::stream::iter([Ok(head)]).chain(endless));
    let (status, answer) = send(&edge, "/api/tables", "multipart/form-data; boundary=x", body).await;
    assert_eq!((status, &answer["error"]["details"][0]["field"]), (413, &json!("title")));
}

#[tokio::test]
async fn what_is_declared_too_large_is_not_read() {
    let edge = edge();
    let unread =
        futures_util::stream::poll_fn(|_| -> std::task::Poll<Option<Result<String, std::io::Error>>> {
            panic!("planted: the body is read")
        });
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/tables")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::CONTENT_LENGTH, LIMIT + 1)
        .body(Body::from_stream(unread))
        .unwrap();
    let address = "192.0.2.1:4711".parse().unwrap();
    let answer = edge.answer(request, Peer { address, local: address }).await;
    assert_eq!(answer.status(), 413);
}

#[tokio::test]
async fn refusals_tell_what_and_where() {
    let edge = edge();
    let json = "Content-Type: application/json\r\n";
    let large = [b'1'; 1001];
    let rows: &[(&[Part<'_>], u16, &str, &str)] = &[
        (&[], 422, "file", "There is no file."),
        (&[("name=title", "", b"x")], 422, "file", "There is no file."),
        (&[("name=f; filename=\"\"", "", b"")], 422, "file", "There is no file."),
        (&[("name=other", "", b"x")], 422, "other", "There is no field 'other'."),
        (
            &[("name=title", "", b"x"), ("name=title", "", b"x")],
            422,
            "title",
            "The field 'title' is there twice.",
        ),
        (&[("name=title", "", b"a\0b")], 422, "title", "The field 'title' is not plain text."),
        (&[("name=title", "", b"\xff")], 422, "title", "The field 'title' is not plain text."),
        (
            &[("name=f; filename=\"\"", "", b"x")],
            422,
            "f",
            "The file in 'f' cannot be taken: its name is empty.",
        ),
        (
            &[("name=f; filename=\"../../a.json\"", json, b"{}")],
            422,
            "f",
            "The file in 'f' cannot be taken: its name holds a folder or a drive.",
        ),
        (
            &[("name=f; filename*=UTF-8''a%00.json", json, b"{}")],
            422,
            "f",
            "The file in 'f' cannot be taken: its name holds a control character.",
        ),
        (
            &[("name=f; filename=\"CON.json\"", json, b"{}")],
            422,
            "f",
            "The file in 'f' cannot be taken: its name is that of a device.",
        ),
        (
            &[("name=f; filename=a.json", json, b"")],
            422,
            "f",
            "The file in 'f' cannot be taken: it is empty.",
        ),
        (
            &[("name=f; filename=a.exe", "", b"MZ")],
            415,
            "f",
            "The file in 'f' cannot be taken: its name is not accepted; accepted are JSON (.json), YAML (.yaml, .yml), \
             CSV (.csv).",
        ),
        (
            &[("name=f; filename=a.yaml", json, b"{}")],
            415,
            "f",
            "The file in 'f' cannot be taken: its name says YAML, its type says JSON.",
        ),
        (
            &[("name=f; filename=a.json", "Content-Type: text/json; charset=utf-16\r\n", b"{}")],
            415,
            "f",
            "The file in 'f' cannot be taken: its character set is not UTF-8.",
        ),
        (
            &[("name=f; filename=a.json", json, b"PK\x03\x04\0")],
            415,
            "f",
            "The file in 'f' cannot be taken: it looks like an archive or a compressed file.",
        ),
        (
            &[("name=f; filename=a.json", json, b"<svg/>")],
            415,
            "f",
            "The file in 'f' cannot be taken: it looks like markup such as HTML, SVG or XML.",
        ),
        (
            &[("name=f; filename=a.csv", "", b"a,\0")],
            415,
            "f",
            "The file in 'f' cannot be taken: it is not UTF-8 text: the byte at 2 is 0x00.",
        ),
        (&[("name=f; filename=a.json", json, &large)], 413, "f", "The part 'f' is larger than 1000 bytes."),
        (
            &[("name=\"a b\"", "", b"x")],
            422,
            "",
            "The name of a field is not 1 to 64 letters, digits, or of _ - . [ ].",
        ),
    ];
    for (parts, status, field, message) in rows {
        let (found, answer) = send_form(&edge, parts).await;
        assert_eq!(found, *status, "{message}: {answer}");
        assert_eq!(answer["error"]["message"], *message);
        assert_eq!(answer["error"]["details"][0]["field"], *field, "{message}");
    }
}

#[tokio::test]
async fn ten_thousand_parts_are_refused_at_the_first_one_too_many() {
    let edge = edge();
    let mut body = String::new();
    for number in 0..10_000 {
        write!(body, "--x\r\nContent-Disposition: form-data; name=f; filename={number}.json\r\n\r\n[]\r\n")
            .unwrap();
    }
    let frames: Vec<_> = body.into_bytes().chunks(1000).map(<[u8]>::to_vec).collect();
    let read = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&read);
    let frames = futures_util::stream::iter(frames).map(move |frame| {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::convert::Infallible>(frame)
    });
    let body = Body::from_stream(frames);
    let (status, answer) = send(&edge, "/api/tables", "multipart/form-data; boundary=x", body).await;
    assert_eq!((status, &answer["error"]["message"]), (413, &json!("There are more than 3 parts.")));
    assert_eq!(read.load(std::sync::atomic::Ordering::Relaxed), 1, "frames that were read");
}

#[tokio::test]
async fn broken_forms_are_told_apart() {
    let edge = edge();
    let rows = [
        ("multipart/form-data", "--x--", 400),
        ("multipart/form-data; boundary=", "--x--", 400),
        ("multipart/form-data; boundary=x; boundary=y", "--x--", 400),
        ("multipart/form-data; boundary=\"x y \"", "--x--", 400),
        ("multipart/form-data; boundary=\"x\u{e9}\"", "--x--", 400),
        ("multipart/form-data; boundary=x", "", 422),
        ("multipart/form-data; boundary=x", "--x\r\n", 422),
        ("multipart/form-data; boundary=x", "--y--", 422),
        ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=f\r\n\r\nx", 422),
        ("multipart/mixed; boundary=x", "--x--", 415),
    ];
    for (content_type, body, status) in rows {
        let (found, answer) = send(&edge, "/api/tables", content_type, body).await;
        assert_eq!(found, status, "{content_type} {body:?}: {answer}");
    }
    let (_, answer) = send(&edge, "/api/tables", "multipart/form-data; boundary=x", "--y--").await;
    assert_eq!(answer["error"]["code"], "malformed_body");
}

#[test]
fn heads_of_requests() {
    let shape = |lines: &[(&str, &str)]| {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        Shape::of(&headers, &Tables::RULES)
    };
    let form = |boundary: &str| Ok(Shape::Form { boundary: boundary.to_owned() });
    let of_type = |content_type: &str| shape(&[("content-type", content_type)]);
    assert_eq!(of_type("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), form("a b"));
    let longest = "x".repeat(70);
    assert_eq!(of_type(&format!("multipart/form-data; boundary={longest}")), form(&longest));
    assert_eq!(of_type(&format!("multipart/form-data; boundary={longest}x")), Err(UploadError::Boundary));
    assert_eq!(of_type("application/json"), Ok(Shape::File(Kind::Json)));
    assert!(matches!(shape(&[]), Err(UploadError::NotAnUpload { .. })));
    let doubled = shape(&[("content-type", "application/json"), ("content-type", "text/csv")]);
    assert_eq!(doubled, Err(UploadError::Boundary));
    let zipped = shape(&[("content-type", "application/json"), ("content-encoding", "gzip")]);
    assert_eq!(zipped, Err(UploadError::Encoded));
    let plain = shape(&[("content-type", "text/csv"), ("content-encoding", "Identity")]);
    assert_eq!(plain, Ok(Shape::File(Kind::Csv)));
}

#[test]
fn the_reference_tells_what_to_send() {
    let mut operation = crate::routes::Operation::default();
    let mut schemas = schemars::SchemaGenerator::default();
    <Upload<Tables> as crate::routes::DescribeRequest>::describe(&mut operation, &mut schemas);
    let types: Vec<_> = operation.bodies.iter().map(|(content_type, _)| *content_type).collect();
    assert_eq!(types, ["application/json", "application/yaml", "text/csv", "multipart/form-data"]);
    let (_, schema) = operation.bodies.pop().unwrap();
    assert_eq!(
        schema.to_value(),
        json!({
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "file": {
                    "type": "array",
                    "items": {"type": "string", "format": "binary"},
                    "minItems": 1,
                    "maxItems": 3,
                },
            },
            "required": ["file"],
        })
    );
}

/// The extractor alone, fed with `body` in frames of `size` bytes.
fn extract(body: &[u8], size: usize) -> Result<Upload<Tables>, Refusal> {
    let frames: Vec<_> = body.chunks(size).map(|frame| Ok::<_, std::io::Error>(frame.to_vec())).collect();
    let request = Request::builder()
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from_stream(futures_util::stream::iter(frames)))
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(Upload::from_request(request, &()))
}

/// Bodies that are nearly forms.
fn nearly_a_form() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(b"------x\r\n".to_vec()),
        2 => Just(b"\r\n------x\r\n".to_vec()),
        1 => Just(b"\r\n------x--\r\n".to_vec()),
        4 => Just(b"Content-Disposition: form-data; name=f; filename=a.json\r\n".to_vec()),
        2 => Just(b"Content-Disposition: form-data; name=title\r\n".to_vec()),
        2 => Just(b"Content-Type: application/json\r\n".to_vec()),
        4 => Just(b"\r\n".to_vec()),
        2 => Just(b"{}".to_vec()),
        1 => Just(b"PK\x03\x04\0".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_body_makes_it_panic_or_fail_on_our_side(body in nearly_a_form(), size in 1_usize..40) {
        match extract(&body, size) {
            Ok(upload) => {
                prop_assert!((1..=3).contains(&upload.files().len()));
                prop_assert!(upload.files().iter().all(|file| !file.text().contains('\0')));
            }
            Err(refusal) => prop_assert!(refusal.code().status().is_client_error(), "{}", refusal),
        }
    }

    #[test]
    fn frames_make_no_difference(body in nearly_a_form(), size in 1_usize..40) {
        let whole = extract(&body, usize::MAX).map(Upload::into_files).map_err(|refusal| refusal.to_string());
        let framed = extract(&body, size).map(Upload::into_files).map_err(|refusal| refusal.to_string());
        prop_assert_eq!(framed, whole);
    }

    #[test]
    fn what_pages_send_arrives(text in "[^\u{0}-\u{1f}\u{7f}<>%#]{1,200}", title in "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{0,40}") {
        let text = format!("a,{text}");
        prop_assume!(!text.contains("------x") && !title.contains("------x"));
        let body = form(&[
            ("name=title", "", title.as_bytes()),
            ("name=file; filename=\"a.csv\"", "Content-Type: text/csv\r\n", text.as_bytes()),
        ]);
        let upload = extract(&body, 7).unwrap();
        prop_assert_eq!(upload.files()[0].text(), text);
        prop_assert_eq!(upload.field("title"), Some(title.as_str()));
    }
}
