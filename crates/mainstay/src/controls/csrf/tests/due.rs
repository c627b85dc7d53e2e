//! The first table of the module: who needs which token.

use super::*;

#[test]
fn decision_table() {
    let world = World::new();
    let rows = [
        // session, bearer, public, due for a change
        ("live", false, false, Due::OfSession),
        ("live", false, true, Due::OfSession),
        ("live", true, false, Due::OfSession),
        ("live", true, true, Due::OfSession),
        ("dead", true, false, Due::OfVisit),
        ("dead", true, true, Due::OfVisit),
        ("dead", false, true, Due::OfVisit),
        ("dead", false, false, Due::Nothing),
        ("none", true, false, Due::Nothing),
        ("none", true, true, Due::Nothing),
        ("none", false, true, Due::OfVisit),
        ("none", false, false, Due::Nothing),
    ];
    for (session, has_bearer, is_public, expected) in rows {
        let session = world.session(session);
        for method in ["POST", "PUT", "PATCH", "DELETE", "BREW", "get"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(due(&method, &session, has_bearer, is_public), expected, "{method} {session:?}");
        }
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
            assert_eq!(due(&method, &session, has_bearer, is_public), Due::Nothing, "{method}");
        }
    }
}

#[test]
fn only_an_api_token_is_no_browsers_own() {
    let rows: &[(&[&str], bool)] = &[
        (&[], false),
        (&["Bearer mst_x"], true),
        (&["bearer mst_x"], true),
        (&["Basic eDp5"], false),
        (&["Negotiate x"], false),
        (&["Bearerx y"], false),
        (&[""], false),
    ];
    for (lines, expected) in rows {
        let mut headers = HeaderMap::new();
        for line in *lines {
            headers.append(header::AUTHORIZATION, line.parse().unwrap());
        }
        assert_eq!(has_bearer(&headers), *expected, "{lines:?}");
    }
}
