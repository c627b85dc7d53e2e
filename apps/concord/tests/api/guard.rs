//! Who may call what: every route, by every method, without a token and with each role.

use bytes::Bytes;
use concord::service::Concord;
use http::Method;
use mainstay::routes::{Auth, Row};
use mainstay::{Control, Role};
use mainstay_testkit::{Answer, Client, TestService};

/// All that anybody may call.
const PUBLIC: [&str; 13] = [
    "GET /",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/logout",
    "GET /api/v1/auth/session",
    "GET /api/v1/health",
    "GET /assets/mainstay.css",
    "GET /docs",
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "GET /login",
    "POST /login",
    "GET /openapi.json",
];

/// The methods by which a row is reached.
fn methods(row: &Row) -> Vec<Method> {
    match row.method.one() {
        Some(&Method::GET) => vec![Method::GET, Method::HEAD],
        Some(method) => vec![method.clone()],
        None => vec![Method::GET, Method::POST],
    }
}

/// Calls a route by a path that leads to it, with a body that is none of those it takes. What would answer for as
/// long as the client stays, refuses to go on behind an event that is none.
async fn call(client: &Client, row: &Row, method: Method) -> Answer {
    let path = row.path.replace(['{', '}'], "");
    let request = client.request(method, &path).header("last-event-id", "none");
    client.send(request.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn what_anybody_may_call_is_written_down() {
    let service = TestService::start(Concord, &[]).await;
    // A build with drills adds their routes; it refuses to start where it would matter.
    let rows = service.started().routes.rows().filter(|row| !row.path.starts_with("/drill/"));
    let public: Vec<_> = rows.filter(|row| row.policy.auth == Auth::Public).collect();
    let names: Vec<_> = public.iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    assert_eq!(names, PUBLIC);
    for row in public.into_iter().filter(|row| row.method == Method::GET) {
        assert!(service.client().get(&row.path).await.status.is_success(), "{row:?}");
    }
    service.stop().await;
}

#[tokio::test]
async fn who_is_guarded_against_is_not_waived() {
    let service = TestService::start(Concord, &[]).await;
    for row in service.started().routes.rows().filter(|row| row.policy.auth != Auth::Public) {
        for control in [Control::Host, Control::Session, Control::Csrf, Control::Role, Control::Headers] {
            assert!(!row.policy.waives(control), "{row:?} waives {}", control.as_str());
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn nobody_calls_what_is_not_public() {
    let service = TestService::start(Concord, &[]).await;
    let client = service.client();
    for row in service.started().routes.rows().filter(|row| row.policy.auth != Auth::Public) {
        for method in methods(row) {
            let answer = call(&client, row, method.clone()).await;
            assert_eq!(answer.status.as_u16(), 401, "{method} {row:?}: {}", answer.text());
            assert!(method == Method::HEAD || answer.code() == "unauthenticated", "{row:?}");
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn a_role_calls_no_more_than_it_may() {
    let service = TestService::start(Concord, &[]).await;
    for role in Role::ALL {
        let client = service.client_as(role).await;
        for row in service.started().routes.rows() {
            let may = match row.policy.auth {
                Auth::Public | Auth::SignedIn => true,
                Auth::Role(demanded) => demanded <= role,
            };
            for method in methods(row) {
                let answer = call(&client, row, method.clone()).await;
                assert_ne!(answer.status.as_u16(), 401, "{role:?} {method} {row:?}");
                if may {
                    // A handler may have reasons of its own: what belongs to a person is not for tokens.
                    assert!(!answer.text().contains("This takes the role "), "{role:?} {method} {row:?}");
                } else {
                    assert_eq!(answer.status.as_u16(), 403, "{role:?} {method} {row:?}: {}", answer.text());
                }
            }
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn reading_is_for_viewers_and_writing_for_editors() {
    let service = TestService::start(Concord, &[]).await;
    for row in service.started().routes.rows().filter(|row| row.policy.auth != Auth::Public) {
        let is_own = row.path.starts_with("/api/v1/") && !row.path.starts_with("/api/v1/auth/");
        // A question is asked by POST, and changes nothing.
        let reads = row.method == Method::GET || row.path.starts_with("/api/v1/evaluate/");
        let role = if reads { Role::Viewer } else { Role::Editor };
        assert!(!is_own || row.policy.auth == Auth::Role(role), "{row:?}");
    }
    service.stop().await;
}

#[test]
fn the_routes_are_those_that_were_reviewed() {
    let reviewed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../routes.lock");
    let folder = tempfile::tempdir().unwrap();
    let checked = std::process::Command::new(env!("CARGO_BIN_EXE_concord"))
        .args(["routes", "--check", reviewed])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    let (data, talk) = (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    // A build with drills has their routes besides.
    let mut differences = data.lines().filter(|line| line.starts_with(['+', '-']));
    let only_drills = cfg!(feature = "drills") && differences.all(|line| line.contains(" /drill/"));
    assert!(checked.status.success() || only_drills, "{data}{talk}");
}
