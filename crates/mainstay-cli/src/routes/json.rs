//! Routes as JSON.

use mainstay::Control;
use mainstay::routes::{RouteTable, Row};
use serde_json::{Map, Value, json};

use super::State;

/// An object a route.
pub(super) fn json(table: &RouteTable) -> Value {
    table.rows().map(route).collect()
}

fn route(row: &Row) -> Value {
    let state = |control| json!(word(State::of(control, row)));
    let controls = Control::ALL.iter().map(|control| (control.as_str().to_owned(), state(*control)));
    let policy = &row.policy;
    json!({
        "method": row.method.as_str(),
        "path": row.path,
        "name": row.name,
        "summary": row.summary,
        "tag": Some(row.tag).filter(|tag| !tag.is_empty()),
        "auth": policy.auth.as_str(),
        "csrf": state(Control::Csrf),
        "cors": state(Control::Cors),
        "limits": { "class": policy.limit.name, "rate": policy.limit.rate.to_string() },
        "body": { "bytes": row.body.bytes, "timeout_ms": millis(row.body.time) },
        "timeout_ms": millis(row.deadline),
        "cache": policy.cache,
        "priority": policy.priority,
        "slow": policy.slow,
        "degradation": policy.degradation.to_string(),
        "controls": controls.collect::<Map<_, _>>(),
        "waivers": policy.waivers,
        "errors": row.errors.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
    })
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn word(state: State) -> &'static str {
    match state {
        State::NotBuilt => "not_built",
        state => state.as_str(),
    }
}
