//! Routes as lines that are kept under review.

use std::fmt::Write as _;

use mainstay::degradation::Degradation;
use mainstay::routes::{Priority, RouteTable};
use mainstay_core::settings::Setting as _;

/// A line a route, with what its registration says and nothing that settings decide: a line changes when,
/// and only when, somebody changed the route.
pub(super) fn lock(table: &RouteTable) -> String {
    let mut text = String::new();
    for row in table.rows() {
        let policy = &row.policy;
        let (method, path, auth) = (&row.method, &row.path, policy.auth.as_str());
        let _ = write!(text, "{method} {path} auth={auth} limit={}:{}", policy.limit.name, policy.limit.rate);
        if let Some(bytes) = policy.body_bytes {
            let _ = write!(text, " body={bytes}");
        }
        if let Some(deadline) = policy.deadline {
            let _ = write!(text, " timeout={}", deadline.show());
        }
        if policy.priority != Priority::Default {
            let _ = write!(text, " priority={}", policy.priority.as_str());
        }
        if policy.slow {
            text.push_str(" slow");
        }
        if policy.degradation != Degradation::Fail {
            let _ = write!(text, " degraded={}", policy.degradation);
        }
        for waiver in &policy.waivers {
            let _ = write!(text, " waive={}", waiver.control.as_str());
            if let Some(until) = waiver.until {
                let _ = write!(text, ":{until}");
            }
        }
        text.push('\n');
    }
    text
}
