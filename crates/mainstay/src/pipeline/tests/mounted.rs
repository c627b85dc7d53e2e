//! Routers that were not made with `Routes`, behind a guard all the same.

use axum::Router;
use axum::extract::OriginalUri;

use super::*;
use crate::Role;
use crate::controls::cors::MethodTable;
use crate::routes::{RouteMethod, RouteProblem, RouteTable};

/// A router of somebody else's: nested, with refusals of its own.
fn foreign() -> Router {
    use axum::routing::{get, post};
    let inner = Router::new().route("/deep", get(async |OriginalUri(uri): OriginalUri| uri.to_string()));
    Router::new()
        .route("/", get(async || "home"))
        .route("/see", get(async || "seen"))
        .route("/write", post(async |body: Bytes| body.len().to_string()))
        .route("/{name}/hello", get(async |axum::extract::Path(name): axum::extract::Path<String>| name))
        .nest("/inner", inner)
        .fallback(async || (StatusCode::NOT_FOUND, "nothing of ours"))
}

fn edge_of(routes: Routes) -> Edge {
    let settings = RequestSettings { body_bytes: 100, ..RequestSettings::default() };
    let defences = Defences::for_nobody(settings, Clock::system());
    let edge = Edge::new(defences, Clock::system(), Metrics::new().http().clone());
    edge.install(routes, ErrorCode::NotFound).unwrap();
    edge
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.as_ref().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn nobody_learns_what_is_in_it() {
    for (routes, prefix) in [
        (Routes::at("/api").mount("/their/", foreign()), "/api/their"),
        (Routes::new().nest("/api", Routes::at("/their").mount("", foreign())), "/api/their"),
        (Routes::new().mount("/", foreign()), ""),
    ] {
        let ours = Routes::new().get("/api/ours", async || Json(1)).public();
        let edge = edge_of(ours.merge(routes));
        for path in ["/", "/see", "/write", "/inner/deep", "/inner", "/nothing", "//", "/see/", "/%2e%2e/x"] {
            for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS, Method::TRACE] {
                let target = format!("{prefix}{path}");
                let answer = send(&edge, request(method.clone(), &target).body(Body::empty()).unwrap()).await;
                assert_eq!(answer.status, 401, "{method} {target}");
                assert!(!answer.headers.contains_key(header::ALLOW), "{method} {target}");
            }
        }
        assert_eq!(get(&edge, "/api/ours").await.status, 200);
    }
}

#[tokio::test]
async fn it_answers_as_it_always_did_behind_its_guard() {
    for prefix in ["/their", ""] {
        let routes = Routes::new().mount(prefix, foreign()).public();
        let edge = edge_of(routes.waive(Control::Csrf, "it has no pages"));
        for (path, expected) in [
            ("/see", "seen".to_owned()),
            ("/mary/hello", "mary".to_owned()),
            ("/", "home".to_owned()),
            ("/inner/deep?a=b", format!("{prefix}/inner/deep?a=b")),
        ] {
            let answer = get(&edge, &format!("{prefix}{path}")).await;
            assert_eq!((answer.status.as_u16(), text(&answer)), (200, expected), "{prefix}{path}");
            assert!(answer.headers.contains_key("content-security-policy"));
        }
        // Its own refusals are brought into shape like all others.
        let answer = get(&edge, &format!("{prefix}/nothing")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"));
        let answer = send_json(&edge, &format!("{prefix}/see"), "{}").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "method_not_allowed"));
        assert_eq!(answer.headers["allow"], "GET,HEAD");
        let answer = send_json(&edge, &format!("{prefix}/write"), "x".repeat(101)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "payload_too_large"));
        assert_eq!(text(&send_json(&edge, &format!("{prefix}/write"), "x".repeat(100)).await), "100");
        let elsewhere = Request::get(format!("{prefix}/see")).header(header::HOST, "b.org");
        let answer = send(&edge, elsewhere.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.code(), "host_not_allowed");
    }
}

#[tokio::test]
async fn what_is_registered_here_goes_first() {
    let ours = Routes::new().get("/their/see", async || Json("ours")).public();
    let edge = edge_of(ours.mount("/their", foreign()).public());
    assert_eq!(get(&edge, "/their/see").await.json(), "ours");
    assert_eq!(text(&get(&edge, "/their/mary/hello").await), "mary");
}

#[test]
fn in_the_table_it_is_one_row() {
    let routes = Routes::at("/a").mount("/b", foreign()).role(Role::Viewer).mount("", foreign());
    let table = RouteTable::of(routes, &RequestSettings::default()).unwrap();
    let rows: Vec<_> = table.rows().map(|row| format!("{row:?} {}", row.policy.auth.as_str())).collect();
    assert_eq!(rows, ["ANY /a/* operator", "ANY /a/b/* viewer"]);
    assert!(table.rows().all(|row| row.method == RouteMethod::Any && row.name == "foreign router"));
    // A preflight is told of all methods that there might be.
    let methods = MethodTable::new(&table);
    for path in ["/a", "/a/", "/a/b", "/a/b/c/d"] {
        let methods = methods.of(path).unwrap();
        assert!(methods.contains(b"DELETE") && !methods.contains(b"BREW"), "{path}");
    }
    assert!(methods.of("/b").is_none());
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let twice = Routes::new().mount("/a", foreign()).mount("/a/", foreign());
    let wild = Routes::new().mount("/a/{*rest}", foreign());
    let relative = Routes::new().mount("a", foreign());
    let crossing = Routes::new().mount("/a", foreign()).get("/a/{*rest}", async || Json(0));
    let old = Routes::new().get("/a/:id", async || Json(0));
    let old_wild = Routes::new().get("/a/*rest", async || Json(0));
    for routes in [twice, wild, relative, crossing, old, old_wild] {
        let problems = RouteTable::of(routes, &RequestSettings::default()).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(matches!(problems[0], RouteProblem::Duplicate { .. } | RouteProblem::Path { .. }));
    }
}

#[test]
fn what_is_said_after_a_merge_is_said_of_nobody() {
    let others = || Routes::new().get("/theirs", async || Json(0));
    for routes in [Routes::new().merge(others()).public(), Routes::new().nest("/x", others()).public()] {
        let problems = RouteTable::of(routes, &RequestSettings::default()).unwrap_err();
        assert_eq!(problems, [RouteProblem::NoRouteYet { prefix: "" }]);
    }
    // What was registered just before is still spoken of once it has its state.
    let routes: Routes = others().with_state(()).public();
    assert_eq!(RouteTable::of(routes, &RequestSettings::default()).unwrap().rows().len(), 1);
}
